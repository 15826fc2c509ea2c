/** Copies a file in pieces: abortable, with progress, and able to go on where it stopped. What is copied is verified afterwards. */
import { open, rm } from 'node:fs/promises';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ByteProgress } from '../../disks/disk-engine.ts';
import { errorCode } from '../publish/durable-files.ts';

const pieceBytes = 4 * 1024 * 1024;

/** Goes on after the last whole piece that `to` already has; the caller verifies the whole. The copy is synced when this returns. */
export async function copyFileResumable(from: string, to: string, onProgress: (progress: ByteProgress) => void, signal: AbortSignal): Promise<void> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'a+').then(async (made) => {
      await made.close();
      return open(to, 'r+');
    });
    try {
      const totalBytes = (await source.stat()).size;
      const present = Math.min((await target.stat()).size, totalBytes);
      let offset = present - (present % pieceBytes);
      await target.truncate(offset);
      const buffer = Buffer.allocUnsafe(pieceBytes);
      while (offset < totalBytes) {
        signal.throwIfAborted();
        const { bytesRead } = await source.read(buffer, 0, Math.min(pieceBytes, totalBytes - offset), offset);
        if (bytesRead === 0) throw new AppError('DESKTOP_IMAGE_CHANGED', { path: from });
        for (let written = 0; written < bytesRead;) {
          written += (await target.write(buffer, written, bytesRead - written, offset + written)).bytesWritten;
        }
        offset += bytesRead;
        onProgress({ doneBytes: offset, totalBytes });
      }
      await target.sync();
    } finally {
      await target.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EFBIG') throw new AppError('DESKTOP_IMAGE_COPY_NO_SPACE', { path: to }, { cause: error });
    throw error;
  } finally {
    await source.close();
  }
}

/** Removes a file that the run made; one that is gone already is fine. */
export async function removeOwn(path: string): Promise<void> {
  await rm(path, { force: true });
}
