/**
 * What people say about images: kept in the state (the password in the vault), projected onto the cached row, and judged again at once,
 * that row alone. Owns what may be said where; does not write to platforms: what they have a place for is handed back.
 */
import { findDistro, distroProblem, normalizeDistro } from '../../shared/rules/os-distro.ts';
import { editsImage } from '../../shared/rules/tenant-scope.ts';
import type { AttributeChange, EditedOn } from '../../shared/contract/images.ts';
import { AppError } from '../../shared/model/app-error.ts';
import type { BusinessAttributes, ConsoleScope, PasswordState } from '../../shared/model/business-attributes.ts';
import { available, unavailable, type Availability } from '../../shared/model/capability.ts';
import type { PlatformAttributes } from '../../shared/model/image.ts';
import type { PlatformId } from '../../shared/model/ids.ts';
import { say, type Message } from '../../shared/model/message.ts';
import type { Clock } from '../clock.ts';
import type { PlatformConnectors } from '../platforms/platform-connectors.ts';
import { imageIdOf } from '../platforms/resource-id.ts';
import type { Vault } from '../secrets/vault.ts';
import type { BusinessAttributeRepository } from '../store/repositories/business-attribute.repo.ts';
import type { StoredImage } from '../store/repositories/image.repo.ts';

export interface ImageAttributesDeps {
  attributes: BusinessAttributeRepository;
  vault: Pick<Vault, 'put' | 'get' | 'has' | 'clear' | 'state'>;
  connectors: Pick<PlatformConnectors, 'roleOf'>;
  clock: Clock;
}

/** Where the caller stands. */
export interface EditPlace {
  scope: ConsoleScope;
  editedOn: EditedOn;
}

export interface Changed {
  warning: Message | null;
  writeThrough: PlatformAttributes | null;
}

const passwordName = 'password';
const subjectOf = ({ platformId, record }: StoredImage) => ({ platformId, kind: 'image', externalId: record.externalId }) as const;
const ownerOf = ({ id }: { id: string }) => ({ kind: 'image', id });

export class ImageAttributes {
  readonly #deps: ImageAttributesDeps;

  constructor(deps: ImageAttributesDeps) {
    this.#deps = deps;
  }

  /** Whether this console may edit the image, and where it is done when not. */
  editing(image: StoredImage, scope: ConsoleScope): Availability {
    if (editsImage(scope, { platformId: image.platformId, assignment: image.business.assignment })) return available;
    return unavailable(say(scope.kind === 'system' ? 'IMAGE_EDIT_IN_TENANT' : 'IMAGE_EDIT_IN_SYSTEM'));
  }

