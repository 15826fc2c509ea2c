/**
 * What a directory can take: is it there, can it be written, how much is free, and what its file system cannot do. Asked anew each
 * time, because pools are USB disks and network shares. Owns no list of pools.
 */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { say, type Message } from '../../shared/model/message.ts';
import type { ImagePool } from '../../shared/model/image-pool.ts';
import { fat32MaxFileBytes } from '../../shared/rules/pool-limits.ts';
import { markerName, markerText, readMarker } from './pool-marker.ts';

export type DirectoryFacts = Pick<
  ImagePool,
  'isWritable' | 'freeBytes' | 'totalBytes' | 'fileSystem' | 'maxFileBytes' | 'hasWindowsNames' | 'problem'
>;

/** A share whose server has gone does not answer at all; the list must not wait for it. */
const answerWithinMs = 4000;

/** Linux's statfs magic numbers (linux/magic.h) of what image pools lie on. Other systems do not tell. */
const linuxFileSystems: Readonly<Record<number, string>> = {
  0x4d44: 'vfat', 0x2011bab0: 'exfat', 0x5346544e: 'ntfs', 0x7366746e: 'ntfs3', 0xef53: 'ext4', 0x58465342: 'xfs', 0x9123683e: 'btrfs',
  0x01021994: 'tmpfs', 0x6969: 'nfs', 0xff534d42: 'cifs', 0xfe534d42: 'smb', 0x65735546: 'fuse', 0x794c7630: 'overlay', 0x2fc12fc1: 'zfs',
};
const windowsNamed: ReadonlySet<string> = new Set(['vfat', 'exfat', 'ntfs', 'ntfs3', 'cifs', 'smb']);

const nothingKnown = { isWritable: false, freeBytes: null, totalBytes: null, fileSystem: null, maxFileBytes: null, hasWindowsNames: false } as const;

async function lookAt(path: string, marker: string | null): Promise<DirectoryFacts> {
  const found = await stat(path);
  if (!found.isDirectory()) return { ...nothingKnown, problem: say('POOL_NOT_A_DIRECTORY', { path }) };
  // Space and rights of what lies here instead would only mislead.
  if (marker !== null && (await readMarker(path)) !== marker) {
    return { ...nothingKnown, problem: say('POOL_NOT_MOUNTED', { path, file: markerName, text: markerText(marker) }) };
  }
  const space = await statfs(path);
  const fileSystem = process.platform === 'linux' ? (linuxFileSystems[space.type >>> 0] ?? null) : null;
  const known = {
    freeBytes: space.bavail * space.bsize,
    totalBytes: space.blocks * space.bsize,
    fileSystem,
    maxFileBytes: fileSystem === 'vfat' ? fat32MaxFileBytes : null,
    hasWindowsNames: process.platform === 'win32' || (fileSystem !== null && windowsNamed.has(fileSystem)),
  };
  try {
    await access(path, constants.W_OK | constants.X_OK);
    return { ...known, isWritable: true, problem: null };
  } catch {
    // Readable is enough to show it; why it cannot be written is the system's secret (rights, a read-only mount).
    return { ...known, isWritable: false, problem: null };
  }
}

function problemOf(error: unknown, path: string): Message {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return say('POOL_NOT_THERE', { path });
  if (code === 'EACCES' || code === 'EPERM') return say('POOL_NO_ACCESS', { path });
  return say('POOL_UNREADABLE', { path, cause: error instanceof Error ? error.message : String(error) });
}

/**
 * Never rejects: what is wrong with the directory is in `problem`.
 * @param marker the id that the directory's marker file must hold; null asks for none
 */
export async function directoryFacts(path: string, marker: string | null = null): Promise<DirectoryFacts> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<DirectoryFacts>((resolve) => {
    timer = setTimeout(() => resolve({ ...nothingKnown, problem: say('POOL_SILENT', { path }) }), answerWithinMs);
  });
  try {
    return await Promise.race([lookAt(path, marker), late]);
  } catch (error) {
    return { ...nothingKnown, problem: problemOf(error, path) };
  } finally {
    clearTimeout(timer);
  }
}
