/** A pool that is really full: a small tmpfs, where the tests may mount one (root on Linux). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { changed, rig } from './rig.ts';

const mounts: string[] = [];
afterAll(() => {
  for (const path of mounts) {
    execFileSync('umount', [path]);
    rmSync(path, { recursive: true, force: true });
  }
});

/** Null where nothing may be mounted. */
function smallDisk(mebibytes: number): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const path = mkdtempSync(join(tmpdir(), 'goldpress-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    // A container without the right to mount: the limit is tested with `maxTargetBytes` in clone.spec.ts.
    rmSync(path, { recursive: true, force: true });
    return null;
  }
  mounts.push(path);
  return path;
}

const [tiny, small] = [smallDisk(4), smallDisk(8)];

describe('a full pool', () => {
  it.skipIf(tiny === null)('is refused before anything is written', async () => {
    const r = await rig({ poolPath: tiny! });
    const plan = await r.plan(await r.clone('Win'));
    expect(plan.findings[0]).toMatchObject({ id: 'pool-space', severity: 'blocking', reason: { code: 'POOL_SPACE_SHORT' } });
  });

  it.skipIf(small === null)('that fills up half-way keeps nothing of ours', async () => {
    const r = await rig({
      poolPath: small!,
      disks: (real) => changed(real, {
        convert: (job, onProgress, signal) => {
          writeFileSync(join(small!, 'somebody else’s.bin'), Buffer.alloc(6 * 1024 * 1024, 1));
          return real.convert(job, onProgress, signal);
        },
      }),
    });
    // Unmounting at the end also proves that no handle is left open.
    const { status, code } = await r.run(await r.clone('Win'));
    expect(status).toBe('failed');
    expect(code).toMatch(/SPACE|FULL|LIMIT/);
    expect(r.poolFiles()).toEqual(['somebody else’s.bin']);
  });
});
