/** The write-read-delete test of a directory: the only proof that a share's rights, quota and cache really let images in. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../shared/model/app-error.ts';

const sampleBytes = 64 * 1024;

/** Leaves nothing behind. @throws AppError `POOL_TEST_FAILED` with what the system said, `POOL_TEST_DIFFERS`. */
export async function testDirectory(path: string): Promise<void> {
  const file = join(path, `.goldpress-test-${randomBytes(8).toString('hex')}`);
  const sample = randomBytes(sampleBytes);
  let isSame: boolean;
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(sample);
      await handle.sync();
    } finally {
      await handle.close();
    }
    isSame = sample.equals(await readFile(file));
    await rm(file);
  } catch (error) {
    // The failure itself is told; a file that could not be removed either is empty or small, and named so that it is recognised.
    await rm(file, { force: true }).catch(() => undefined);
    throw new AppError('POOL_TEST_FAILED', { path, cause: error instanceof Error ? error.message : String(error) }, { cause: error });
  }
  if (!isSame) throw new AppError('POOL_TEST_DIFFERS', { path });
}
