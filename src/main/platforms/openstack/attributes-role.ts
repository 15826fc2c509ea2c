/** Attributes that Glance has a place for, as properties of an image. There is none for a password, and none is ever put there. */
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { AttributesRole, ImageAttributeChange } from '../connector.ts';
import type { ImagePatch } from './glance.ts';
import { requireRights } from './rights.ts';
import type { OpenSession } from './session.ts';

const propertyOf = {
  bootMode: 'hw_firmware_type', videoModel: 'hw_video_model', osType: 'os_type', osDistro: 'os_distro', adminUser: 'os_admin_user',
} as const satisfies Record<keyof ImageAttributeChange, string>;

export class OpenStackAttributes implements AttributesRole {
  readonly #open: OpenSession;

  constructor(open: OpenSession) {
    this.#open = open;
  }

  /** Sends only what differs, so that a second call changes nothing. @throws `NOT_FOUND`, `PLATFORM_FORBIDDEN` for a protected property */
  async patch(image: ExternalId, change: ImageAttributeChange, _key: string, signal: AbortSignal): Promise<void> {
    const { cloud, glance } = await this.#open();
    requireRights(await cloud.token(signal));
    const { properties } = await glance.get(image, signal);
    const changes = patchFor(change, properties);
    if (changes.length > 0) await glance.patch(image, changes, signal);
  }

  async read(image: ExternalId, signal: AbortSignal): Promise<Required<ImageAttributeChange>> {
    const { properties } = await (await this.#open()).glance.get(image, signal);
    const one = <T extends string>(name: string, values: readonly T[]): T | null => values.find((value) => value === properties[name]?.toLowerCase()) ?? null;
    return {
      bootMode: one(propertyOf.bootMode, ['bios', 'uefi']),
      videoModel: properties[propertyOf.videoModel] ?? null,
      osType: one(propertyOf.osType, ['linux', 'windows']),
      osDistro: properties[propertyOf.osDistro] ?? null,
      adminUser: properties[propertyOf.adminUser] ?? null,
    };
  }
}

/** `add` for what is not there yet, `replace` for what is another, `remove` for what is to go. */
export function patchFor(change: ImageAttributeChange, properties: Readonly<Record<string, string>>): ImagePatch {
  const changes: ImagePatch = [];
  for (const [attribute, property] of Object.entries(propertyOf) as [keyof ImageAttributeChange, string][]) {
    const value = change[attribute];
    const before = properties[property];
    if (value === undefined || value === (before ?? null)) continue;
    if (value === null) changes.push({ op: 'remove', path: `/${property}` });
    else changes.push({ op: before === undefined ? 'add' : 'replace', path: `/${property}`, value });
  }
  return changes;
}
