/** What libosinfo metadata in a definition says about the operating system, and the way to write it. */
import type { Element } from '@xmldom/xmldom';
import { type OsFamily, type OsIdentity, unknownOs } from '../../../shared/model/os.ts';
import { attribute, descend } from './xml.ts';

export const libosinfoNamespace = 'http://libosinfo.org/xmlns/libvirt/domain/1.0';

/** Short ids of the Linux distributions in the libosinfo database; an id that is not here stays of unknown family. */
const linuxDistros = new Set([
  'almalinux', 'alpinelinux', 'alt', 'altlinux', 'anolis', 'archlinux', 'asianux', 'centos', 'centos-stream', 'circle', 'cirros', 'clearlinux', 'debian',
  'deepin', 'elementary', 'endless', 'eos', 'eurolinux', 'fedora', 'gentoo', 'kylin', 'linux', 'mageia', 'mandrake', 'mandriva', 'manjaro', 'mint', 'mxlinux',
  'nixos', 'ol', 'openeuler', 'opensuse', 'popos', 'pureos', 'rhel', 'rocky', 'scientificlinux', 'sle', 'sled', 'sles', 'silverblue', 'trisquel', 'ubuntu',
  'uos', 'voidlinux',
]);

const otherSystems = new Set(['freebsd', 'openbsd', 'netbsd', 'dragonflybsd', 'macosx', 'macos', 'solaris', 'opensolaris', 'openindiana', 'haiku', 'msdos', 'netware', 'freenix']);

/** Names as their makers write them, where capitalising the id is not enough. */
const displayNames: Readonly<Record<string, string>> = {
  almalinux: 'AlmaLinux', alpinelinux: 'Alpine Linux', archlinux: 'Arch Linux', centos: 'CentOS', 'centos-stream': 'CentOS Stream', ol: 'Oracle Linux',
  openeuler: 'openEuler', opensuse: 'openSUSE', rhel: 'Red Hat Enterprise Linux', rocky: 'Rocky Linux', sle: 'SUSE Linux Enterprise', sled: 'SUSE Linux Enterprise Desktop',
  sles: 'SUSE Linux Enterprise Server', uos: 'UOS', win: 'Windows', freebsd: 'FreeBSD', openbsd: 'OpenBSD', netbsd: 'NetBSD', macosx: 'macOS', linux: 'Linux', msdos: 'MS-DOS',
};

/** Windows servers and old releases have short versions in libosinfo (`2k19`). */
const windowsVersions: Readonly<Record<string, string>> = {
  '2k': '2000', '2k3': 'Server 2003', '2k3r2': 'Server 2003 R2', '2k8': 'Server 2008', '2k8r2': 'Server 2008 R2', '2k12': 'Server 2012', '2k12r2': 'Server 2012 R2',
  '2k16': 'Server 2016', '2k19': 'Server 2019', '2k22': 'Server 2022', '2k25': 'Server 2025', xp: 'XP', vista: 'Vista',
};

/** `http://ubuntu.com/ubuntu/24.04` → Ubuntu 24.04, as the platform's word. Without metadata: unknown. */
export function readLibosinfo(root: Element, architecture: string | null): OsIdentity {
  const id = attribute(descend(root, 'metadata', 'libosinfo', 'os'), 'id');
  return id === null ? { ...unknownOs, architecture } : osOfLibosinfoId(id, architecture);
}

export function osOfLibosinfoId(id: string, architecture: string | null): OsIdentity {
  const parts = id.replace(/^https?:\/\//, '').split('/').slice(1).filter((part) => part !== '');
  const distro = parts[0]?.toLowerCase().slice(0, 100);
  if (distro === undefined || distro === 'unknown') return { ...unknownOs, architecture };
  const version = parts[1]?.slice(0, 100) ?? null;
  const isVersionKnown = version !== null && version !== 'unknown';
  const shownVersion = distro === 'win' && version !== null ? (windowsVersions[version] ?? version) : version;
  const display = displayNames[distro] ?? distro.charAt(0).toUpperCase() + distro.slice(1);
  return {
    family: familyOf(distro),
    distro,
    name: (isVersionKnown ? `${display} ${shownVersion}` : display).slice(0, 200),
    version: isVersionKnown ? version : null,
    architecture: architecture?.slice(0, 50) ?? null,
    source: 'platform',
  };
}

function familyOf(distro: string): OsFamily {
  if (distro === 'win') return 'windows';
  if (linuxDistros.has(distro)) return 'linux';
  return otherSystems.has(distro) ? 'other' : 'unknown';
}

/** The hosts in libosinfo ids of the systems that we define VMs for; others get no metadata rather than a wrong one. */
const idHosts: Readonly<Record<string, string>> = {
  win: 'microsoft.com', ubuntu: 'ubuntu.com', debian: 'debian.org', fedora: 'fedoraproject.org', rocky: 'rockylinux.org', almalinux: 'almalinux.org',
  rhel: 'redhat.com', centos: 'centos.org', opensuse: 'opensuse.org', sles: 'suse.com', alpinelinux: 'alpinelinux.org', archlinux: 'archlinux.org',
};

/** The libosinfo id for an operating system, null where none can be named for sure. */
export function libosinfoIdOf(os: OsIdentity): string | null {
  const host = os.distro === null ? undefined : idHosts[os.distro];
  if (host === undefined || os.version === null || !/^[\w.]+$/.test(os.version)) return null;
  return `http://${host}/${os.distro}/${os.version}`;
}

