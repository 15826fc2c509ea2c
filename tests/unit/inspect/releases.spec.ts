import { describe, expect, it } from 'vitest';
import { fileSystem, inspect } from '../../fixtures/sparse-disk.ts';

/** Every release that inspection claims to recognise, with the whole answer about it. */
const releases: Record<string, { os: object; virtio?: boolean; preparation?: string[] }> = {
  'windows-7': { os: { family: 'windows', distro: 'win', name: 'Windows 7 Professional Service Pack 1', version: '7', architecture: 'x86_64' }, virtio: true },
  'windows-10': { os: { family: 'windows', distro: 'win', name: 'Windows 10 Enterprise LTSC 2021 21H2', version: '10', architecture: 'x86_64' }, virtio: false },
  'windows-10-32': { os: { family: 'windows', distro: 'win', name: 'Windows 10 Pro 22H2', version: '10', architecture: 'i686' }, virtio: true, preparation: ['sysprep'] },
  'windows-11': { os: { family: 'windows', distro: 'win', name: 'Windows 11 Pro 23H2', version: '11', architecture: 'x86_64' }, virtio: true },
  'windows-server-2019': { os: { family: 'windows', distro: 'win', name: 'Windows Server 2019 Datacenter 1809', version: '2019', architecture: 'x86_64' }, virtio: true },
  'windows-server-2022': { os: { family: 'windows', distro: 'win', name: 'Windows Server 2022 Datacenter 21H2', version: '2022', architecture: 'x86_64' }, virtio: true },
  'ubuntu-24.04': { os: { family: 'linux', distro: 'ubuntu', name: 'Ubuntu 24.04.1 LTS', version: '24.04', architecture: 'x86_64' }, preparation: ['cloud-init'] },
  'debian-12': { os: { family: 'linux', distro: 'debian', name: 'Debian GNU/Linux 12 (bookworm)', version: '12', architecture: 'x86_64' } },
  'debian-12-ext2': { os: { family: 'linux', distro: 'debian', name: 'Debian GNU/Linux 12 (bookworm)', version: '12', architecture: 'x86_64' } },
  'debian-12-inline': { os: { family: 'linux', distro: 'debian', name: 'Debian GNU/Linux 12 (bookworm)', version: '12', architecture: 'x86_64' } },
  'kylin-v10': { os: { family: 'linux', distro: 'kylin', name: 'Kylin V10 SP1', version: 'v10', architecture: 'x86_64' } },
  'kylin-v10-arm': { os: { family: 'linux', distro: 'kylin', name: 'Kylin V10 SP1', version: 'v10', architecture: 'aarch64' } },
  'openeuler-22.03': { os: { family: 'linux', distro: 'openeuler', name: 'openEuler 22.03 (LTS-SP3)', version: '22.03', architecture: 'x86_64' } },
  'rocky-9': { os: { family: 'linux', distro: 'rocky', name: 'Rocky Linux 9.4 (Blue Onyx)', version: '9.4', architecture: 'x86_64' }, preparation: ['cloud-init'] },
  'rhel-9': { os: { family: 'linux', distro: 'rhel', name: 'Red Hat Enterprise Linux 9.4 (Plow)', version: '9.4', architecture: 'x86_64' } },
  'opensuse-15.6': { os: { family: 'linux', distro: 'opensuse-leap', name: 'openSUSE Leap 15.6', version: '15.6', architecture: 'x86_64' } },
  'opensuse-snapshot': { os: { family: 'linux', distro: 'opensuse-leap', name: 'openSUSE Leap 15.6', version: '15.6', architecture: 'x86_64' } },
  'ubuntu-subvolume': { os: { family: 'linux', distro: 'ubuntu', name: 'Ubuntu 24.04.1 LTS', version: '24.04', architecture: 'x86_64' }, preparation: ['cloud-init'] },
  'uos-20': { os: { family: 'linux', distro: 'uos', name: 'UnionTech OS Desktop 20 Pro', version: '20', architecture: 'x86_64' } },
};

describe('recognising a release', () => {
  for (const [name, expected] of Object.entries(releases)) {
    it(`tells ${name}`, async () => {
      const found = await inspect(fileSystem(name));
      expect(found.os).toEqual(expected.os);
      expect(found.hasVirtioStorage).toBe(expected.virtio ?? null);
      expect(found.preparation).toEqual(expected.preparation ?? []);
      expect(found.osEvidence.map((item) => item.code)).toContain('INSPECT_SYSTEM_FOUND');
      expect(found.problems).toEqual([]);
      expect(found.bytesRead).toBeLessThan(1024 ** 2);
    });
  }
});
