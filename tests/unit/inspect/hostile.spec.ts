import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { defaultBudget } from '../../../src/main/disks/inspect/budgeted-reader.ts';
import { inspectDisk } from '../../../src/main/disks/inspect/inspect-disk.ts';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import type { SparseContent } from '../../../src/main/sample-site/file-system-pack.ts';
import { gptTypes, writeGpt } from '../../../src/main/sample-site/partition-writer.ts';
import { sampleDisks } from '../../../src/main/sample-site/sample-disks.ts';
import { writeRaw, writeScratchVhd } from '../../../src/main/sample-site/sparse-files.ts';
import { bytesAt, fileSystem, fileSystemNames, fileSystems, inspect, patched, readerOf, resized } from '../../fixtures/sparse-disk.ts';

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
const samples = sampleDisks(fileSystems);
const codesOf = (items: { code: string }[]): string[] => items.map((item) => item.code);

/** Whatever the disk says, inspection ends, within its budget, with an answer. */
async function expectBounded(content: SparseContent): Promise<Awaited<ReturnType<typeof inspect>>> {
  const found = await inspect(content);
  expect(found.bytesRead).toBeLessThanOrEqual(defaultBudget.maxBytes);
  return found;
}

/** Replaces every occurrence of a number in a file system's bytes. */
function rewritten(content: SparseContent, change: (bytes: Buffer, offset: number) => void): SparseContent {
  return { ...content, pieces: content.pieces.map(({ offset, bytes }) => { const copy = Buffer.from(bytes); change(copy, offset); return { offset, bytes: copy }; }) };
}

