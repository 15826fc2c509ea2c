/**
 * Makes the small file systems of the sample site and of the inspection tests with the real mkfs programs, and stores them
 * as packs. Needs (Debian): dosfstools mtools e2fsprogs ntfs-3g wimtools xfsprogs btrfs-progs. Nothing is mounted and no root is
 * needed, but with `--subvolumes`, which makes only the pack of btrfs volumes whose system lies in a subvolume.
 * Run it only when a fixture changes: `node scripts/run.mjs scripts/make-file-systems.ts`.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import type { StoredPack } from '../src/main/sample-site/file-system-pack.ts';
import { linuxReleases, windowsReleases } from './file-systems/releases.ts';
import { espTree, linuxTree, windowsTree, type Tree } from './file-systems/trees.ts';

const mebibyte = 1024 ** 2;
const blockBytes = 4096;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const work = mkdtempSync(join(tmpdir(), 'goldpress-file-systems-'));

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, MTOOLS_SKIP_CHECK: '1' } });
}

/** Lays a tree out as a folder, for the programs that copy one in. */
function layOut(name: string, tree: Tree): string {
  const folder = join(work, `${name}.tree`);
  mkdirSync(folder);
  for (const [path, entry] of Object.entries(tree)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if (Buffer.isBuffer(entry)) writeFileSync(target, entry);
    else symlinkSync(entry.linkTo, target);
  }
  return folder;
}

function emptyImage(name: string, megabytes: number): string {
  const image = join(work, `${name}.img`);
  writeFileSync(image, '');
  truncateSync(image, megabytes * mebibyte);
  return image;
}

type Maker = (name: string) => string;

const fat = (megabytes: number, bits: 12 | 16 | 32, label: string, tree: Tree): Maker => (name) => {
  const image = emptyImage(name, megabytes);
  run('mkfs.vfat', ['-F', String(bits), '-n', label, '-i', '90a7c0de', '--invariant', image]);
  const made = new Set<string>();
  for (const [path, entry] of Object.entries(tree)) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/');
      if (!made.has(folder)) run('mmd', ['-i', image, `::/${folder}`]);
      made.add(folder);
    }
    const file = join(work, 'one-file');
    if (Buffer.isBuffer(entry)) writeFileSync(file, entry);
    run('mcopy', ['-i', image, file, `::/${path}`]);
  }
  return image;
};

const ext = (megabytes: number, options: readonly string[], label: string, tree: Tree): Maker => (name) => {
  const image = emptyImage(name, megabytes);
  run('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-N', '512', '-L', label, '-U', '6f1a2b3c-0d4e-4f5a-8b6c-7d8e9f0a1b2c', '-E', 'root_owner=0:0', ...options, '-d', layOut(name, tree), image]);
  return image;
};

const ntfs = (megabytes: number, label: string, tree: Tree): Maker => (name) => {
  const image = emptyImage(name, megabytes);
  const archive = join(work, `${name}.wim`);
  run('wimcapture', [layOut(name, tree), archive, '--compress=none', '--no-acls', '--quiet']);
  execFileSync('/usr/sbin/mkfs.ntfs', ['-F', '-Q', '-q', '-c', '4096', '-s', '512', '-p', '2048', '-H', '255', '-S', '63', '-L', label, image], { stdio: 'ignore' });
  run('wimapply', [archive, '1', image, '--no-acls', '--quiet']);
  return image;
};

const xfs = (label: string, tree: Tree): Maker => (name) => {
  // 300 MiB is the smallest that mkfs.xfs makes; nearly all of it is holes.
  const image = emptyImage(name, 300);
  const folder = layOut(name, tree);
  const prototype = join(work, `${name}.proto`);
  writeFileSync(prototype, `/none\n0 0\n${prototypeOf(folder, tree)}`);
  run('mkfs.xfs', ['-q', '-f', '-L', label, '-m', 'uuid=5a1e77d0-0c1d-4b6e-9d55-0f3d6a2b7c81', '-p', prototype, image]);
  return image;
};

