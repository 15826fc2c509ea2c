import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import { requireSoundLayers } from '../../../src/main/disks/survey.ts';
import { Folder, MiB, mixedPieces, qemuImg, readWhole, run, writeRaw } from '../disks/disk-files.ts';
import { pythonOracle } from './python-oracle.ts';
import { descriptorText, grainBytes, grains, monolithicSparse, streamOptimized, virtualBytes } from './vmdk-file.ts';

const folder = new Folder();
afterAll(() => folder.remove());

const python = pythonOracle('pyvmdk', 'python3-libvmdk');

const some = (): Map<number, Buffer> => new Map([[0, randomBytes(grainBytes)], [5, randomBytes(grainBytes)], [grains - 1, randomBytes(grainBytes)]]);

function expected(data: ReadonlyMap<number, Buffer>): Buffer {
  const guest = Buffer.alloc(virtualBytes);
  for (const [grain, bytes] of data) bytes.copy(guest, grain * grainBytes);
  return guest;
}

async function guestBytes(file: Buffer): Promise<Buffer> {
  writeFileSync(folder.file('disk.vmdk'), file);
  const { reader } = await openDisk(folder.disk('disk.vmdk'));
  await requireSoundLayers(reader);
  const bytes = await reader.read(0, reader.virtualBytes);
  await reader.close();
  return bytes;
}

describe('made by hand', () => {
  it('monolithicSparse, with holes and zeroed grains', async () => {
    const data = some();
    expect((await guestBytes(monolithicSparse(data, { zeroed: [3, 4] }))).equals(expected(data))).toBe(true);
  });

  it('streamOptimized, its directory found by the footer', async () => {
    const data = some();
    expect((await guestBytes(streamOptimized(data))).equals(expected(data))).toBe(true);
  });

  it('tells data, compressed and zeros apart, without gaps', async () => {
    const data = some();
    for (const [file, kind] of [[monolithicSparse(data), 'data'], [streamOptimized(data), 'compressed']] as const) {
      writeFileSync(folder.file('disk.vmdk'), file);
      const { reader } = await openDisk(folder.disk('disk.vmdk'));
      const extents = await reader.extents(100, virtualBytes - 200);
      expect(extents.map((extent) => extent.kind)).toEqual([kind, 'zero', kind, 'zero', kind]);
      expect(extents.reduce((end, extent) => (extent.offset === end ? end + extent.length : Number.NaN), 100)).toBe(virtualBytes - 100);
      await reader.close();
    }
  });

  it('a flat disk beside its descriptor, from the offset that it says', async () => {
    const bytes = randomBytes(8192);
    writeFileSync(folder.file('data-flat.vmdk'), Buffer.concat([Buffer.alloc(1024), bytes]));
    const text = descriptorText({ kind: 'monolithicFlat', extents: ['RW 16 FLAT "data-flat.vmdk" 2', 'RW 8 ZERO'] });
    const guest = await guestBytes(Buffer.from(text));
    expect(guest.equals(Buffer.concat([bytes, Buffer.alloc(4096)]))).toBe(true);
    const { reader, layers, sources } = await openDisk(folder.disk('disk.vmdk'));
    expect(await reader.extents(0, 12288)).toMatchObject([{ kind: 'data', sourceOffset: 1024, length: 8192 }, { kind: 'zero', length: 4096 }]);
    expect(layers).toMatchObject([{ format: 'vmdk', variant: 'monolithicFlat' }]);
    expect(sources).toHaveLength(2);
    await reader.close();
  });
});

describe.skipIf(qemuImg === null)('files of qemu-img', () => {
  const size = 45 * MiB + 512 * 9;
  it.each([
    'subformat=monolithicSparse', 'subformat=monolithicSparse,zeroed_grain=on', 'subformat=streamOptimized', 'subformat=monolithicFlat',
    'subformat=twoGbMaxExtentFlat', 'subformat=twoGbMaxExtentSparse',
  ])('%s reads as the raw disk it was made from', async (options) => {
    writeRaw(folder.file('disk.raw'), size, mixedPieces(size));
    run(qemuImg, 'convert', '-f', 'raw', '-O', 'vmdk', '-o', options, folder.file('disk.raw'), folder.file('qemu.vmdk'));
    const { reader, layers } = await openDisk(folder.disk('qemu.vmdk'));
    await requireSoundLayers(reader);
    expect(layers[0]?.variant).toBe(/subformat=(\w+)/.exec(options)?.[1]);
    expect((await reader.read(0, size)).equals(readFileSync(folder.file('disk.raw')))).toBe(true);
    // Odd ranges, back and forth: the read-ahead of compressed grains must not mix them up.
    const raw = readFileSync(folder.file('disk.raw'));
    for (let index = 0; index < 50; index += 1) {
      const offset = randomBytes(4).readUInt32LE() % (size - 200_000);
      expect((await reader.read(offset, 199_999)).equals(raw.subarray(offset, offset + 199_999))).toBe(true);
    }
    await reader.close();
  });

  it.skipIf(python === null)('libvmdk reads the same bytes', async () => {
    writeRaw(folder.file('disk.raw'), size, mixedPieces(size));
    for (const kind of ['monolithicSparse', 'streamOptimized']) {
      run(qemuImg, 'convert', '-f', 'raw', '-O', 'vmdk', '-o', `subformat=${kind}`, folder.file('disk.raw'), folder.file('oracle.vmdk'));
      const script = 'import pyvmdk,sys\nh=pyvmdk.handle()\nh.open(sys.argv[1])\nh.open_extent_data_files()\nsys.stdout.buffer.write(h.read_buffer_at_offset(h.get_media_size(),0))';
      const bytes = execFileSync(String(python), ['-c', script, folder.file('oracle.vmdk')], { maxBuffer: 2 * size });
      expect(bytes.equals(await readWhole(folder.disk('oracle.vmdk')))).toBe(true);
    }
  });

  it('an empty disk of 1 TiB is looked through without reading its grains', async () => {
    run(qemuImg, 'create', '-f', 'vmdk', '-o', 'subformat=streamOptimized', folder.file('huge.vmdk'), '1T');
    const { reader } = await openDisk(folder.disk('huge.vmdk'));
    await requireSoundLayers(reader);
    expect(await reader.extents(0, 1024 ** 4)).toMatchObject([{ kind: 'zero', length: 1024 ** 4 }]);
    await reader.close();
  });
});
