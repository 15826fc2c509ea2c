/**
 * Login credentials of images and desktops. Seed (image-management 3): an image presets a system user and password; a desktop holds a
 * *copied* value, taken from its image, and may hold its *own*, which wins; with AD login both are ignored. Nothing here sees a
 * password: whether there is one, and whether it is empty on purpose, is all that the rules need.
 */
import { say, type Message } from '../model/message.ts';
import type { PasswordState } from '../model/business-attributes.ts';

export interface CredentialFacts {
  /** Null or empty = nobody has said it. */
  user: string | null;
  /** `empty` is a deliberate choice and logs in; `unset` is not. */
  password: PasswordState;
}

export interface CopiedCredentials extends CredentialFacts {
  imageName: string;
  copiedAt: number;
}

/** What happened to a desktop or to its image. */
export type CredentialEvent = 'desktop-created' | 'desktop-synchronized' | 'image-changed' | 'credentials-updated' | 'desktop-recreated';

/**
 * Whether the image's credentials are copied to the desktop now.
 * @param holdsCopy a later synchronization finds a desktop that has its copy, and leaves it
 */
export function copiesFromImage(event: CredentialEvent, holdsCopy: boolean): boolean {
  switch (event) {
    case 'desktop-created': case 'credentials-updated': case 'desktop-recreated':
      return true;
    case 'desktop-synchronized':
      return !holdsCopy;
    case 'image-changed':
      return false;
  }
}

export interface EffectiveLogin {
  from: 'own' | 'copied' | 'image' | 'ad' | 'none';
  user: string | null;
  /** The client logs in without asking. */
  isSilent: boolean;
  /** In words, most important first. */
  explanation: Message[];
}

export interface DesktopLoginFacts {
  /** The desktop is configured for AD account login. */
  usesAd: boolean;
  own: CredentialFacts | null;
  copied: CopiedCredentials | null;
  /** When the image's credentials were last changed; null when they never were. */
  imageChangedAt: number | null;
}

const hasUser = ({ user }: CredentialFacts): boolean => user !== null && user !== '';
const isHeld = (facts: CredentialFacts | null): facts is CredentialFacts => facts !== null && (hasUser(facts) || facts.password !== 'unset');
const isUsable = ({ password }: CredentialFacts): boolean => password === 'set' || password === 'empty' || password === 'hidden';

/** What a client will log in to this desktop with. User and password are taken from one place: a pair is never mixed. */
export function effectiveLoginOfDesktop({ usesAd, own, copied, imageChangedAt }: DesktopLoginFacts): EffectiveLogin {
  if (usesAd) {
    const ignored = isHeld(own) || isHeld(copied);
    return { from: 'ad', user: null, isSilent: false, explanation: [say('LOGIN_AD'), ...(ignored ? [say('LOGIN_AD_IGNORES')] : [])] };
  }
  if (isHeld(own)) return login('own', own, say('LOGIN_FROM_OWN', { user: shown(own) }), isHeld(copied) ? [say('LOGIN_OWN_WINS', { image: copied.imageName })] : []);
  if (isHeld(copied)) {
    const isOlder = imageChangedAt !== null && imageChangedAt > copied.copiedAt;
    return login('copied', copied, say('LOGIN_FROM_COPY', { user: shown(copied), image: copied.imageName, copiedAt: copied.copiedAt }), isOlder ? [say('LOGIN_COPY_OLDER')] : []);
  }
  return { from: 'none', user: null, isSilent: false, explanation: [say('LOGIN_NONE')] };
}

/** What desktops made from this image from now on will be logged in to with. */
export function effectiveLoginOfImage(preset: CredentialFacts): EffectiveLogin {
  if (!isHeld(preset)) return { from: 'none', user: null, isSilent: false, explanation: [say('LOGIN_IMAGE_NONE')] };
  return login('image', preset, say('LOGIN_FROM_IMAGE', { user: shown(preset) }), [say('LOGIN_IMAGE_COPIED_ONCE'), say('LOGIN_IMAGE_AD')]);
}

const shown = ({ user }: CredentialFacts): string => (user === null || user === '' ? '—' : user);

function login(from: 'own' | 'copied' | 'image', facts: CredentialFacts, first: Message, more: Message[]): EffectiveLogin {
  const { user, password } = facts;
  if (!hasUser(facts)) return { from, user: null, isSilent: false, explanation: [say('LOGIN_USER_MISSING'), ...more] };
  const isSilent = isUsable(facts);
  const about: Record<PasswordState, Message[]> = {
    set: [], empty: [say('LOGIN_PASSWORD_EMPTY')], unset: [say('LOGIN_PASSWORD_UNSET')], hidden: [say('LOGIN_PASSWORD_HIDDEN')], lost: [say('LOGIN_PASSWORD_LOST')],
  };
  return { from, user, isSilent, explanation: [...(isSilent ? [first] : []), ...about[password], ...more] };
}