/** The prototype file of mkfs.xfs: a depth-first listing that closes every folder with `$`. */
function prototypeOf(folder: string, tree: Tree): string {
  interface Node { children: Map<string, Node>; entry: Tree[string] | null; path: string }
  const top: Node = { children: new Map(), entry: null, path: '' };
  for (const [path, entry] of Object.entries(tree)) {
    let node = top;
    for (const part of path.split('/')) {
      const next = node.children.get(part) ?? { children: new Map<string, Node>(), entry: null, path: join(node.path, part) };
      node.children.set(part, next);
      node = next;
    }
    node.entry = entry;
  }
  const list = (node: Node): string =>
    [...node.children].map(([name, child]) => {
      if (child.entry === null) return `${name} d--755 0 0\n${list(child)}$\n`;
      return Buffer.isBuffer(child.entry) ? `${name} ---755 0 0 ${join(folder, child.path)}\n` : `${name} l--777 0 0 ${child.entry.linkTo}\n`;
    }).join('');
  return `d--755 0 0\n${list(top)}$\n`;
}

const btrfs = (label: string, tree: Tree): Maker => (name) => {
  const image = emptyImage(name, 128);
  run('mkfs.btrfs', ['-q', '-f', '-m', 'single', '-d', 'single', '-L', label, '-U', '0b7f5a7e-55aa-4a51-9d3f-6a0e1d2c3b4a', '--rootdir', layOut(name, tree), image]);
  return image;
};

/** A btrfs whose system lies in a subvolume, made by the kernel; `packing` as the mount option names it. */
const btrfsSubvolume = (path: string, isDefault: boolean, packing: string, tree: Tree): Maker => (name) => {
  const image = emptyImage(name, 128);
  const mountPoint = join(work, `${name}.mount`);
  mkdirSync(mountPoint);
  run('mkfs.btrfs', ['-q', '-f', '-m', 'single', '-d', 'single', '-L', name, image]);
  run('mount', ['-o', `loop,compress-force=${packing}`, image, mountPoint]);
  try {
    let parent = mountPoint;
    for (const part of path.split('/')) {
      parent = join(parent, part);
      run('btrfs', ['subvolume', 'create', parent]);
    }
    run('cp', ['-a', `${layOut(name, tree)}/.`, parent]);
    if (isDefault) run('btrfs', ['subvolume', 'set-default', parent]);
  } finally {
    run('umount', [mountPoint]);
  }
  return image;
};

/** Finds the blocks that are not zero; neighbours become one run. */
function sparseRuns(image: string): { lengthBytes: number; runs: [number, number][]; bytes: Buffer[] } {
  const lengthBytes = statSync(image).size;
  const runs: [number, number][] = [];
  const bytes: Buffer[] = [];
  const zero = Buffer.alloc(blockBytes);
  const handle = openSync(image, 'r');
  for (let offset = 0; offset < lengthBytes; offset += mebibyte) {
    const window = Buffer.alloc(Math.min(mebibyte, lengthBytes - offset));
    readSync(handle, window, 0, window.length, offset);
    for (let at = 0; at < window.length; at += blockBytes) {
      const block = window.subarray(at, at + blockBytes);
      if (block.equals(zero.subarray(0, block.length))) continue;
      const last = runs.at(-1);
      if (last !== undefined && last[0] + last[1] === offset + at) last[1] += block.length;
      else runs.push([offset + at, block.length]);
      bytes.push(block);
    }
  }
  closeSync(handle);
  return { lengthBytes, runs, bytes };
}

