/** What lies in the file systems of the fixtures: the few files that tell which system it is. Paths without a leading slash. */
import { elfStub, peStub, type Machine } from './program-stubs.ts';
import { writeHive } from './hive-writer.ts';

/** A file's bytes, or the target of a symbolic link. */
export type TreeEntry = Buffer | { linkTo: string };
export type Tree = Record<string, TreeEntry>;

export interface WindowsRelease {
  productName: string;
  build: string;
  displayVersion?: string;
  releaseId?: string;
  servicePack?: string;
  edition: string;
  installation: 'Client' | 'Server';
  machine: Machine;
  hasViostor: boolean;
  isGeneralized?: boolean;
  /** How many other files lie in System32. */
  otherFiles?: number;
}

/** Empty files beside the ones looked for, so that the folder outgrows its inode or its first node. */
function filler(folder: string, extension: string, count: number): Tree {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${folder}/component-${String(index).padStart(4, '0')}.${extension}`, Buffer.alloc(0)]));
}

const processorNames: Record<Machine, string> = { x86_64: 'AMD64', i686: 'x86', aarch64: 'ARM64' };

function driver(file: string, start: number): { values: Record<string, string | number> } {
  return { values: { ErrorControl: 1, ImagePath: `\\SystemRoot\\System32\\drivers\\${file}`, Start: start, Type: 1 } };
}

/** The system volume of a Windows: both hives, the kernel, and the virtio driver where it is installed. */
export function windowsTree(release: WindowsRelease): Tree {
  const current: Record<string, string> = {
    CurrentBuild: release.build,
    CurrentBuildNumber: release.build,
    CurrentVersion: Number(release.build) < 9000 ? '6.1' : '6.3',
    EditionID: release.edition,
    InstallationType: release.installation,
    ProductName: release.productName,
    SystemRoot: 'C:\\Windows',
  };
  if (release.displayVersion !== undefined) current['DisplayVersion'] = release.displayVersion;
  if (release.releaseId !== undefined) current['ReleaseId'] = release.releaseId;
  if (release.servicePack !== undefined) current['CSDVersion'] = release.servicePack;
  const imageState = release.isGeneralized === true ? 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE' : 'IMAGE_STATE_COMPLETE';
  const software = writeHive({
    keys: {
      Microsoft: {
        keys: {
          'Windows NT': { keys: { CurrentVersion: { values: current } } },
          Windows: { keys: { CurrentVersion: { keys: { Setup: { keys: { State: { values: { ImageState: imageState } } } } } } } },
        },
      },
    },
  });
  const services: Record<string, { values: Record<string, string | number> }> = {
    disk: driver('disk.sys', 0),
    storahci: driver('storahci.sys', 0),
  };
  if (release.hasViostor) {
    services['viostor'] = driver('viostor.sys', 0);
    services['vioscsi'] = driver('vioscsi.sys', 0);
  }
  const system = writeHive({
    keys: {
      ControlSet001: {
        keys: {
          Control: { keys: { 'Session Manager': { keys: { Environment: { values: { PROCESSOR_ARCHITECTURE: processorNames[release.machine] } } } } } },
          Services: { keys: services },
        },
      },
      Select: { values: { Current: 1, Default: 1, Failed: 0, LastKnownGood: 1 } },
    },
  });
  const tree: Tree = {
    ...filler('Windows/System32', 'dll', release.otherFiles ?? 0),
    'Users/Public/desktop.ini': Buffer.from('[.ShellClassInfo]\r\n'),
    'Windows/System32/config/SOFTWARE': software,
    'Windows/System32/config/SYSTEM': system,
    'Windows/System32/ntoskrnl.exe': peStub(release.machine, 1),
  };
  if (release.hasViostor) tree['Windows/System32/drivers/viostor.sys'] = peStub(release.machine, 1);
  if (release.isGeneralized === true) tree['Windows/System32/Sysprep/Sysprep_succeeded.tag'] = Buffer.from('\r\n');
  return tree;
}

export interface LinuxRelease {
  /** Lines of os-release as the distribution ships them. */
  osRelease: string;
  machine: Machine;
  hasCloudInit?: boolean;
  /** Where os-release lies: a file in `/usr/lib` with a link from `/etc` (most), or a plain file in `/etc`. */
  osReleasePlace?: 'usr-lib' | 'etc';
  /** How many other files lie in /etc. */
  otherFiles?: number;
}

/** The root volume of a Linux: os-release, a shell, the host's name, and cloud-init's traces. */
export function linuxTree(release: LinuxRelease): Tree {
  const text = Buffer.from(`${release.osRelease.trim()}\n`);
  const tree: Tree = {
    ...filler('etc', 'conf', release.otherFiles ?? 0),
    'etc/fstab': Buffer.from('# <file system> <mount point> <type> <options> <dump> <pass>\n'),
    'etc/hostname': Buffer.from('image-source\n'),
    'usr/bin/bash': elfStub(release.machine),
    bin: { linkTo: 'usr/bin' },
  };
  if (release.osReleasePlace === 'etc') tree['etc/os-release'] = text;
  else {
    tree['usr/lib/os-release'] = text;
    tree['etc/os-release'] = { linkTo: '../usr/lib/os-release' };
  }
  if (release.hasCloudInit === true) {
    tree['etc/cloud/cloud.cfg'] = Buffer.from('users:\n  - default\n');
    tree['var/lib/cloud/seed/.keep'] = Buffer.alloc(0);
  }
  return tree;
}

/** An EFI system partition with tiny loaders at the given paths. */
export function espTree(loaders: readonly string[], machine: Machine): Tree {
  return Object.fromEntries(loaders.map((path) => [path, peStub(machine, 10)]));
}
