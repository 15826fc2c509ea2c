/** The releases that inspection claims to recognise: os-release as each distribution ships it, and each Windows' version keys. */
import type { LinuxRelease, WindowsRelease } from './trees.ts';

export const windowsReleases = {
  'windows-7': { productName: 'Windows 7 Professional', build: '7601', servicePack: 'Service Pack 1', edition: 'Professional', installation: 'Client', machine: 'x86_64', hasViostor: true },
  // Windows 10 on 32-bit hardware still exists among desktops.
  'windows-10': { productName: 'Windows 10 Enterprise LTSC 2021', build: '19044', displayVersion: '21H2', releaseId: '2009', edition: 'EnterpriseS', installation: 'Client', machine: 'x86_64', hasViostor: false },
  'windows-10-32': { productName: 'Windows 10 Pro', build: '19045', displayVersion: '22H2', releaseId: '2009', edition: 'Professional', installation: 'Client', machine: 'i686', hasViostor: true, isGeneralized: true },
  // Microsoft never changed ProductName: a Windows 11 still says "Windows 10" there, and only the build tells.
  'windows-11': { productName: 'Windows 10 Pro', build: '22631', displayVersion: '23H2', releaseId: '2009', edition: 'Professional', installation: 'Client', machine: 'x86_64', hasViostor: true },
  'windows-server-2019': { productName: 'Windows Server 2019 Datacenter', build: '17763', releaseId: '1809', edition: 'ServerDatacenter', installation: 'Server', machine: 'x86_64', hasViostor: true },
  'windows-server-2022': { productName: 'Windows Server 2022 Datacenter', build: '20348', displayVersion: '21H2', releaseId: '2009', edition: 'ServerDatacenter', installation: 'Server', machine: 'x86_64', hasViostor: true },
} satisfies Record<string, WindowsRelease>;

export const linuxReleases = {
  'ubuntu-24.04': {
    osRelease: 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION="24.04.1 LTS (Noble Numbat)"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=noble',
    machine: 'x86_64', hasCloudInit: true,
  },
  'debian-12': {
    osRelease: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian',
    machine: 'x86_64',
  },
  'rocky-9': {
    osRelease: 'NAME="Rocky Linux"\nVERSION="9.4 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\nPLATFORM_ID="platform:el9"\nPRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"',
    machine: 'x86_64', hasCloudInit: true,
  },
  'rhel-9': {
    osRelease: 'NAME="Red Hat Enterprise Linux"\nVERSION="9.4 (Plow)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\nPLATFORM_ID="platform:el9"\nPRETTY_NAME="Red Hat Enterprise Linux 9.4 (Plow)"',
    machine: 'x86_64',
  },
  'opensuse-15.6': {
    osRelease: 'NAME="openSUSE Leap"\nVERSION="15.6"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\nPRETTY_NAME="openSUSE Leap 15.6"',
    machine: 'x86_64',
  },
  'kylin-v10': {
    osRelease: 'NAME="Kylin"\nVERSION="银河麒麟桌面操作系统V10 (SP1)"\nVERSION_US="Kylin Linux Desktop V10 (SP1)"\nID=kylin\nID_LIKE=debian\nPRETTY_NAME="Kylin V10 SP1"\nVERSION_ID="v10"\nPROJECT_CODENAME=V10SP1',
    machine: 'x86_64', osReleasePlace: 'etc',
  },
  'kylin-v10-arm': {
    osRelease: 'NAME="Kylin"\nVERSION="银河麒麟桌面操作系统V10 (SP1)"\nVERSION_US="Kylin Linux Desktop V10 (SP1)"\nID=kylin\nID_LIKE=debian\nPRETTY_NAME="Kylin V10 SP1"\nVERSION_ID="v10"\nPROJECT_CODENAME=V10SP1',
    machine: 'aarch64', osReleasePlace: 'etc',
  },
  'openeuler-22.03': {
    osRelease: 'NAME="openEuler"\nVERSION="22.03 (LTS-SP3)"\nID="openEuler"\nVERSION_ID="22.03"\nPRETTY_NAME="openEuler 22.03 (LTS-SP3)"\nANSI_COLOR="0;31"',
    machine: 'x86_64',
  },
  'uos-20': {
    osRelease: 'PRETTY_NAME="UnionTech OS Desktop 20 Pro"\nNAME="uos"\nVERSION_ID="20"\nVERSION="20"\nID=uos\nHOME_URL="https://www.chinauos.com/"',
    machine: 'x86_64', osReleasePlace: 'etc',
  },
} satisfies Record<string, LinuxRelease>;
