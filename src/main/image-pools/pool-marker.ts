/**
 * The small file that tells a pool's directory from the empty mount point that is left when its disk or share goes away: the mount
 * point shows the system disk, with that disk's free space. Owns the file's name and text.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../shared/model/app-error.ts';

export const markerName = '.goldpress-pool.json';

const markerSchema = z.object({ poolId: z.string().min(1).max(100) });

/** The text of the marker file, as a person could write it too. */
export function markerText(marker: string): string {
  return JSON.stringify({ poolId: marker });
}

function parse(text: string): string | null {
  try {
    return markerSchema.parse(JSON.parse(text)).poolId;
  } catch (error) {
    // A half written or foreign file marks nothing.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** The id in the directory's marker; null when there is none that can be understood. @throws the system's error for an unreadable one */
export async function readMarker(directory: string): Promise<string | null> {
  try {
    return parse(await readFile(join(directory, markerName), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Marks the directory. A marker that is there is kept: another Goldpress may use the same share.
 * @returns the id that the marker holds now
 * @throws AppError `POOL_TEST_FAILED`
 */
export async function ensureMarker(directory: string, marker: string): Promise<string> {
  const part = join(directory, `.goldpress-test-${randomBytes(8).toString('hex')}`);
  try {
    const present = await readMarker(directory);
    if (present !== null) return present;
    const handle = await open(part, 'wx', 0o644);
    try {
      await handle.writeFile(`${markerText(marker)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, join(directory, markerName));
    return marker;
  } catch (error) {
    // The failure itself is told; what could not be removed either is small, and named so that it is recognised.
    await rm(part, { force: true }).catch(() => undefined);
    throw new AppError('POOL_TEST_FAILED', { path: directory, cause: error instanceof Error ? error.message : String(error) }, { cause: error });
  }
}
