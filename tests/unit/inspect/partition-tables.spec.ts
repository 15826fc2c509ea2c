import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SparseContent } from '../../../src/main/sample-site/file-system-pack.ts';
import { gptTypes, sectorBytes, writeGpt, writeMbr, type GptPartition } from '../../../src/main/sample-site/partition-writer.ts';
import { sampleDisks } from '../../../src/main/sample-site/sample-disks.ts';
import { writeRaw } from '../../../src/main/sample-site/sparse-files.ts';
import { bytesAt, fileSystem, fileSystems, inspect, patched, resized } from '../../fixtures/sparse-disk.ts';
import { oracle } from '../../oracles.ts';

const mebibyte = 1024 ** 2;
const guid = 'a9b0c0de-0000-4000-8000-00000000000';

function partition(index: number, startMebibytes: number, lengthMebibytes: number, content: SparseContent | null = null): GptPartition {
  return { typeGuid: gptTypes.linuxData, uniqueGuid: `${guid}${index}`, name: `part ${index}`, startBytes: startMebibytes * mebibyte, lengthBytes: lengthMebibytes * mebibyte, content };
}

const disk = (partitions: GptPartition[], megabytes = 64): SparseContent => writeGpt(megabytes * mebibyte, `${guid}0`, partitions);
const codes = async (content: SparseContent): Promise<string[]> => (await inspect(content)).problems.map((problem) => problem.code);
const sound = disk([partition(1, 1, 10), partition(2, 20, 8, fileSystem('ubuntu-24.04'))]);
const lastSector = sound.lengthBytes - sectorBytes;

describe('GPT', () => {
  it('lists partitions with name, type and file system', async () => {
    const found = await inspect(sound);
    expect(found.partitionTable).toBe('gpt');
    expect(found.partitions).toMatchObject([
      { number: 1, startBytes: mebibyte, lengthBytes: 10 * mebibyte, name: 'part 1', type: gptTypes.linuxData, fileSystem: 'unknown' },
      { number: 2, startBytes: 20 * mebibyte, lengthBytes: 8 * mebibyte, name: 'part 2', fileSystem: 'ext4', label: 'ubuntu-root' },
    ]);
    expect(found.problems).toEqual([]);
  });

  it('finds a missing, a damaged and a different backup', async () => {
    expect(await codes(patched(sound, lastSector, Buffer.alloc(sectorBytes)))).toEqual(['INSPECT_GPT_BACKUP_MISSING']);
    expect(await codes(patched(sound, lastSector + 60, Buffer.from([1, 2, 3])))).toEqual(['INSPECT_GPT_BACKUP_DAMAGED']);
    const other = disk([partition(1, 1, 10)]);
    const tail = 33 * sectorBytes;
    expect(await codes(patched(sound, sound.lengthBytes - tail, bytesAt(other, other.lengthBytes - tail, tail)))).toEqual(['INSPECT_GPT_COPIES_DIFFER']);
  });

  it('reads the backup when the first table or its entries are damaged', async () => {
    for (const at of [sectorBytes + 40, 2 * sectorBytes + 33]) {
      const found = await inspect(patched(sound, at, Buffer.from([0xff, 0xfe])));
      expect(found.partitions.map((item) => item.number)).toEqual([1, 2]);
      expect(found.problems.map((problem) => problem.code)).toEqual(['INSPECT_GPT_PRIMARY_DAMAGED']);
    }
  });

  it('says when both copies are gone', async () => {
    const gone = patched(patched(sound, sectorBytes, Buffer.alloc(sectorBytes)), lastSector, Buffer.alloc(sectorBytes));
    expect(await codes(gone)).toEqual(['INSPECT_GPT_BOTH_DAMAGED']);
  });

  it('tells a disk that was made larger from one that was cut', async () => {
    expect(await codes(resized(sound, 100 * mebibyte))).toEqual(['INSPECT_GPT_BACKUP_NOT_AT_END']);
    expect(await codes(resized(sound, 25 * mebibyte))).toEqual(['INSPECT_GPT_BACKUP_BEYOND', 'INSPECT_PARTITION_PAST_END']);
  });

  it('finds overlaps and partitions past the end', async () => {
    expect(await codes(disk([partition(1, 1, 30), partition(2, 2, 3), partition(3, 20, 5)]))).toEqual(['INSPECT_PARTITIONS_OVERLAP', 'INSPECT_PARTITIONS_OVERLAP']);
    expect(await codes(disk([partition(1, 1, 200)]))).toEqual(['INSPECT_PARTITION_PAST_END']);
  });

  it('finds a file system larger than its partition', async () => {
    expect(await codes(disk([partition(1, 1, 7, fileSystem('debian-12')), partition(2, 10, 5, fileSystem('windows-11'))]))).toEqual(
      ['INSPECT_FILE_SYSTEM_TOO_LARGE', 'INSPECT_FILE_SYSTEM_TOO_LARGE'],
    );
    expect(await codes(resized(fileSystem('debian-12'), 7 * mebibyte))).toEqual(['INSPECT_FILE_SYSTEM_LARGER_THAN_DISK']);
  });

  it('misses the protective entry', async () => {
    expect(await codes(patched(sound, 0, Buffer.alloc(sectorBytes)))).toEqual(['INSPECT_GPT_NO_PROTECTIVE_MBR']);
  });

  it('calls an MBR with partitions beside the protective entry hybrid', async () => {
    const entry = Buffer.from([0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    entry.writeUInt32LE((20 * mebibyte) / sectorBytes, 8);
    entry.writeUInt32LE((8 * mebibyte) / sectorBytes, 12);
    const found = await inspect(patched(sound, 462, entry));
    expect(found.partitionTable).toBe('hybrid');
    expect(found.partitions.map((item) => item.isActive)).toEqual([false, true]);
  });

  it('reads a table of a disk with sectors of 4096 bytes', async () => {
    const sectors = (64 * mebibyte) / 4096;
    const wide = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(4096 - bytes.length)]);
    // Made for a 512-byte disk of as many sectors, then moved: the numbers count sectors, not bytes.
    const small = writeGpt(sectors * 512, `${guid}0`, [{ ...partition(1, 0, 0), startBytes: 256 * 512, lengthBytes: 100 * 512 }]);
    const entries = bytesAt(small, 1024, 16_384);
    const content: SparseContent = {
      lengthBytes: 64 * mebibyte,
      pieces: [
        { offset: 0, bytes: bytesAt(small, 0, 512) },
        { offset: 4096, bytes: wide(bytesAt(small, 512, 512)) },
        { offset: 8192, bytes: entries },
        { offset: (sectors - 33) * 4096, bytes: entries },
        { offset: (sectors - 1) * 4096, bytes: wide(bytesAt(small, (sectors - 1) * 512, 512)) },
      ],
    };
    const found = await inspect(content);
    expect(found.partitions).toMatchObject([{ startBytes: mebibyte, lengthBytes: 100 * 4096 }]);
    expect(found.problems).toEqual([]);
  });
});

