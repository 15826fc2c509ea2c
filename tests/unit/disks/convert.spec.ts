/** Round trips of the whole engine, in its own threads; qemu-img is the judge where it is installed. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WorkerDiskEngine, type ConvertJob, type ConvertResult } from '../../../src/main/disks/disk-engine.ts';
import { Folder, GiB, KiB, MiB, mixedPieces, qemuImg, run, writeRaw } from './disk-files.ts';

const targets = [
  { name: 'qcow2', targetFormat: 'qcow2', compression: null, oracleFormat: 'qcow2' },
  { name: 'qcow2 zlib', targetFormat: 'qcow2', compression: 'zlib', oracleFormat: 'qcow2' },
  { name: 'qcow2 zstd', targetFormat: 'qcow2', compression: 'zstd', oracleFormat: 'qcow2' },
  { name: 'dynamic VHD', targetFormat: 'vhd', compression: null, oracleFormat: 'vpc' },
  { name: 'fixed VHD', targetFormat: 'vhd-fixed', compression: null, oracleFormat: 'vpc' },
  { name: 'raw', targetFormat: 'raw', compression: null, oracleFormat: 'raw' },
] as const;

const sizes = {
  'one sector': 512,
  '511 sectors': 511 * 512,
  'not a multiple of 2 MiB': 5 * MiB + 3 * 512,
  'several blocks': 12 * MiB,
};

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

const silent = (): void => undefined;

function convert(source: string, target: string, more: Partial<ConvertJob>, signal?: AbortSignal): Promise<ConvertResult> {
  const job = { source: folder.disk(source), targetPath: folder.file(target), targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null } as const;
  return engine.convert({ ...job, ...more }, silent, signal);
}

describe.each(targets)('to $name', ({ targetFormat, compression, oracleFormat }) => {
  it.each(Object.entries(sizes))('%s: same guest bytes, sound structure, the announced identity', async (_name, sizeBytes) => {
    writeRaw(folder.file('a.raw'), sizeBytes, mixedPieces(sizeBytes));
    const result = await convert('a.raw', 'b', { targetFormat, compression });
    expect(result.virtualBytes).toBe(sizeBytes);
    expect(result.targetBytes).toBe(statSync(folder.file('b')).size);
    expect(await engine.firstDifference(folder.disk('a.raw'), folder.disk('b'), silent)).toBeNull();
    expect(await engine.checkStructure(folder.file('b'))).toEqual({ isSound: true, problems: [] });
    expect(await engine.identify(folder.disk('b'), 'fast', silent)).toEqual(result.fastIdentity);
    if (qemuImg === null) return;
    expect(run(qemuImg, 'compare', '-f', 'raw', '-F', oracleFormat, folder.file('a.raw'), folder.file('b'))).toContain('identical');
    if (oracleFormat === 'qcow2') expect(run(qemuImg, 'check', folder.file('b'))).toContain('No errors');
    expect((JSON.parse(run(qemuImg, 'info', '--output=json', '-f', oracleFormat, folder.file('b'))) as { 'virtual-size': number })['virtual-size']).toBe(sizeBytes);
  });
});

describe('a sparse disk above 4 GiB', () => {
  it('keeps its size and bytes through qcow2, VHD and back', async () => {
    const sizeBytes = 4 * GiB + 12_345 * 512;
    writeRaw(folder.file('a.raw'), sizeBytes, mixedPieces(sizeBytes));
    const { fastIdentity } = await convert('a.raw', 'b.qcow2', {});
    for (const { name, targetFormat, compression } of targets.slice(0, 5)) {
      expect((await convert('b.qcow2', name, { targetFormat, compression })).fastIdentity).toEqual(fastIdentity);
      expect(await engine.firstDifference(folder.disk('b.qcow2'), folder.disk(name), silent)).toBeNull();
    }
    if (qemuImg !== null) expect(run(qemuImg, 'compare', '-f', 'raw', '-F', 'qcow2', folder.file('a.raw'), folder.file('b.qcow2'))).toContain('identical');
  }, 60_000);
});

describe('from what qemu-img makes', () => {
  const variants = [
    ['qcow2', 'qcow2', ''], ['qcow2', 'qcow2', 'compat=0.10'], ['qcow2', 'qcow2', 'cluster_size=512'], ['qcow2', 'qcow2', 'cluster_size=4k'],
    ['qcow2', 'qcow2', 'cluster_size=2M'], ['qcow2', 'qcow2', 'extended_l2=on,cluster_size=128k'], ['qcow2', 'qcow2', 'refcount_bits=1'],
    ['qcow2', 'qcow2', 'refcount_bits=64'], ['qcow2', 'qcow2', 'preallocation=metadata'], ['qcow2 -c', 'qcow2', ''], ['qcow2 -c', 'qcow2', 'cluster_size=512'],
    ['qcow2 -c', 'qcow2', 'compression_type=zstd'], ['qcow2 -c', 'qcow2', 'compression_type=zstd,cluster_size=2M'], ['vpc', 'vpc', ''],
    ['vpc', 'vpc', 'force_size=on'], ['vpc', 'vpc', 'subformat=fixed,force_size=on'],
  ] as const;
  it.skipIf(qemuImg === null).each(variants)('%s (%s) with %s', async (kind, format, options) => {
    const sizeBytes = 9 * MiB + 512;
    writeRaw(folder.file('a.raw'), sizeBytes, mixedPieces(sizeBytes));
    const flags = kind.endsWith('-c') ? ['-c'] : [];
    run(qemuImg, 'convert', ...flags, '-f', 'raw', '-O', format, ...(options === '' ? [] : ['-o', options]), folder.file('a.raw'), folder.file('b'));
    for (const { targetFormat, compression, oracleFormat, name } of targets) {
      const result = await convert('b', `c ${name}`, { targetFormat, compression });
      expect(run(qemuImg, 'compare', '-f', format, '-F', oracleFormat, folder.file('b'), folder.file(`c ${name}`))).toContain('identical');
      expect((await engine.identify(folder.disk(`c ${name}`), 'fast', silent)).digest).toBe(result.fastIdentity.digest);
    }
    expect((await engine.checkStructure(folder.file('b'))).isSound).toBe(true);
  });
});

describe('limits and failures', () => {
  it('refuses a VHD above 2040 GiB before writing anything, and names QCOW2 as the way out', async () => {
    writeRaw(folder.file('a.raw'), 2040 * GiB + 512, []);
    for (const targetFormat of ['vhd', 'vhd-fixed'] as const) {
      await expect(convert('a.raw', 'b.vhd', { targetFormat })).rejects.toMatchObject({ code: 'DISK_VHD_TOO_LARGE', message: expect.stringContaining('QCOW2') as string });
    }
    expect(existsSync(folder.file('b.vhd'))).toBe(false);
  });

  it('converts an empty disk of 2 TiB in megabytes', async () => {
    writeRaw(folder.file('a.raw'), 64 * KiB, []);
    await convert('a.raw', 'tiny.qcow2', {});
    await engine.createOverlay({ path: folder.file('o.qcow2'), basePath: folder.file('tiny.qcow2'), policy: { roots: [folder.path] } });
    if (qemuImg === null) return;
    run(qemuImg, 'resize', folder.file('o.qcow2'), '2039G');
    const { targetBytes } = await convert('o.qcow2', 'b.vhd', { targetFormat: 'vhd' });
    expect(targetBytes).toBeLessThan(8 * MiB);
    // (`qemu-img compare` takes minutes for a million unallocated VHD blocks.)
    expect(await engine.firstDifference(folder.disk('o.qcow2'), folder.disk('b.vhd'), silent)).toBeNull();
    expect(run(qemuImg, 'info', '-f', 'vpc', folder.file('b.vhd'))).toContain(`(${2039 * GiB} bytes)`);
  });

  it('never overwrites what is there', async () => {
    writeRaw(folder.file('a.raw'), MiB, []);
    writeRaw(folder.file('b'), 512, []);
    await expect(convert('a.raw', 'b', {})).rejects.toMatchObject({ code: 'DISK_TARGET_EXISTS' });
    await expect(convert('a.raw', 'b', { checkpointPath: folder.file('ck') })).rejects.toMatchObject({ code: 'DISK_TARGET_EXISTS' });
    expect(statSync(folder.file('b')).size).toBe(512);
  });

  it.each(['qcow2', 'vhd', 'vhd-fixed', 'raw'] as const)('stops %s at the confirmed size and leaves nothing but the target', async (targetFormat) => {
    writeRaw(folder.file('a.raw'), 16 * MiB, [{ at: 0, bytes: randomBytes(16 * MiB) }]);
    await expect(convert('a.raw', 'b', { targetFormat, maxTargetBytes: 8 * MiB })).rejects.toMatchObject({ code: 'DISK_TARGET_LIMIT' });
    expect(readdirSync(folder.path).filter((name) => name !== 'b')).toEqual(['a.raw']);
  });

  it('stops when cancelled, with the reason of the signal', async () => {
    writeRaw(folder.file('a.raw'), 64 * MiB, [{ at: 0, bytes: randomBytes(64 * MiB) }]);
    const abort = new AbortController();
    const started = engine.convert(
      { source: folder.disk('a.raw'), targetPath: folder.file('b'), targetFormat: 'qcow2', compression: 'zlib', checkpointPath: null, maxTargetBytes: null },
      () => abort.abort(new Error('stop it')),
      abort.signal,
    );
    await expect(started).rejects.toThrow('stop it');
    expect(readdirSync(folder.path).sort()).toEqual(['a.raw', 'b']);
  });

  it('says that a folder is not there', async () => {
    writeRaw(folder.file('a.raw'), MiB, []);
    await expect(convert('a.raw', 'none/b', {})).rejects.toMatchObject({ code: 'DISK_TARGET_FOLDER_MISSING' });
    await expect(convert('none.raw', 'b', {})).rejects.toMatchObject({ code: 'DISK_NOT_FOUND' });
    await expect(engine.chain({ path: folder.path, policy: { roots: [] } })).rejects.toMatchObject({ code: 'DISK_NOT_A_FILE' });
  });

  it.skipIf(!existsSync('/dev/full'))('reports a full drive as such', async () => {
    writeRaw(folder.file('a.raw'), MiB, [{ at: 0, bytes: randomBytes(MiB) }]);
    const { TargetFile } = await import('../../../src/main/disks/target-file.ts');
    const full = new TargetFile('/dev/full', 'r+');
    expect(() => full.write(Buffer.alloc(512), 0)).toThrow(expect.objectContaining({ code: 'DISK_NO_SPACE' }) as Error);
    full.close();
  });
});

describe('many operations at once', () => {
  it('answers them all with a few threads', async () => {
    writeRaw(folder.file('a.raw'), MiB, mixedPieces(MiB));
    const chains = await Promise.all(Array.from({ length: 40 }, () => engine.chain(folder.disk('a.raw'))));
    expect(chains.every((layers) => layers[0]?.virtualBytes === MiB)).toBe(true);
  });
});
