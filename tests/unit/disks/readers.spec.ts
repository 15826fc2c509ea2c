/** Readers against what was written: any pieces anywhere, read at any place; and how little of a large sparse disk is read. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { FileSource } from '../../../src/main/disks/file-source.ts';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import { Folder, GiB, KiB, MiB, qemuImg, qemuIo, readWhole, run, writeRaw } from './disk-files.ts';

let engine: WorkerDiskEngine;
let folder: Folder;
beforeAll(() => {
  engine = new WorkerDiskEngine();
});
afterAll(() => engine.dispose());
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

describe('any small disk', () => {
  const piece = fc.record({ at: fc.nat(5 * MiB), length: fc.integer({ min: 1, max: 200 * KiB }), value: fc.nat(255) });
  const disk = fc.record({ sectors: fc.integer({ min: 1, max: (5 * MiB) / 512 }), pieces: fc.array(piece, { maxLength: 6 }), from: fc.nat(5 * MiB), length: fc.integer({ min: 1, max: MiB }) });

  it.each([['qcow2', null], ['qcow2', 'zlib'], ['qcow2', 'zstd'], ['vhd', null], ['vhd-fixed', null]] as const)('%s %s holds what the raw disk held', async (targetFormat, compression) => {
    let number = 0;
    await fc.assert(fc.asyncProperty(disk, async ({ sectors, pieces, from, length }) => {
      number += 1;
      const target = `t${number}`;
      writeRaw(folder.file('a.raw'), sectors * 512, pieces.filter(({ at }) => at < sectors * 512).map(({ at, length: size, value }) => ({ at, bytes: Buffer.alloc(size, value) })));
      const before = await readWhole(folder.disk('a.raw'));
      await engine.convert({ source: folder.disk('a.raw'), targetPath: folder.file(target), targetFormat, compression, checkpointPath: null, maxTargetBytes: null }, () => undefined);
      expect((await readWhole(folder.disk(target))).equals(before)).toBe(true);
      const { reader } = await openDisk(folder.disk(target));
      const start = from % before.length;
      const size = Math.min(length, before.length - start);
      expect((await reader.read(start, size)).equals(before.subarray(start, start + size))).toBe(true);
      const extents = await reader.extents(start, size);
      expect(extents.reduce((at, extent) => (expect(extent.offset).toBe(at), at + extent.length), start)).toBe(start + size);
      await reader.close();
    }), { numRuns: 15 });
  }, 60_000);
});

describe('overlays', () => {
  it('read through to their base, past its end zeros', async () => {
    writeRaw(folder.file('base.raw'), MiB, [{ at: 0, bytes: Buffer.alloc(MiB, 5) }]);
    await engine.createOverlay({ path: folder.file('o.qcow2'), basePath: folder.file('base.raw'), policy: { roots: [folder.path] } });
    expect((await engine.chain(folder.disk('o.qcow2'))).map(({ format }) => format)).toEqual(['qcow2', 'raw']);
    expect(await engine.firstDifference(folder.disk('o.qcow2'), folder.disk('base.raw'), () => undefined)).toBeNull();
    expect((await engine.checkStructure(folder.file('o.qcow2'))).isSound).toBe(true);
    await expect(engine.createOverlay({ path: folder.file('o.qcow2'), basePath: folder.file('base.raw'), policy: { roots: [folder.path] } })).rejects.toMatchObject({ code: 'DISK_TARGET_EXISTS' });
    if (qemuImg === null || qemuIo === null) return;
    expect(run(qemuImg, 'check', folder.file('o.qcow2'))).toContain('No errors');
    run(qemuImg, 'resize', folder.file('o.qcow2'), '3M');
    run(qemuIo, '-c', 'write -P 9 100k 3k', '-c', 'write -z 512k 128k', folder.file('o.qcow2'));
    run(qemuImg, 'convert', '-O', 'raw', folder.file('o.qcow2'), folder.file('flat.raw'));
    expect((await readWhole(folder.disk('o.qcow2'))).equals(await readWhole(folder.disk('flat.raw')))).toBe(true);
  });

  it.skipIf(qemuIo === null)('read extended L2 with subclusters of each kind', async () => {
    writeRaw(folder.file('base.raw'), MiB, [{ at: 0, bytes: Buffer.alloc(MiB, 5) }]);
    run(qemuImg, 'create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on,cluster_size=128k', '-b', folder.file('base.raw'), '-F', 'raw', folder.file('o.qcow2'));
    run(qemuIo, '-c', 'write -P 1 4k 4k', '-c', 'write -z 16k 4k', '-c', 'write -P 2 900k 8k', '-c', 'write -z 256k 128k', folder.file('o.qcow2'));
    run(qemuImg, 'convert', '-O', 'raw', folder.file('o.qcow2'), folder.file('flat.raw'));
    expect((await readWhole(folder.disk('o.qcow2'))).equals(await readWhole(folder.disk('flat.raw')))).toBe(true);
    expect((await engine.checkStructure(folder.file('o.qcow2'))).problems).toEqual([]);
  });
});

describe('internal snapshots', () => {
  it.skipIf(qemuIo === null)('are listed, counted by the structure check, and no obstacle', async () => {
    run(qemuImg, 'create', '-q', '-f', 'qcow2', folder.file('s.qcow2'), '16M');
    run(qemuIo, '-c', 'write -P 1 0 1M', folder.file('s.qcow2'));
    run(qemuImg, 'snapshot', '-c', 'before updates', folder.file('s.qcow2'));
    run(qemuIo, '-c', 'write -P 2 512k 1M', folder.file('s.qcow2'));
    const { reader, snapshots } = await openDisk(folder.disk('s.qcow2'));
    await reader.close();
    expect(snapshots.map(({ name }) => name)).toEqual(['before updates']);
    expect(await engine.checkStructure(folder.file('s.qcow2'))).toEqual({ isSound: true, problems: [] });
    const { virtualBytes } = await engine.convert({ source: folder.disk('s.qcow2'), targetPath: folder.file('t'), targetFormat: 'vhd', compression: null, checkpointPath: null, maxTargetBytes: null }, () => undefined);
    expect(virtualBytes).toBe(16 * MiB);
    expect(run(qemuImg, 'compare', '-f', 'qcow2', '-F', 'vpc', folder.file('s.qcow2'), folder.file('t'))).toContain('identical');
  });

  it.skipIf(qemuIo === null)('leaks and missing counts are found', async () => {
    run(qemuImg, 'create', '-q', '-f', 'qcow2', folder.file('s.qcow2'), '16M');
    run(qemuIo, '-c', 'write -P 1 0 1M', folder.file('s.qcow2'));
    const { readFileSync, writeFileSync } = await import('node:fs');
    const bytes = readFileSync(folder.file('s.qcow2'));
    const block = bytes.readUInt32BE(bytes.readUInt32BE(52) + 4);
    bytes.writeUInt16BE(0, block + 2 * 5);
    bytes.writeUInt16BE(3, block + 2 * 6);
    writeFileSync(folder.file('s.qcow2'), bytes);
    expect((await engine.checkStructure(folder.file('s.qcow2'))).problems.map(({ code }) => code)).toEqual(['DISK_CHECK_MISSING', 'DISK_CHECK_LEAKED']);
  });
});

describe('a sparse disk of 1 TiB', () => {
  it.skipIf(qemuIo === null)('has its extents found by reading kilobytes', async () => {
    run(qemuImg, 'create', '-q', '-f', 'qcow2', folder.file('big.qcow2'), '1T');
    for (let index = 0; index < 8; index += 1) run(qemuIo, '-c', `write -P ${index + 1} ${index * 100}G 64k`, folder.file('big.qcow2'));
    const spy = vi.spyOn(FileSource.prototype, 'readInto');
    try {
      const { reader } = await openDisk(folder.disk('big.qcow2'));
      const data = (await reader.extents(0, 1024 * GiB)).filter(({ kind }) => kind === 'data');
      await reader.close();
      expect(data.map(({ offset }) => offset)).toEqual(Array.from({ length: 8 }, (_, index) => index * 100 * GiB));
      expect(spy.mock.calls.reduce((sum, [, target]) => sum + target.length, 0)).toBeLessThan(MiB);
    } finally {
      spy.mockRestore();
    }
  });
});
