import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import { requireSoundLayers } from '../../../src/main/disks/survey.ts';
import { crc32c } from '../../../src/main/disks/vhdx/crc32c.ts';
import { Folder, mixedPieces, qemuImg, readWhole, run, writeRaw } from '../disks/disk-files.ts';
import { batOffset, buildVhdx, dataMiB, logOffset, MiB, seal, writeBat, writeHeader, writeLogEntry, type BatEntry } from './vhdx-file.ts';

const folder = new Folder();
afterAll(() => folder.remove());
const block = randomBytes(MiB);
const at = (place: number): BatEntry => ({ state: 6, placeMiB: place });

async function guestBytes(file: Buffer): Promise<Buffer> {
  writeFileSync(folder.file('disk.vhdx'), file);
  const before = crc32c(readFileSync(folder.file('disk.vhdx')), 0);
  const { reader } = await openDisk(folder.disk('disk.vhdx'));
  await requireSoundLayers(reader);
  const bytes = await reader.read(0, reader.virtualBytes);
  await reader.close();
  // The source is never written, whatever its log says.
  expect(crc32c(readFileSync(folder.file('disk.vhdx')), 0)).toBe(before);
  return bytes;
}

/** Two blocks, the second one's place known to the log only. */
function withUnfinishedChange(): { file: Buffer; page: Buffer } {
  const file = buildVhdx({ virtualBytes: 2 * MiB, hasLog: true, sizeMiB: dataMiB + 2, blocks: [at(dataMiB)] });
  block.copy(file, dataMiB * MiB);
  block.copy(file, (dataMiB + 1) * MiB);
  const later = Buffer.from(file);
  writeBat(later, 1, at(dataMiB + 1));
  return { file, page: Buffer.from(later.subarray(batOffset, batOffset + 4096)) };
}

describe('the checksum', () => {
  it('is CRC-32C, as in its published test vectors', () => {
    const sum = (bytes: Buffer): string => crc32c(Buffer.concat([Buffer.alloc(4), bytes]), 0).toString(16);
    // RFC 3720 B.4 with four bytes of zeros in front, which the checksum's own field stands for.
    expect(crc32c(Buffer.alloc(32), 0).toString(16)).toBe('8a9136aa');
    expect(sum(Buffer.alloc(28))).toBe('8a9136aa');
    expect(sum(Buffer.from([1, 2, 3]))).not.toBe(sum(Buffer.from([1, 2, 4])));
  });
});

describe('blocks', () => {
  it('reads states 0 to 3 as zeros and 6 as data', async () => {
    const states = [0, 1, 2, 3].map((state) => ({ state, placeMiB: dataMiB }));
    const file = buildVhdx({ virtualBytes: 5 * MiB, blocks: [...states, at(dataMiB)] });
    block.copy(file, dataMiB * MiB);
    const guest = await guestBytes(file);
    expect(guest.subarray(0, 4 * MiB).every((byte) => byte === 0)).toBe(true);
    expect(guest.subarray(4 * MiB).equals(block)).toBe(true);
  });

  it('skips the sector bitmap between chunks', async () => {
    // With blocks of 256 MiB and sectors of 512 bytes a chunk has 16 blocks: block 16 stands in entry 17.
    const file = buildVhdx({ virtualBytes: 16 * 256 * MiB + MiB, blockBytes: 256 * MiB, sizeMiB: dataMiB + 1, blocks: [] });
    block.copy(file, dataMiB * MiB);
    writeBat(file, 16, { state: 6, placeMiB: 77 });
    writeBat(file, 17, at(dataMiB));
    writeFileSync(folder.file('chunks.vhdx'), file);
    const { reader } = await openDisk(folder.disk('chunks.vhdx'));
    await requireSoundLayers(reader);
    expect((await reader.read(16 * 256 * MiB, MiB)).equals(block)).toBe(true);
    expect(await reader.extents(0, reader.virtualBytes)).toMatchObject([{ kind: 'zero', length: 16 * 256 * MiB }, { kind: 'data', sourceOffset: dataMiB * MiB }]);
    await reader.close();
  });

  it('reads disks with sectors of 4096 bytes, whose chunks are eight times longer', async () => {
    const file = buildVhdx({ virtualBytes: 17 * 256 * MiB, blockBytes: 256 * MiB, sectorBytes: 4096, sizeMiB: dataMiB + 256 });
    block.copy(file, dataMiB * MiB);
    writeBat(file, 16, at(dataMiB));
    writeFileSync(folder.file('4k.vhdx'), file);
    const { reader, layers } = await openDisk(folder.disk('4k.vhdx'));
    expect((await reader.read(16 * 256 * MiB, MiB)).equals(block)).toBe(true);
    expect(layers).toMatchObject([{ format: 'vhdx', variant: 'dynamic', clusterBytes: 256 * MiB }]);
    await reader.close();
  });

  it('takes a fixed disk whose last block ends with the disk', async () => {
    const file = buildVhdx({ virtualBytes: MiB + 512, isFixed: true, sizeMiB: dataMiB + 1, blocks: [at(dataMiB), at(dataMiB + 1)] });
    block.copy(file, dataMiB * MiB);
    const guest = await guestBytes(Buffer.concat([file, Buffer.alloc(512, 9)]));
    expect(guest.subarray(0, MiB).equals(block)).toBe(true);
    expect(guest.subarray(MiB).every((byte) => byte === 9)).toBe(true);
  });
});