  /** @throws the sentence why not, as `IMAGE_…` */
  async change(image: StoredImage, change: AttributeChange, place: EditPlace): Promise<Changed> {
    const before = await this.#deps.attributes.find(subjectOf(image));
    this.#demandPage(place);
    // Whose an image is and whether it is locked is the system console's word, also over a tenant's image.
    const isAboutOwner = change.assignment !== undefined;
    const isOnlySystems = place.scope.kind === 'system' && change.osType === undefined && change.osDistro === undefined;
    if (isAboutOwner && place.scope.kind === 'tenant') throw new AppError('IMAGE_EDIT_IN_SYSTEM');
    if (!isOnlySystems) this.#demandEditing(image, place.scope);
    if (before.isGolden && change.isGolden !== false) throw new AppError('IMAGE_GOLDEN', { name: image.record.name });
    const after: BusinessAttributes = {
      ...before,
      ...(change.osType === undefined ? {} : { osType: change.osType }),
      ...(change.osDistro === undefined ? {} : { osDistro: change.osDistro === null ? null : normalizeDistro(change.osDistro) }),
      ...(change.assignment === undefined ? {} : { assignment: change.assignment }),
      ...(change.isGolden === undefined ? {} : { isGolden: change.isGolden }),
    };
    await this.#deps.attributes.set(subjectOf(image), after, image.record.name, this.#deps.clock.now());
    return { warning: distroProblem(after.osDistro, after.osType ?? 'unknown'), writeThrough: await this.#writeThrough(image, before, after) };
  }

  /**
   * Sets what is given; the password goes into the vault first, so that a closed one changes nothing.
   * @throws `IMAGE_…`, `VAULT_LOCKED`, `VAULT_UNREADABLE`
   */
  async setCredentials(image: StoredImage, { user, password }: { user?: string | null | undefined; password?: string | undefined }, place: EditPlace): Promise<void> {
    const { attributes, vault, clock } = this.#deps;
    const before = await this.#demandChangeable(image, place);
    if (user !== undefined && user !== null && /\p{Cc}/u.test(user)) throw new AppError('IMAGE_LOGIN_USER_INVALID');
    if (password !== undefined) await vault.put(ownerOf(image), passwordName, password);
    const loginUser = user === undefined ? before.loginUser : user === '' ? null : user;
    await attributes.set(subjectOf(image), { ...before, loginUser, passwordSetAt: password === undefined ? before.passwordSetAt : clock.now() }, image.record.name, clock.now());
  }

  /** @throws `IMAGE_…`; possible with a closed vault */
  async clearCredentials(image: StoredImage, what: 'password' | 'all', place: EditPlace): Promise<void> {
    const { attributes, vault, clock } = this.#deps;
    const before = await this.#demandChangeable(image, place);
    await vault.clear(ownerOf(image), passwordName);
    await attributes.set(subjectOf(image), { ...before, loginUser: what === 'all' ? null : before.loginUser, passwordSetAt: null }, image.record.name, clock.now());
  }

  /** Whether there is a password; whether it is empty can be told while the vault is open. */
  async passwordState(image: StoredImage): Promise<PasswordState> {
    const { vault } = this.#deps;
    if (image.business.attributes.passwordSetAt === null) return 'unset';
    if (vault.state === 'locked' || vault.state === 'unreadable') return 'hidden';
    try {
      const value = await vault.get(ownerOf(image), passwordName);
      if (value === null) return 'lost';
      return value === '' ? 'empty' : 'set';
    } catch (error) {
      // One that cannot be decrypted is as good as gone, and must not keep the page from being shown.
      if (error instanceof AppError && error.code === 'VAULT_SECRET_DAMAGED') return 'lost';
      throw error;
    }
  }

  /** What a person should know who finds no attributes on an image that had some. */
  async notes(image: StoredImage): Promise<Message[]> {
    const { attributes } = this.#deps;
    if (image.business.attributes.osType !== null || image.business.attributes.loginUser !== null) return [];
    const namesakes = await attributes.namesakes(subjectOf(image), image.record.name);
    return namesakes.length === 0 ? [] : [say('IMAGE_NAMESAKE', { name: image.record.name })];
  }

  /** Takes off the marks of passwords that ended with the program that held them in memory. @returns the images that it concerns */
  async forgetLost(): Promise<{ platformId: PlatformId; externalId: string }[]> {
    const { attributes, vault, clock } = this.#deps;
    const lost = [];
    for (const subject of await attributes.withPassword()) {
      if (subject.kind !== 'image' || (await vault.has(ownerOf({ id: imageIdOf(subject.platformId, subject.externalId) }), passwordName))) continue;
      const before = await attributes.find(subject);
      await attributes.set(subject, { ...before, passwordSetAt: null }, '', clock.now());
      lost.push(subject);
    }
    return lost;
  }

  /** Before a platform is forgotten: its images' passwords go with it. */
  async forgetPlatform(platformId: PlatformId): Promise<void> {
    const { attributes, vault } = this.#deps;
    for (const subject of await attributes.withPassword()) {
      if (subject.platformId === platformId) await vault.clear(ownerOf({ id: imageIdOf(platformId, subject.externalId) }));
    }
  }

  #demandPage({ scope, editedOn }: EditPlace): void {
    if (editedOn === 'platform') throw new AppError('IMAGE_EDIT_ELSEWHERE');
    if ((editedOn === 'system-images') !== (scope.kind === 'system')) throw new AppError('IMAGE_EDIT_PAGE');
  }

  #demandEditing(image: StoredImage, scope: ConsoleScope): void {
    const may = this.editing(image, scope);
    if (!may.isAvailable) throw new AppError(may.reason.code, may.reason.params);
  }

  async #demandChangeable(image: StoredImage, place: EditPlace): Promise<BusinessAttributes> {
    this.#demandPage(place);
    this.#demandEditing(image, place.scope);
    const before = await this.#deps.attributes.find(subjectOf(image));
    if (before.isGolden) throw new AppError('IMAGE_GOLDEN', { name: image.record.name });
    return before;
  }

  /** A distro that platforms do not know stays here; so does a type that they have no word for. */
  async #writeThrough(image: StoredImage, before: BusinessAttributes, after: BusinessAttributes): Promise<PlatformAttributes | null> {
    const change: PlatformAttributes = {
      ...(after.osType === before.osType || after.osType === 'other' ? {} : { osType: after.osType }),
      ...(after.osDistro === before.osDistro || (after.osDistro !== null && findDistro(after.osDistro) === null) ? {} : { osDistro: after.osDistro }),
    };
    if (Object.keys(change).length === 0) return null;
    return (await this.#deps.connectors.roleOf(image.platformId, 'attributes')).isAvailable ? change : null;
  }
}
