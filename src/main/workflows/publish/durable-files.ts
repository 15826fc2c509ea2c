/** Small file operations that survive a crash and never overwrite: the register step and the manifests stand on them. */
import { link, lstat, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';

export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** The entry itself, links not followed; null when there is none. */
export async function entryAt(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Makes a file's bytes, or the names in a directory, survive a power cut. Windows keeps directories by itself and refuses to open them. */
export async function syncPath(path: string, kind: 'file' | 'directory'): Promise<void> {
  if (kind === 'directory' && process.platform === 'win32') return;
  const handle = await open(path, kind === 'file' ? 'r+' : 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems do not sync directories; their servers do it by themselves.
    if (kind === 'file' || !['EINVAL', 'ENOTSUP', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/** What `link` answers on file systems that have no hard links (FAT, exFAT, some shares). */
const noHardLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'EISDIR', 'UNKNOWN']);

const isSameFile = (a: BigIntStats, b: BigIntStats): boolean => a.ino === b.ino && a.dev === b.dev;

/**
 * Gives `temporary` its final name without ever overwriting: by a hard link, or where there are none by reserving the name first.
 * May be called again after a crash at any point of it.
 * @param makeLink the system's hard link; tests pass one that fails as FAT does.
 * @throws AppError `PUBLISH_FILE_APPEARED` when something else has the name.
 */
export async function placeFile(temporary: string, final: string, makeLink: typeof link = link): Promise<void> {
  const [source, present] = [await entryAt(temporary), await entryAt(final)];
  if (present !== null) {
    // Placed before, and only this function's last act was missing.
    if (source === null) return;
    if (isSameFile(source, present)) {
      await unlink(temporary);
      return;
    }
    if (!present.isFile() || present.size !== 0n) throw new AppError('PUBLISH_FILE_APPEARED', { path: final });
    // An empty file is a reservation: it holds nothing that could be lost.
    await rename(temporary, final);
    return;
  }
  try {
    await makeLink(temporary, final);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'EEXIST') throw new AppError('PUBLISH_FILE_APPEARED', { path: final }, { cause: error });
    if (!noHardLinks.has(code)) throw error;
    await reserve(final);
    await rename(temporary, final);
    return;
  }
  await unlink(temporary);
}

async function reserve(path: string): Promise<void> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw new AppError('PUBLISH_FILE_APPEARED', { path }, { cause: error });
    throw error;
  }
}

/** Whether the entry at `final` is what `placeFile(temporary, final)` put there; decided by inode, or by size once `temporary` is gone. */
export async function isPlaced(temporary: string, final: string, expectedBytes: number): Promise<boolean> {
  const [source, present] = [await entryAt(temporary), await entryAt(final)];
  if (present === null || !present.isFile()) return false;
  if (source !== null) return isSameFile(source, present) || present.size === 0n;
  return present.size === BigInt(expectedBytes);
}

/** Where `replaceFile` writes before it renames. */
export function replacementPath(path: string, mark: string): string {
  return join(dirname(path), `.goldpress-${mark}.part`);
}

/** Writes a small file whole or not at all: beside it, synced, then renamed over what was there. @param mark unique to the writer. */
export async function replaceFile(path: string, text: string, mark: string): Promise<void> {
  const temporary = replacementPath(path, mark);
  const handle = await open(temporary, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncPath(dirname(path), 'directory');
}

/** Removes a directory if nothing is left in it. @returns whether it is gone. */
export async function removeIfEmpty(path: string): Promise<boolean> {
  const entry = await entryAt(path);
  if (entry === null) return true;
  if (!entry.isDirectory() || (await readdir(path)).length > 0) return false;
  await rmdir(path);
  return true;
}
