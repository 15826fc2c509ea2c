/** What the exploit specs of disk formats share: a file that is refused by every way in, in bounded memory. */
import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { DiskFile } from '../../src/main/disks/disk-engine.ts';
import { openDisk } from '../../src/main/disks/open-disk.ts';
import { requireSoundLayers } from '../../src/main/disks/survey.ts';
import type { Folder } from '../unit/disks/disk-files.ts';

const maxMemoryBytes = 256 * 1024 ** 2;

/** Opens, surveys and reads the whole disk, as a conversion would. */
export async function readAll(file: DiskFile, sourceBytes = 64 * 1024 ** 2): Promise<Buffer> {
  const { reader } = await openDisk(file);
  try {
    await requireSoundLayers(reader);
    // A hostile size is no reason to allocate: only the first part is read.
    return await reader.read(0, Math.min(reader.virtualBytes, sourceBytes));
  } finally {
    await reader.close();
  }
}

/** Refused with that code; memory does not grow with what the file claims. */
export async function expectRefused(folder: Folder, name: string, bytes: Buffer, code: string): Promise<void> {
  writeFileSync(folder.file(name), bytes);
  const before = process.memoryUsage().rss;
  await expect(readAll(folder.disk(name))).rejects.toMatchObject({ code });
  expect(process.memoryUsage().rss - before).toBeLessThan(maxMemoryBytes);
}

/** What a bend made of a file: another file, or the same one changed in place. */
export function bent(result: unknown, file: Buffer): Buffer {
  return Buffer.isBuffer(result) ? result : file;
}
