/** A conversion whose process is really killed goes on from its checkpoint; the result is the uninterrupted one's. */
import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../src/main/disks/checkpoint.ts';
import { WorkerDiskEngine, type ConvertJob } from '../../../src/main/disks/disk-engine.ts';
import { Folder, MiB, qemuImg, run, textBytes, writeRaw } from './disk-files.ts';

let engine: WorkerDiskEngine;
let folder: Folder;
beforeAll(() => {
  engine = new WorkerDiskEngine();
});
afterAll(() => engine.dispose());
beforeEach(() => {
  folder = new Folder();
  const piece = Buffer.concat([randomBytes(14 * MiB), textBytes(MiB), Buffer.alloc(MiB)]);
  writeRaw(folder.file('a.raw'), 230 * MiB + 512, Array.from({ length: 13 }, (_, index) => ({ at: index * 17 * MiB + 512, bytes: piece })));
});
afterEach(() => folder.remove());

const silent = (): void => undefined;

function job(targetFormat: ConvertJob['targetFormat'], compression: ConvertJob['compression'] = null): ConvertJob {
  return {
    source: folder.disk('a.raw'), targetPath: folder.file('b'), targetFormat, compression, checkpointPath: folder.file('b.checkpoint'), maxTargetBytes: null,
  };
}

/** Starts the conversion in a process of its own and kills it once the checkpoint holds that many batches. */
async function killAfter(conversion: ConvertJob, batches: number): Promise<boolean> {
  const child = fork(new URL('./convert-child.ts', import.meta.url), [JSON.stringify(conversion)], { stdio: 'ignore', execArgv: [] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const path = conversion.checkpointPath ?? '';
  while (!hasEnded() && (readCheckpoint(path)?.batches.length ?? -1) < batches) await new Promise((resolve) => setTimeout(resolve, 2));
  const wasKilled = !hasEnded() && child.kill('SIGKILL');
  await ended;
  return wasKilled;
}

const variants = [['qcow2', null], ['qcow2', 'zstd'], ['vhd', null], ['vhd-fixed', null], ['raw', null]] as const;

describe.each(variants)('%s %s', (targetFormat, compression) => {
  it.each(targetFormat === 'qcow2' ? [0, 1, 2] : [1])('killed after %i batches', async (batches) => {
    const conversion = job(targetFormat, compression);
    await killAfter(conversion, batches);
    const saved = readCheckpoint(folder.file('b.checkpoint'));
    // On a fast machine the conversion may have ended before the kill: its checkpoint is gone, and it is made once more.
    if (saved === null) rmSync(folder.file('b'), { force: true });
    const result = await engine.convert(conversion, silent);
    if (saved !== null && saved.batches.length > 0) expect(result.resumedFromBytes).toBeGreaterThan(0);
    expect(existsSync(folder.file('b.checkpoint'))).toBe(false);
    expect(await engine.firstDifference(folder.disk('a.raw'), folder.disk('b'), silent)).toBeNull();
    expect(await engine.identify(folder.disk('a.raw'), 'fast', silent)).toEqual(result.fastIdentity);
    expect((await engine.checkStructure(folder.file('b'))).problems).toEqual([]);
    if (qemuImg !== null && targetFormat === 'qcow2') expect(run(qemuImg, 'check', folder.file('b'))).toContain('No errors');
  }, 60_000);
});

describe('what is found at the next start is not trusted', () => {
  /** Stops in the middle for sure: there is no room for the rest. */
  async function stopped(conversion: ConvertJob): Promise<void> {
    await expect(engine.convert({ ...conversion, maxTargetBytes: 150 * MiB }, silent)).rejects.toMatchObject({ code: 'DISK_TARGET_LIMIT' });
    expect(readCheckpoint(folder.file('b.checkpoint'))?.batches.length).toBeGreaterThan(0);
  }

  async function expectWhole(conversion: ConvertJob, isResumed: boolean): Promise<void> {
    const result = await engine.convert(conversion, silent);
    expect(result.resumedFromBytes > 0).toBe(isResumed);
    expect(await engine.firstDifference(folder.disk('a.raw'), folder.disk('b'), silent)).toBeNull();
    expect((await engine.checkStructure(folder.file('b'))).problems).toEqual([]);
  }

  it('goes on after a stop', async () => {
    await stopped(job('qcow2'));
    await expectWhole(job('qcow2'), true);
  }, 60_000);

  it('starts over when the source changed', async () => {
    await stopped(job('vhd'));
    const fd = openSync(folder.file('a.raw'), 'r+');
    writeSync(fd, randomBytes(512), 0, 512, 0);
    closeSync(fd);
    utimesSync(folder.file('a.raw'), new Date(), new Date(Date.now() + 5000));
    await expectWhole(job('vhd'), false);
  }, 60_000);

  it('starts over when the target lost what was recorded', async () => {
    await stopped(job('vhd'));
    truncateSync(folder.file('b'), 3 * MiB);
    await expectWhole(job('vhd'), false);
  }, 60_000);

  it('makes a new target when it is gone', async () => {
    await stopped(job('qcow2'));
    rmSync(folder.file('b'));
    await expectWhole(job('qcow2'), false);
  }, 60_000);

  it('takes a torn last batch for not written', async () => {
    await stopped(job('qcow2'));
    const path = folder.file('b.checkpoint');
    appendFileSync(path, readFileSync(path).subarray(-40));
    await expectWhole(job('qcow2'), true);
  }, 60_000);

  it('does not touch a file that its checkpoint does not describe', async () => {
    await stopped(job('qcow2'));
    writeRaw(folder.file('other'), 1024, []);
    const before = createHash('sha256').update(readFileSync(folder.file('other'))).digest('hex');
    await expect(engine.convert({ ...job('qcow2'), targetPath: folder.file('other') }, silent)).rejects.toMatchObject({ code: 'DISK_TARGET_EXISTS' });
    expect(createHash('sha256').update(readFileSync(folder.file('other'))).digest('hex')).toBe(before);
    expect(statSync(folder.file('b')).size).toBeGreaterThan(0);
  }, 60_000);
});
