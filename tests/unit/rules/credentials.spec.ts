/** Seed: image-management.txt 3, sentence by sentence. */
import { describe, expect, it } from 'vitest';
import { locales } from '../../../src/shared/messages/catalogue.ts';
import { formatMessage } from '../../../src/shared/messages/format.ts';
import {
  copiesFromImage, effectiveLoginOfDesktop, effectiveLoginOfImage, type CredentialEvent, type CredentialFacts, type DesktopLoginFacts,
} from '../../../src/shared/rules/credentials.ts';

const copied = { user: 'vdi', password: 'set', imageName: 'win11', copiedAt: 1000 } as const;
const own = { user: 'anna', password: 'set' } as const;
const desktop: DesktopLoginFacts = { usesAd: false, own: null, copied: null, imageChangedAt: 500 };
const codes = (login: { explanation: { code: string }[] }): string[] => login.explanation.map(({ code }) => code);

describe('when credentials are copied', () => {
  it.each<[string, CredentialEvent, boolean, boolean]>([
    ['“When a cloud desktop is created …, the system copies the OS username and password from the image”', 'desktop-created', false, true],
    ['“… or synchronized from the underlying platform, the system copies”', 'desktop-synchronized', false, true],
    ['a later synchronization does not: “existing desktops will not automatically synchronize updates”', 'desktop-synchronized', true, false],
    ['“If the image password is changed after the desktop is created, existing desktops will not automatically synchronize updates”', 'image-changed', true, false],
    ['“… by deleting and recreating the desktop”', 'desktop-recreated', true, true],
    ['“… or by clicking the "Update Credentials" button in the desktop operations”', 'credentials-updated', true, true],
  ])('%s', (_sentence, event, holdsCopy, copies) => {
    expect(copiesFromImage(event, holdsCopy)).toBe(copies);
  });
});

describe('the effective login of a desktop', () => {
  const silent = '“the client will automatically extract the OS account/password from the desktop object during connection for silent login”';
  const order = '“Cloud Desktop Object Custom Credentials > Image Preset Credentials”';
  const ad = '“If the cloud desktop is configured for AD account login, the OS login credentials saved on the desktop object will be ignored”';

  it.each<[string, Partial<DesktopLoginFacts>, string, boolean, string[]]>([
    [silent, { copied }, 'copied vdi', true, ['LOGIN_FROM_COPY']],
    [order, { own, copied }, 'own anna', true, ['LOGIN_FROM_OWN', 'LOGIN_OWN_WINS']],
    [order, { own }, 'own anna', true, ['LOGIN_FROM_OWN']],
    [ad, { usesAd: true, own, copied }, 'ad null', false, ['LOGIN_AD', 'LOGIN_AD_IGNORES']],
    ['AD without anything to ignore', { usesAd: true }, 'ad null', false, ['LOGIN_AD']],
    ['nothing is held', {}, 'none null', false, ['LOGIN_NONE']],
    ['the image changed after the copy', { copied, imageChangedAt: 2000 }, 'copied vdi', true, ['LOGIN_FROM_COPY', 'LOGIN_COPY_OLDER']],
    ['the image changed before the copy', { copied, imageChangedAt: 999 }, 'copied vdi', true, ['LOGIN_FROM_COPY']],
    ['a pair is never mixed: an own user without a password does not take the copied one', { own: { user: 'anna', password: 'unset' }, copied }, 'own anna', false, ['LOGIN_PASSWORD_UNSET', 'LOGIN_OWN_WINS']],
    ['an empty password is a deliberate choice', { own: { user: 'kiosk', password: 'empty' } }, 'own kiosk', true, ['LOGIN_FROM_OWN', 'LOGIN_PASSWORD_EMPTY']],
    ['a password without a user', { own: { user: '', password: 'set' } }, 'own null', false, ['LOGIN_USER_MISSING']],
    ['own credentials of nothing are none', { own: { user: '', password: 'unset' }, copied }, 'copied vdi', true, ['LOGIN_FROM_COPY']],
    ['the vault is closed', { own: { user: 'anna', password: 'hidden' } }, 'own anna', true, ['LOGIN_FROM_OWN', 'LOGIN_PASSWORD_HIDDEN']],
    ['kept in memory only, and gone', { own: { user: 'anna', password: 'lost' } }, 'own anna', false, ['LOGIN_PASSWORD_LOST']],
  ])('%s', (_sentence, change, expected, isSilent, explanation) => {
    const login = effectiveLoginOfDesktop({ ...desktop, ...change });
    expect(`${login.from} ${login.user}`).toBe(expected);
    expect(login.isSilent).toBe(isSilent);
    expect(codes(login)).toEqual(explanation);
  });

  it.each(locales)('is explained in words (%s), with nothing left to fill in', (locale) => {
    const login = effectiveLoginOfDesktop({ ...desktop, own, copied });
    const words = login.explanation.map((message) => formatMessage(message, locale));
    expect(words.join(' ')).toContain('anna');
    expect(words.join(' ')).not.toMatch(/[{}]/);
  });
});

describe('the effective login of an image', () => {
  it.each<[string, CredentialFacts, boolean, string[]]>([
    ['set: it is what desktops get from now on', { user: 'vdi', password: 'set' }, true, ['LOGIN_FROM_IMAGE', 'LOGIN_IMAGE_COPIED_ONCE', 'LOGIN_IMAGE_AD']],
    ['set to an empty password', { user: 'vdi', password: 'empty' }, true, ['LOGIN_FROM_IMAGE', 'LOGIN_PASSWORD_EMPTY', 'LOGIN_IMAGE_COPIED_ONCE', 'LOGIN_IMAGE_AD']],
    ['not set', { user: null, password: 'unset' }, false, ['LOGIN_IMAGE_NONE']],
    ['half set', { user: 'vdi', password: 'unset' }, false, ['LOGIN_PASSWORD_UNSET', 'LOGIN_IMAGE_COPIED_ONCE', 'LOGIN_IMAGE_AD']],
  ])('%s', (_case, preset, isSilent, explanation) => {
    const login = effectiveLoginOfImage(preset);
    expect(login.isSilent).toBe(isSilent);
    expect(codes(login)).toEqual(explanation);
  });
});
