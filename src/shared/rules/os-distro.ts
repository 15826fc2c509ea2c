/**
 * Operating system distributions by libosinfo's short ids. Seed (image-management 2): "The OS Type and OS Distro of an image are
 * extension fields for underlying resources"; platforms take exactly these ids, so another word is kept here and not written through.
 */
import type { OsType } from '../model/business-attributes.ts';
import { say, type Message } from '../model/message.ts';
import type { OsFamily } from '../model/os.ts';

export interface OsDistro {
  id: string;
  family: OsType;
  /** As its makers write it. */
  name: string;
}

const linux: Readonly<Record<string, string>> = {
  almalinux: 'AlmaLinux', alpinelinux: 'Alpine Linux', alt: 'ALT Linux', anolis: 'Anolis OS', archlinux: 'Arch Linux', arch: 'Arch Linux', asianux: 'Asianux',
  centos: 'CentOS', 'centos-stream': 'CentOS Stream', circle: 'Circle Linux', cirros: 'CirrOS', clearlinux: 'Clear Linux', debian: 'Debian', deepin: 'deepin',
  elementary: 'elementary OS', endless: 'Endless OS', eos: 'Endless OS', eurolinux: 'EuroLinux', fedora: 'Fedora', gentoo: 'Gentoo', kylin: 'Kylin', mageia: 'Mageia',
  mandrake: 'Mandrake Linux', mandriva: 'Mandriva Linux', manjaro: 'Manjaro', mes: 'Mandriva Enterprise Server', mint: 'Linux Mint', mxlinux: 'MX Linux', nixos: 'NixOS',
  ol: 'Oracle Linux', openeuler: 'openEuler', opensuse: 'openSUSE', popos: 'Pop!_OS', pureos: 'PureOS', rhel: 'Red Hat Enterprise Linux', rocky: 'Rocky Linux',
  scientificlinux: 'Scientific Linux', silverblue: 'Fedora Silverblue', sle: 'SUSE Linux Enterprise', sled: 'SUSE Linux Enterprise Desktop',
  sles: 'SUSE Linux Enterprise Server', trisquel: 'Trisquel', ubuntu: 'Ubuntu', uos: 'UOS', voidlinux: 'Void Linux',
};
const windows: Readonly<Record<string, string>> = { win: 'Windows' };
const other: Readonly<Record<string, string>> = {
  dragonflybsd: 'DragonFly BSD', freebsd: 'FreeBSD', haiku: 'Haiku', macos: 'macOS', macosx: 'Mac OS X', msdos: 'MS-DOS', netbsd: 'NetBSD', netware: 'NetWare',
  openbsd: 'OpenBSD', openindiana: 'OpenIndiana', opensolaris: 'OpenSolaris', solaris: 'Solaris',
};

const listed = (family: OsType, names: Readonly<Record<string, string>>): OsDistro[] => Object.entries(names).map(([id, name]) => ({ id, family, name }));

/** All that are known, in the order of their names. */
export const osDistros: readonly OsDistro[] = [...listed('windows', windows), ...listed('linux', linux), ...listed('other', other)]
  .sort((a, b) => a.name.localeCompare(b.name, 'en'));

const byId: ReadonlyMap<string, OsDistro> = new Map(osDistros.map((distro) => [distro.id, distro]));

/** Platforms and people say `windows` where libosinfo says `win`. */
const aliases: Readonly<Record<string, string>> = { windows: 'win', alma: 'almalinux', oracle: 'ol', redhat: 'rhel', suse: 'sles' };

/** The id as it is kept: trimmed, in lower case, an alias by its own id. Null for nothing at all. */
export function normalizeDistro(typed: string): string | null {
  const id = typed.trim().toLowerCase();
  if (id === '') return null;
  return Object.hasOwn(aliases, id) ? (aliases[id] ?? id) : id;
}

/** Null for an id that libosinfo does not have. */
export function findDistro(id: string | null): OsDistro | null {
  return id === null ? null : (byId.get(normalizeDistro(id) ?? '') ?? null);
}

/** Why an id is accepted with a warning and stays here; null for one that platforms know too. */
export function distroProblem(id: string | null, family: OsFamily): Message | null {
  if (id === null) return null;
  const known = findDistro(id);
  if (known === null) return say('DISTRO_NOT_LISTED', { distro: id });
  if (family !== 'unknown' && known.family !== family) return say('DISTRO_OTHER_FAMILY', { distro: known.name });
  return null;
}
