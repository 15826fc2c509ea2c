/** Disks in another place, through the engine's own threads: the same answers as here, and nothing left open. */
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WorkerDiskEngine, type ConvertJob } from '../../../src/main/disks/disk-engine.ts';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { Folder, MiB, mixedPieces, qemuImg, qemuIo, run, textBytes, writeRaw } from './disk-files.ts';
import { FolderPlace } from './folder-place.ts';

let engine: WorkerDiskEngine;
let folder: Folder;
let place: FolderPlace;
beforeAll(() => {
  engine = new WorkerDiskEngine();
});
afterAll(() => engine.dispose());
beforeEach(() => {
  folder = new Folder();
  place = new FolderPlace(folder.path);
});
afterEach(() => folder.remove());

const silent = (): void => undefined;

function job(source: string, more: Partial<ConvertJob> = {}): ConvertJob {
  return { source: place.disk(source), targetPath: folder.file('target'), targetFormat: 'qcow2', compression: null, checkpointPath: folder.file('notes'), maxTargetBytes: null, ...more };
}

/** The same disk in every kind of file that is read. */
const kinds: Record<string, (raw: string) => void> = {
  raw: (raw) => renameSync(raw, folder.file('disk')),
  qcow2: (raw) => void run(qemuImg, 'convert', '-f', 'raw', '-O', 'qcow2', raw, folder.file('disk')),
  'compressed qcow2': (raw) => void run(qemuImg, 'convert', '-c', '-f', 'raw', '-O', 'qcow2', raw, folder.file('disk')),
  'qcow2 over a base': (raw) => {
    run(qemuImg, 'convert', '-f', 'raw', '-O', 'qcow2', raw, folder.file('base.qcow2'));
    run(qemuImg, 'create', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', folder.file('disk'));
    run(qemuIo, '-f', 'qcow2', '-c', 'write -P 7 3M 300k', folder.file('disk'));
  },
  'dynamic VHD': (raw) => void run(qemuImg, 'convert', '-f', 'raw', '-O', 'vpc', '-o', 'force_size=on', raw, folder.file('disk')),
  VHDX: (raw) => void run(qemuImg, 'convert', '-f', 'raw', '-O', 'vhdx', raw, folder.file('disk')),
  'split VMDK': (raw) => void run(qemuImg, 'convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse', raw, folder.file('disk.vmdk')),
  'stream-optimized VMDK': (raw) => void run(qemuImg, 'convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', raw, folder.file('disk')),
};

describe.skipIf(qemuImg === null || qemuIo === null).each(Object.entries(kinds))('%s', (_name, make) => {
  it('says and gives the same as here', async () => {
    writeRaw(folder.file('a.raw'), 13 * MiB, mixedPieces(13 * MiB));
    make(folder.file('a.raw'));
    const name = existsSync(folder.file('disk.vmdk')) ? 'disk.vmdk' : 'disk';
    const here = folder.disk(name);
    const there = place.disk(name);

    const layers = await engine.chain(there);
    expect(layers.map(({ format, variant, virtualBytes, fileBytes }) => ({ format, variant, virtualBytes, fileBytes })))
      .toEqual((await engine.chain(here)).map(({ format, variant, virtualBytes, fileBytes }) => ({ format, variant, virtualBytes, fileBytes })));
    expect(layers.map(({ path }) => path)).toContain(`/far/${name}`);
    expect(await engine.map(there, 40)).toEqual(await engine.map(here, 40));
    expect((await engine.inspect(there)).partitions).toEqual((await engine.inspect(here)).partitions);
    const identity = await engine.identify(here, 'content', silent);
    expect(await engine.identify(there, 'content', silent)).toEqual(identity);
    expect(await engine.firstDifference(here, there, silent)).toBeNull();

    const result = await engine.convert(job(name), silent);
    expect(result.sourceFingerprint).toBe(await engine.fingerprint(there));
    expect(await engine.identify(folder.disk('target'), 'content', silent)).toEqual(identity);
    expect((await engine.checkStructure(folder.file('target'))).problems).toEqual([]);
    expect(place.openHandles).toBe(0);
  });
});

describe('a conversion', () => {
  beforeEach(() => {
    const piece = Buffer.concat([randomBytes(14 * MiB), textBytes(MiB)]);
    writeRaw(folder.file('a.raw'), 96 * MiB, Array.from({ length: 6 }, (_, index) => ({ at: index * 16 * MiB, bytes: piece })));
  });

  it('has more reads under way than threads', async () => {
    place.beforeRead = () => sleep(20).then(() => undefined);
    await engine.convert(job('a.raw'), silent);
    expect(place.peakReading).toBeGreaterThan(Math.min(availableParallelism(), 8));
  });

  it('ends with what the session says when it dies, and goes on once there is a new one', async () => {
    let reads = 0;
    place.beforeRead = () => {
      reads += 1;
      return reads > 400 ? Promise.reject(new AppError('DISK_REMOTE_CUT', { path: place.label, reason: 'ECONNRESET' }, { isRetryable: true })) : Promise.resolve();
    };
    await expect(engine.convert(job('a.raw'), silent)).rejects.toMatchObject({
      name: 'AppError', code: 'DISK_REMOTE_CUT', params: { path: place.label, reason: 'ECONNRESET' }, isRetryable: true,
    });
    expect(place.openHandles).toBe(0);
    place.beforeRead = () => Promise.resolve();
    const result = await engine.convert(job('a.raw'), silent);
    expect(result.resumedFromBytes).toBeGreaterThan(0);
    expect(result.resumedFromBytes).toBeLessThan(96 * MiB);
    expect(await engine.firstDifference(folder.disk('a.raw'), folder.disk('target'), silent)).toBeNull();
    expect(result.fastIdentity).toEqual(await engine.identify(folder.disk('a.raw'), 'fast', silent));
  });

  it('starts over where the file there changed meanwhile', async () => {
    await expect(engine.convert(job('a.raw', { maxTargetBytes: 60 * MiB }), silent)).rejects.toMatchObject({ code: 'DISK_TARGET_LIMIT' });
    utimesSync(folder.file('a.raw'), 1, 1);
    expect((await engine.convert(job('a.raw'), silent)).resumedFromBytes).toBe(0);
  });

  it('can be aborted while the session answers to nothing', async () => {
    const controller = new AbortController();
    const hangs = place.hangAfter(100);
    const converting = engine.convert(job('a.raw'), silent, controller.signal);
    const outcome = expect(converting).rejects.toThrow('enough');
    await hangs;
    controller.abort(new Error('enough'));
    await outcome;
    expect(place.openHandles).toBe(0);
  });

  it('leaves nothing open when its threads are ended', async () => {
    const other = new WorkerDiskEngine();
    const hangs = place.hangAfter(100);
    const outcome = expect(other.convert(job('a.raw'), silent)).rejects.toMatchObject({ code: 'DISK_ENGINE_STOPPED' });
    await hangs;
    await other.dispose();
    await outcome;
    expect(place.openHandles).toBe(0);
  });
});

describe('a path of another place', () => {
  it('is never looked for on this computer', async () => {
    writeRaw(folder.file('a.raw'), MiB, []);
    const file = { path: folder.file('a.raw'), policy: { roots: [folder.path] }, place };
    for (const ask of [() => engine.chain(file), () => engine.inspect(file), () => engine.map(file, 4), () => engine.fingerprint(file), () => engine.identify(file, 'fast', silent)]) {
      await expect(ask()).rejects.toMatchObject({ code: 'DISK_NOT_FOUND', params: { path: `far-host:22:${folder.file('a.raw')}` } });
    }
    await expect(engine.convert({ ...job('a.raw'), source: file }, silent)).rejects.toMatchObject({ code: 'DISK_NOT_FOUND' });
    rmSync(folder.file('a.raw'));
  });
});