describe('headers', () => {
  const sound = (): Buffer => buildVhdx({ virtualBytes: MiB, sizeMiB: dataMiB + 1, blocks: [at(dataMiB)] });

  it.each([0, 1] as const)('does without copy %i', async (copy) => {
    const file = sound();
    block.copy(file, dataMiB * MiB);
    file.fill(0xee, (copy + 1) * 64 * 1024, (copy + 1) * 64 * 1024 + 4096);
    file.fill(0xee, (copy + 3) * 64 * 1024, (copy + 3) * 64 * 1024 + 4096);
    expect((await guestBytes(file)).equals(block)).toBe(true);
  });

  it('takes the one with the higher number: its log decides', async () => {
    const { file, page } = withUnfinishedChange();
    writeLogEntry(file, { sequence: 7, at: 0, tail: 0, changes: [{ at: batOffset, page }] });
    writeHeader(file, 0, 9, false);
    expect((await guestBytes(file)).subarray(MiB).every((byte) => byte === 0)).toBe(true);
    writeHeader(file, 1, 10, true);
    expect((await guestBytes(file)).subarray(MiB).equals(block)).toBe(true);
  });
});

describe('the log', () => {
  it('lays an unfinished change over the file, and leaves the file as it is', async () => {
    const { file, page } = withUnfinishedChange();
    writeLogEntry(file, { sequence: 7, at: 0, tail: 0, changes: [{ at: batOffset, page }] });
    const guest = await guestBytes(file);
    expect(guest.subarray(0, MiB).equals(block) && guest.subarray(MiB).equals(block)).toBe(true);
  });

  it('lets later entries win, zero descriptors too', async () => {
    const { file, page } = withUnfinishedChange();
    let end = writeLogEntry(file, { sequence: 7, at: 8192, tail: 8192, changes: [{ at: batOffset, page }] });
    end = writeLogEntry(file, { sequence: 8, at: end, tail: 8192, changes: [{ at: batOffset, zeroBytes: 4096 }] });
    expect((await guestBytes(file)).every((byte) => byte === 0)).toBe(true);
    writeLogEntry(file, { sequence: 9, at: end, tail: 8192, changes: [{ at: batOffset, page }] });
    expect((await guestBytes(file)).subarray(MiB).equals(block)).toBe(true);
  });

  it('goes round the end of the log', async () => {
    const { file, page } = withUnfinishedChange();
    const start = MiB - 4096;
    const end = writeLogEntry(file, { sequence: 7, at: start, tail: start, changes: [{ at: batOffset, zeroBytes: 4096 }] });
    expect(end).toBe(0);
    writeLogEntry(file, { sequence: 8, at: end, tail: start, changes: [{ at: batOffset, page }] });
    expect((await guestBytes(file)).subarray(MiB).equals(block)).toBe(true);
  });

  it('leaves out entries before the tail, which were carried out already', async () => {
    const { file, page } = withUnfinishedChange();
    const end = writeLogEntry(file, { sequence: 7, at: 0, tail: 0, changes: [{ at: (dataMiB + 1) * MiB, zeroBytes: MiB }] });
    writeLogEntry(file, { sequence: 8, at: end, tail: end, changes: [{ at: batOffset, page }] });
    expect((await guestBytes(file)).subarray(MiB).equals(block)).toBe(true);
  });

  it('stops before an entry that was torn, of another log, or out of sequence', async () => {
    const tears: ((file: Buffer, entry: number) => void)[] = [
      (file, entry) => file.writeUInt8(file.readUInt8(logOffset + entry + 5000) ^ 1, logOffset + entry + 5000),
      (file, entry) => { file.writeUInt32LE(3, logOffset + entry + 4096 + 4092); seal(file, logOffset + entry, 8192); },
      (file, entry) => { file.writeUInt8(0xff, logOffset + entry + 32); seal(file, logOffset + entry, 8192); },
    ];
    for (const tear of tears) {
      const { file, page } = withUnfinishedChange();
      const end = writeLogEntry(file, { sequence: 7, at: 0, tail: 0, changes: [{ at: batOffset, page }] });
      writeLogEntry(file, { sequence: 8, at: end, tail: 0, changes: [{ at: batOffset, page: Buffer.alloc(4096) }] });
      tear(file, end);
      expect((await guestBytes(file)).subarray(MiB).equals(block)).toBe(true);
    }
  });

  it('takes the complete sequence with the highest number, not the first one', async () => {
    const { file, page } = withUnfinishedChange();
    writeLogEntry(file, { sequence: 3, at: 0, tail: 0, changes: [{ at: batOffset, zeroBytes: 4096 }] });
    writeLogEntry(file, { sequence: 7, at: 64 * 1024, tail: 64 * 1024, changes: [{ at: batOffset, page }] });
    // A later one that is incomplete: its tail is gone.
    writeLogEntry(file, { sequence: 20, at: 128 * 1024, tail: 4096, changes: [{ at: batOffset, zeroBytes: 4096 }] });
    expect((await guestBytes(file)).subarray(MiB).equals(block)).toBe(true);
  });

  it('grows the disk file in memory as far as the log says', async () => {
    const { file, page } = withUnfinishedChange();
    const short = file.subarray(0, (dataMiB + 1) * MiB);
    writeLogEntry(short, { sequence: 7, at: 0, tail: 0, changes: [{ at: batOffset, page }], lastBytes: (dataMiB + 2) * MiB });
    expect((await guestBytes(short)).subarray(MiB).every((byte) => byte === 0)).toBe(true);
  });

  it.skipIf(qemuImg === null)('says the same as qemu-img after its repair of a copy', async () => {
    const { file, page } = withUnfinishedChange();
    const end = writeLogEntry(file, { sequence: 7, at: 0, tail: 0, changes: [{ at: batOffset, page }] });
    writeLogEntry(file, { sequence: 8, at: end, tail: 0, changes: [{ at: batOffset + 4096, zeroBytes: 8192 }] });
    const guest = await guestBytes(file);
    copyFileSync(folder.file('disk.vhdx'), folder.file('repaired.vhdx'));
    run(qemuImg, 'check', '-r', 'all', '-f', 'vhdx', folder.file('repaired.vhdx'));
    run(qemuImg, 'convert', '-f', 'vhdx', '-O', 'raw', folder.file('repaired.vhdx'), folder.file('repaired.raw'));
    expect(readFileSync(folder.file('repaired.raw')).equals(guest)).toBe(true);
    expect((await readWhole(folder.disk('repaired.vhdx'))).equals(guest)).toBe(true);
  });
});

