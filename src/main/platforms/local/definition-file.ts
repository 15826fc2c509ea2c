/**
 * Definition files on disk: read whole with a fingerprint of their bytes, replaced as one (new file, sync, rename, sync of the folder),
 * so that after a crash there is the old text or the new one and never half of it.
 */
import { createHash } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import { maxDefinitionBytes } from '../domain-xml/xml.ts';

export interface DefinitionText {
  path: string;
  text: string;
  /** SHA-256 of the bytes. */
  fingerprint: string;
}

export const textFingerprint = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws `LIBRARY_DEFINITION_TOO_LARGE`, `LIBRARY_FILE_UNREADABLE` */
export async function readDefinition(path: string): Promise<DefinitionText> {
  try {
    const { size } = await stat(path);
    if (size > maxDefinitionBytes) throw new AppError('LIBRARY_DEFINITION_TOO_LARGE', { file: path, limitBytes: maxDefinitionBytes });
    const bytes = await readFile(path);
    const text = bytes.toString('utf8');
    // A text that does not survive the round trip is in another encoding; writing it back would destroy names.
    if (!Buffer.from(text, 'utf8').equals(bytes)) throw new AppError('LIBRARY_DEFINITION_BROKEN', { file: path, problem: 'UTF-8' });
    return { path, text, fingerprint: textFingerprint(text) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('LIBRARY_FILE_UNREADABLE', { file: path }, { cause: error });
  }
}

/** Replaces a definition. Its permission bits are kept. */
export async function replaceDefinition(path: string, text: string): Promise<void> {
  const { mode } = await stat(path);
  const temporary = await writeBeside(path, text, mode & 0o777);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new AppError('LIBRARY_WRITE_FAILED', { file: path }, { cause: error });
  }
  await syncFolder(dirname(path));
}

/** Writes a definition that must not exist yet. @throws `LIBRARY_NAME_TAKEN` */
export async function createDefinition(path: string, text: string): Promise<void> {
  const temporary = await writeBeside(path, text, 0o644);
  try {
    await placeNew(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
}

/** A hard link never replaces; file systems without links (FAT) get a rename after a look, which only a race could fool. */
async function placeNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const isTaken = codeOf(error) === 'EEXIST' || (await exists(path));
    if (isTaken) throw new AppError('LIBRARY_NAME_TAKEN', { file: path }, { cause: error });
    await rename(temporary, path);
  }
}

async function writeBeside(path: string, text: string, mode: number): Promise<string> {
  // The same name each time: what a killed process left here is replaced by the attempt that goes on, and does not stay for ever.
  const mark = createHash('sha256').update(basename(path)).digest('hex').slice(0, 12);
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${mark}.tmp`);
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw new AppError('LIBRARY_WRITE_FAILED', { file: path }, { cause: error });
  }
  return temporary;
}

/** Makes renames and removals in a folder last. Windows has no such call, and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems refuse to sync a folder; the rename itself has happened.
    if (!['EINVAL', 'ENOTSUP', 'EIO', 'EBADF'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
