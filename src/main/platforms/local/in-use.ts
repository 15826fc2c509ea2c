/**
 * Whether another program has a disk open right now. Linux: the kernel's table of locks (qemu and others lock the disks they write);
 * Windows: opening for writing fails while somebody else holds the file. Elsewhere only a changing file gives it away.
 * Nothing is locked or written here.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { codeOf } from './definition-file.ts';

/** A lock as `/proc/locks` shows it. */
interface HeldLock {
  device: string;
  inode: string;
}

/** The locks of this machine at one moment. */
export class LockTable {
  readonly #byInode = new Map<string, HeldLock[]>();

  constructor(locks: readonly HeldLock[]) {
    for (const lock of locks) this.#byInode.set(lock.inode, [...(this.#byInode.get(lock.inode) ?? []), lock]);
  }

  /** Reads the table; empty on systems that have none. */
  static async read(): Promise<LockTable> {
    if (process.platform !== 'linux') return new LockTable([]);
    try {
      return new LockTable(parseLocks(await readFile('/proc/locks', 'utf8')));
    } catch (error) {
      // A sandbox may hide the table. Then a changing file is all there is to go by, as on other systems.
      if (['ENOENT', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return new LockTable([]);
      throw error;
    }
  }

  /** @param file its device and inode as `stat` gives them */
  isLocked(file: { dev: bigint; ino: bigint }): boolean {
    const locks = this.#byInode.get(file.ino.toString()) ?? [];
    const device = deviceName(file.dev);
    // Btrfs and overlays give files another anonymous device (major 0) than the one in the table.
    return locks.some((lock) => lock.device === device || (lock.device.startsWith('00:') && device.startsWith('00:')));
  }
}

/** Lines like `1: OFDLCK ADVISORY  READ -1 08:01:131090 100 101`; waiting locks (`1: -> …`) are not held. */
export function parseLocks(text: string): HeldLock[] {
  return text.split('\n').flatMap((line) => {
    const found = / ([0-9a-f]+:[0-9a-f]+):(\d+) \d+ (\d+|EOF)\s*$/.exec(line);
    if (found === null || line.includes('->')) return [];
    return [{ device: found[1] ?? '', inode: found[2] ?? '' }];
  });
}

/** Linux's device number as `major:minor` in hexadecimal, two digits at least. */
function deviceName(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn);
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
}

/** Whether another program holds the file. A file that has gone is not held. */
export async function isHeldByOther(path: string, locks: LockTable): Promise<boolean> {
  if (process.platform === 'win32') return isSharingViolation(path);
  try {
    return locks.isLocked(await stat(path, { bigint: true }));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Opening for writing changes nothing, and fails with EBUSY while another program holds the file without sharing it. */
async function isSharingViolation(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r+')).close();
    return false;
  } catch (error) {
    // EPERM and EACCES mean a read-only file, which says nothing about its use.
    return codeOf(error) === 'EBUSY';
  }
}