describe.skipIf(qemuImg === null)('files of qemu-img', () => {
  const size = 67 * MiB + 512 * 5;
  const raw = folder.file('disk.raw');

  it.each([
    ['subformat=dynamic'], ['subformat=dynamic,block_size=1M'], ['subformat=dynamic,block_size=16M,log_size=8M'], ['subformat=dynamic,block_state_zero=off'],
    ['subformat=fixed'], ['subformat=fixed,block_size=2M'],
  ])('%s reads as the raw disk it was made from', async (options) => {
    writeRaw(raw, size, mixedPieces(size));
    run(qemuImg, 'convert', '-f', 'raw', '-O', 'vhdx', '-o', options, raw, folder.file('qemu.vhdx'));
    const { reader, layers } = await openDisk(folder.disk('qemu.vhdx'));
    await requireSoundLayers(reader);
    expect(layers[0]?.variant).toBe(options.includes('fixed') ? 'fixed' : 'dynamic');
    expect((await reader.read(0, size)).equals(readFileSync(raw))).toBe(true);
    const extents = await reader.extents(0, size);
    expect(extents.reduce((end, extent) => (extent.offset === end ? end + extent.length : Number.NaN), 0)).toBe(size);
    await reader.close();
  });

  it('an empty disk of 60 TiB is opened in little memory', async () => {
    run(qemuImg, 'create', '-f', 'vhdx', '-o', 'subformat=dynamic,block_size=256M', folder.file('huge.vhdx'), '60T');
    const { reader } = await openDisk(folder.disk('huge.vhdx'));
    expect(await reader.extents(0, reader.virtualBytes)).toMatchObject([{ kind: 'zero', length: 60 * 1024 ** 4 }]);
    await reader.close();
  });
});