describe('hostile structures', () => {
  it('ends FAT chains that run in a circle', async () => {
    const esp = fileSystem('esp-ubuntu');
    const boot = bytesAt(esp, 0, 512);
    const fatOffset = boot.readUInt16LE(14) * 512;
    // Every cluster points at itself.
    const table = Buffer.alloc(4096);
    for (let index = 2; index < 1024; index += 1) table.writeUInt32LE(index, index * 4);
    const found = await expectBounded(writeGpt(160 * mebibyte, 'a9b0c0de-0000-4000-8000-000000000000', [
      { typeGuid: gptTypes.efiSystem, uniqueGuid: 'a9b0c0de-0000-4000-8000-000000000001', name: 'x', startBytes: mebibyte, lengthBytes: esp.lengthBytes, content: patched(esp, fatOffset, table) },
    ]));
    expect(codesOf(found.boot.evidence)).toContain('INSPECT_ESP_UNREADABLE');
  });

  it('ends a FAT folder that contains itself', async () => {
    const esp = rewritten(fileSystem('esp-ubuntu'), (bytes) => {
      // Every folder entry points at the root folder.
      for (let at = 0; at + 32 <= bytes.length; at += 32) {
        if (bytes.readUInt8(at + 11) === 0x10) { bytes.writeUInt16LE(0, at + 20); bytes.writeUInt16LE(2, at + 26); }
      }
    });
    await expectBounded(writeGpt(160 * mebibyte, 'a9b0c0de-0000-4000-8000-000000000000', [
      { typeGuid: gptTypes.efiSystem, uniqueGuid: 'a9b0c0de-0000-4000-8000-000000000001', name: 'x', startBytes: mebibyte, lengthBytes: esp.lengthBytes, content: esp },
    ]));
  });

  it('ends an NTFS whose table claims to be the root folder, again and again', async () => {
    const ntfs = rewritten(fileSystem('windows-11'), (bytes) => {
      // Every index entry refers to the root folder (record 5).
      for (let at = 0; at + 16 <= bytes.length; at += 8) {
        if (bytes.readUInt16LE(at + 10) > 0x40 && bytes.readUIntLE(at, 6) > 5 && bytes.readUIntLE(at, 6) < 200) bytes.writeUIntLE(5, at, 6);
      }
    });
    const found = await expectBounded(ntfs);
    expect(found.os.family).toBe('unknown');
  });

  it('takes absurd sizes in superblocks for damage', async () => {
    const ext = fileSystem('ubuntu-24.04');
    for (const [at, value] of [[1024 + 40, 0], [1024 + 24, 99], [1024 + 88, 0xffff], [1024 + 40, 0xffffffff]] as const) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      expect((await expectBounded(patched(ext, at, bytes))).os.family).toBe('unknown');
    }
    const ntfs = fileSystem('windows-11');
    for (const [at, value] of [[11, 0], [13, 0], [64, 0x81], [48, 0xff], [68, 0]] as const) {
      expect((await expectBounded(patched(ntfs, at, Buffer.alloc(6, value)))).os.family).toBe('unknown');
    }
  });

  it('bounds a GPT that claims four thousand million entries', async () => {
    const disk = samples['ubuntu-24.04'];
    const header = Buffer.from(bytesAt(disk, 512, 512));
    header.writeUInt32LE(0xffffffff, 80);
    header.writeUInt32LE(0, 16);
    header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
    const found = await expectBounded(patched(disk, 512, header));
    expect(codesOf(found.problems)).toContain('INSPECT_GPT_PRIMARY_DAMAGED');
    expect(found.os.name).toBe('Ubuntu 24.04.1 LTS');
  });

  it('bounds extents that refer to themselves', async () => {
    const ext = rewritten(fileSystem('ubuntu-24.04'), (bytes) => {
      for (let at = 0; at + 24 <= bytes.length; at += 4) {
        if (bytes.readUInt16LE(at) === 0xf30a) { bytes.writeUInt16LE(5, at + 6); bytes.writeUInt32LE(1, at + 16); }
      }
    });
    expect((await expectBounded(ext)).os.family).toBe('unknown');
  });

  it('follows no link for ever', async () => {
    // The target of the link from /etc becomes the link itself.
    const circle = rewritten(fileSystem('ubuntu-24.04'), (bytes) => {
      const at = bytes.indexOf('../usr/lib/os-release');
      if (at >= 0) bytes.write('../../etc/os-release/', at, 'latin1');
    });
    const found = await expectBounded(circle);
    expect(codesOf(found.osEvidence)).toContain('INSPECT_VOLUME_LIMIT');
  });

  it('answers for volumes that are cut off anywhere', async () => {
    for (const name of fileSystemNames) {
      const content = fileSystem(name);
      for (const length of [1, 511, 512, 1536, 4096, 65_536, 70_000, Math.floor(content.lengthBytes / 2)]) await expectBounded(resized(content, length));
    }
  });

  it('answers for disks with random damage', async () => {
    let state = 20_240_607;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (const [name, original] of [...Object.entries(samples), ['opensuse', fileSystem('opensuse-15.6')] as const, ['rhel', fileSystem('rhel-9')] as const, ['inline', fileSystem('debian-12-inline')] as const]) {
      for (let round = 0; round < 40; round += 1) {
        let content: SparseContent = original;
        for (let hits = 1 + random(12); hits > 0; hits -= 1) {
          const piece = original.pieces[random(original.pieces.length)];
          if (piece === undefined) throw new Error(`${name} has no pieces`);
          const bytes = Buffer.from(Array.from({ length: 1 + random(8) }, () => (random(3) === 0 ? 0xff : random(256))));
          content = patched(content, Math.min(piece.offset + random(piece.bytes.length), original.lengthBytes - bytes.length), bytes);
        }
        await expectBounded(content);
      }
    }
  });

  it('does not believe the registry of a Windows that was not shut down', async () => {
    const torn = rewritten(fileSystem('windows-10'), (bytes) => {
      // The second counter of every hive falls behind the first.
      for (let at = bytes.indexOf('regf'); at >= 0; at = bytes.indexOf('regf', at + 4)) if (at % 512 === 0) bytes.writeUInt32LE(0, at + 8);
    });
    const found = await expectBounded(torn);
    expect(found.os.name).toContain('Windows 10');
    expect(found.hasVirtioStorage).toBeNull();
    expect(codesOf(found.osEvidence)).toContain('INSPECT_REGISTRY_UNSETTLED');
  });

  it('stops at its budget and says so', async () => {
    const found = await inspectDisk(readerOf(samples['windows-11']), [], new AbortController().signal, { ...defaultBudget, maxBytes: 60 * 1024 });
    expect(found.bytesRead).toBeLessThanOrEqual(60 * 1024);
    expect(found.os.family).toBe('unknown');
    const few = await inspectDisk(readerOf(samples['ubuntu-24.04']), [], new AbortController().signal, { ...defaultBudget, maxReads: 12 });
    expect(few.os.family).toBe('unknown');
    const little = await inspectDisk(readerOf(samples['rocky-9']), [], new AbortController().signal, { ...defaultBudget, maxHandedOutBytes: 20 * 1024 });
    expect(little.os.family).toBe('unknown');
  });

  it('stops when it is told to, and passes errors of the disk on', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(inspectDisk(readerOf(samples['windows-11']), [], controller.signal)).rejects.toThrow('enough');
    const broken = { ...readerOf(samples['windows-11']), read: () => Promise.reject(new Error('the file is truncated')) };
    await expect(inspectDisk(broken, [], new AbortController().signal)).rejects.toThrow('the file is truncated');
  });
});

describe('large disks', () => {
  it('reads little of 1 TiB, through the real readers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'goldpress-large-'));
    try {
      const system = fileSystem('windows-11');
      const esp = fileSystem('esp-windows');
      const content = writeGpt(1024 * gibibyte, 'a9b0c0de-0000-4000-8000-000000000000', [
        { typeGuid: gptTypes.efiSystem, uniqueGuid: 'a9b0c0de-0000-4000-8000-000000000001', name: 'esp', startBytes: mebibyte, lengthBytes: esp.lengthBytes, content: esp },
        { typeGuid: gptTypes.microsoftData, uniqueGuid: 'a9b0c0de-0000-4000-8000-000000000002', name: 'data', startBytes: 900 * gibibyte, lengthBytes: 100 * gibibyte, content: system },
      ]);
      await writeRaw(join(folder, 'large.raw'), content);
      await writeScratchVhd(join(folder, 'large.vhd'), content);
      for (const name of ['large.raw', 'large.vhd']) {
        const { reader, layers } = await openDisk({ path: join(folder, name), policy: { roots: [] } });
        try {
          const found = await inspectDisk(reader, layers, new AbortController().signal);
          expect(found.os.name).toBe('Windows 11 Pro 23H2');
          expect(found.layers[0]?.path).toContain(name);
          expect(found.bytesRead).toBeLessThan(8 * mebibyte);
        } finally {
          await reader.close();
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
