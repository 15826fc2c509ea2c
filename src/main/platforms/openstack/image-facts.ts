/** What properties of images say about systems and hardware; the same keys stand on images, in a volume's metadata and behind servers. */
import type { BootMode, OsIdentity } from '../../../shared/model/os.ts';

export type Properties = Readonly<Record<string, string>>;

/** Ours, on what runs have made. */
export const keyProperty = 'goldpress_key';
export const roleProperty = 'goldpress_role';

/** `staged` and `unpublished` are a run's own and no inventory; `snapshot` and `published` stay. */
export type MadeAs = 'staged' | 'unpublished' | 'snapshot' | 'published';

/** An image of a server, which has its properties from the image that the server was made from. */
export function isInherited({ properties }: { properties: Properties }): boolean {
  return properties['instance_uuid'] !== undefined;
}

/** Only what is said counts: where nothing is said, the hypervisor decides, and nobody can ask it. */
export function bootModeOf(properties: Properties): BootMode {
  const firmware = properties['hw_firmware_type']?.toLowerCase();
  return firmware === 'uefi' || firmware === 'bios' ? firmware : 'unknown';
}

/** The word itself, where it is neither of the two that are known: shown as it is, judged as unknown. */
export function bootModeWordOf(properties: Properties): string | null {
  const word = properties['hw_firmware_type']?.trim().slice(0, 50) ?? '';
  return word === '' || bootModeOf(properties) !== 'unknown' ? null : word;
}

export function videoModelOf(properties: Properties): string | null {
  return properties['hw_video_model']?.toLowerCase().slice(0, 50) ?? null;
}

export function osOf(properties: Properties): OsIdentity {
  const type = properties['os_type']?.toLowerCase();
  const distro = properties['os_distro']?.toLowerCase().slice(0, 100) ?? null;
  const family = type === 'windows' || type === 'linux' ? type : type === undefined ? (distro?.startsWith('win') === true ? 'windows' : 'unknown') : 'other';
  const isSilent = type === undefined && distro === null;
  return {
    family,
    distro,
    name: null,
    version: properties['os_version']?.slice(0, 100) ?? null,
    architecture: (properties['hw_architecture'] ?? properties['architecture'])?.slice(0, 50) ?? null,
    source: isSilent ? 'none' : 'platform',
  };
}

/** Epoch ms; times of OpenStack without a zone are UTC. Null for none. */
export function timeOf(text: string | null): number | null {
  if (text === null) return null;
  const at = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(at) ? null : at;
}