function makePack(path: string, makers: Record<string, Maker>): void {
  const pack: StoredPack = { fileSystems: {}, data: '' };
  const parts: Buffer[] = [];
  for (const [name, make] of Object.entries(makers)) {
    const image = make(name);
    const { lengthBytes, runs, bytes } = sparseRuns(image);
    pack.fileSystems[name] = { lengthBytes, runs };
    parts.push(...bytes);
    rmSync(image);
  }
  const stream = Buffer.concat(parts);
  pack.data = brotliCompressSync(stream, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: stream.length },
  }).toString('base64');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(pack)}\n`);
  console.log(`${path}: ${Object.keys(makers).length} file systems, ${stream.length} bytes, stored in ${statSync(path).size}`);
}

const windowsLoaders = ['EFI/Microsoft/Boot/bootmgfw.efi', 'EFI/Boot/bootx64.efi'];
const linuxLoaders = (vendor: string): string[] => [`EFI/${vendor}/shimx64.efi`, `EFI/${vendor}/grubx64.efi`];

function makeSubvolumes(): void {
  makePack(join(root, 'tests/fixtures/subvolumes.json'), {
    // As openSUSE does it: a snapshot is the default. As Ubuntu and Fedora do it: a subvolume that the boot loader names.
    'opensuse-snapshot': btrfsSubvolume('@/.snapshot', true, 'zlib', linuxTree(linuxReleases['opensuse-15.6'])),
    'ubuntu-subvolume': btrfsSubvolume('@', false, 'zstd', linuxTree(linuxReleases['ubuntu-24.04'])),
  });
}

function makeAll(): void {
  makePack(join(root, 'src/main/sample-site/file-systems.json'), {
    'esp-windows': fat(100, 32, 'SYSTEM', espTree(windowsLoaders, 'x86_64')),
    'esp-ubuntu': fat(100, 32, 'ESP', espTree([...linuxLoaders('ubuntu'), 'EFI/BOOT/BOOTX64.EFI'], 'x86_64')),
    'esp-rocky': fat(100, 32, 'ESP', espTree([...linuxLoaders('rocky'), 'EFI/BOOT/BOOTX64.EFI'], 'x86_64')),
    'esp-kylin': fat(100, 32, 'ESP', espTree(linuxLoaders('kylin'), 'x86_64')),
    'windows-11': ntfs(6, 'Windows', windowsTree(windowsReleases['windows-11'])),
    'windows-10': ntfs(6, 'Windows', windowsTree(windowsReleases['windows-10'])),
    'windows-7': ntfs(6, 'Windows 7', windowsTree(windowsReleases['windows-7'])),
    'ubuntu-24.04': ext(8, [], 'ubuntu-root', linuxTree(linuxReleases['ubuntu-24.04'])),
    'debian-12': ext(8, [], 'debian-root', linuxTree(linuxReleases['debian-12'])),
    'kylin-v10': ext(8, [], 'SYSROOT', linuxTree(linuxReleases['kylin-v10'])),
    'rocky-9': xfs('rocky-root', linuxTree(linuxReleases['rocky-9'])),
    'uos-20': ext(8, [], 'Roota', linuxTree(linuxReleases['uos-20'])),
  });
  makePack(join(root, 'tests/fixtures/file-systems.json'), {
    'windows-10-32': ntfs(6, 'Windows', windowsTree(windowsReleases['windows-10-32'])),
    'windows-server-2019': ntfs(6, 'Windows', windowsTree(windowsReleases['windows-server-2019'])),
    'windows-server-2022': ntfs(8, 'Windows', windowsTree({ ...windowsReleases['windows-server-2022'], otherFiles: 500 })),
    'rhel-9': xfs('rhel-root', linuxTree({ ...linuxReleases['rhel-9'], otherFiles: 400 })),
    'opensuse-15.6': btrfs('ROOT', linuxTree({ ...linuxReleases['opensuse-15.6'], otherFiles: 400 })),
    'openeuler-22.03': ext(8, [], 'openeuler-root', linuxTree({ ...linuxReleases['openeuler-22.03'], otherFiles: 400 })),
    'kylin-v10-arm': ext(8, ['-b', '1024'], 'SYSROOT', linuxTree(linuxReleases['kylin-v10-arm'])),
    // The same tree on the older layouts: block maps instead of extents, and small files inside the inode.
    'debian-12-ext2': ext(8, ['-t', 'ext2', '-O', '^extent'], 'ext2-root', linuxTree(linuxReleases['debian-12'])),
    'debian-12-inline': ext(8, ['-O', 'inline_data,^has_journal', '-I', '1024'], 'inline-root', linuxTree(linuxReleases['debian-12'])),
    'esp-fat12': fat(4, 12, 'ESP12', espTree(['EFI/BOOT/BOOTAA64.EFI', 'EFI/kylin/grubaa64.efi'], 'aarch64')),
    'esp-fat16': fat(32, 16, 'ESP16', espTree(['EFI/opensuse/a loader with a long name.efi', 'EFI/BOOT/BOOTX64.EFI'], 'x86_64')),
  });
}

try {
  if (process.argv.includes('--subvolumes')) makeSubvolumes();
  else makeAll();
} finally {
  rmSync(work, { recursive: true, force: true });
}