describe('MBR', () => {
  const logical = (type: number, ownStart: number, ownSectors: number, next: number, nextSectors: number): Buffer => {
    const sector = Buffer.alloc(512);
    sector.writeUInt8(type, 450);
    sector.writeUInt32LE(ownStart, 454);
    sector.writeUInt32LE(ownSectors, 458);
    sector.writeUInt8(next === 0 ? 0 : 0x05, 466);
    sector.writeUInt32LE(next, 470);
    sector.writeUInt32LE(nextSectors, 474);
    sector.writeUInt16LE(0xaa55, 510);
    return sector;
  };
  const extended = writeMbr(64 * mebibyte, 1, null, [
    { type: 0x83, isActive: false, startBytes: mebibyte, lengthBytes: mebibyte, content: null },
    { type: 0x05, isActive: false, startBytes: 4 * mebibyte, lengthBytes: 40 * mebibyte, content: null },
  ]);

  it('follows the chain of logical partitions', async () => {
    const first = patched(extended, 4 * mebibyte, logical(0x83, 2048, 4096, 16_384, 8192));
    const found = await inspect(patched(first, 12 * mebibyte, logical(0x82, 2048, 2048, 0, 0)));
    expect(found.partitionTable).toBe('mbr');
    expect(found.partitions.map((item) => [item.number, item.type, item.startBytes / mebibyte])).toEqual([[1, '0x83', 1], [5, '0x83', 5], [6, '0x82', 13]]);
    expect(found.problems).toEqual([]);
  });

  it('ends a chain that runs in a circle', async () => {
    const circle = patched(patched(extended, 4 * mebibyte, logical(0x83, 2048, 2048, 16_384, 8192)), 12 * mebibyte, logical(0x83, 2048, 2048, 16_384, 8192));
    expect(await codes(circle)).toContain('INSPECT_LOGICAL_CHAIN_BROKEN');
  });

  it('takes the boot sector of a file system for no table', async () => {
    for (const name of ['windows-10', 'esp-windows']) expect((await inspect(fileSystem(name))).partitionTable).toBe('none');
  });
});

const sgdisk = oracle('sgdisk', 'gdisk');
const sfdisk = oracle('sfdisk', 'fdisk');

describe.skipIf(sgdisk === null || sfdisk === null)('against sgdisk and sfdisk', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'goldpress-tables-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, content] of Object.entries(sampleDisks(fileSystems))) {
    it(`agrees on ${name}`, async () => {
      const path = join(folder, `${name}.raw`);
      await writeRaw(path, content);
      const found = await inspect(content);
      const table = JSON.parse(execFileSync(sfdisk ?? '', ['--json', path], { encoding: 'utf8' })) as {
        partitiontable: { label: string; partitions: { start: number; size: number; type: string; name?: string }[] };
      };
      expect(found.partitionTable).toBe(table.partitiontable.label === 'gpt' ? 'gpt' : 'mbr');
      expect(found.partitions.map((item) => [item.startBytes, item.lengthBytes, item.name])).toEqual(
        table.partitiontable.partitions.map((item) => [item.start * 512, item.size * 512, item.name ?? null]),
      );
      if (found.partitionTable === 'gpt') expect(execFileSync(sgdisk ?? '', ['-v', path], { encoding: 'utf8' })).toContain('No problems found');
      rmSync(path);
    });
  }
});
