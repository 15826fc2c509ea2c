/**
 * One conversion in a process of its own; says how long the call took. The threads are started before, by converting a disk of one
 * sector: from source that takes most of a second of processor time (the built app loads one bundle), and is not what is measured.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkerDiskEngine, type ConvertJob } from '../../src/main/disks/disk-engine.ts';

const engine = new WorkerDiskEngine();
const folder = mkdtempSync(join(tmpdir(), 'goldpress-warm-'));
const job = JSON.parse(process.argv[2] ?? '{}') as ConvertJob;
try {
  writeFileSync(join(folder, 'sector'), Buffer.alloc(512, 1));
  const source = { path: join(folder, 'sector'), policy: { roots: [] } };
  await engine.convert({ ...job, source, targetPath: join(folder, 'out') }, () => undefined);
  await engine.identify(source, 'fast', () => undefined);
  const startedAt = performance.now();
  await engine.convert(job, () => undefined);
  console.log(`seconds=${(performance.now() - startedAt) / 1000}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
  await engine.dispose();
}
