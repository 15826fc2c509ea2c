import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeHive } from '../../../scripts/file-systems/hive-writer.ts';
import { RegistryHive } from '../../../src/main/disks/inspect/registry-hive.ts';
import { attempt, slice, type Volume } from '../../../src/main/disks/inspect/volume.ts';
import { oracle } from '../../oracles.ts';

const volumeOf = (bytes: Buffer): Volume =>
  slice({ lengthBytes: bytes.length, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) }, 0, bytes.length);

const many = Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`service${index}`, { values: { Start: index % 5 } }]));
const hive = writeHive({ keys: { ControlSet001: { keys: { Services: { keys: many } }, values: { Name: 'with ä', Number: 7, Long: 'x'.repeat(500) } } } });

describe('reading a registry hive', () => {
  it('finds keys and values without regard to case', async () => {
    const read = await RegistryHive.open(volumeOf(hive));
    expect(read.isClean).toBe(true);
    expect(await read.value(['controlset001', 'SERVICES', 'Service612'], 'start')).toBe(2);
    expect(await read.value(['ControlSet001'], 'Name')).toBe('with ä');
    expect(await read.value(['ControlSet001'], 'Long')).toBe('x'.repeat(500));
    expect(await read.value(['ControlSet001', 'Services', 'service900'], 'Start')).toBeNull();
    expect(await read.value(['ControlSet001'], 'Missing')).toBeNull();
  });

  it('bounds every field that lies', async () => {
    let state = 99;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 500; round += 1) {
      const damaged = Buffer.from(hive);
      for (let hits = 0; hits < 40; hits += 1) damaged.writeUInt8(random(3) === 0 ? 0xff : random(256), random(2) === 0 ? random(damaged.length) : 4096 + random(2048));
      const { stopped } = await attempt(async () => (await RegistryHive.open(volumeOf(damaged))).value(['ControlSet001', 'Services', 'service612'], 'Start'));
      expect([null, 'damaged', 'limit', 'unsupported']).toContain(stopped);
    }
  });
});

const hivexget = oracle('hivexget', 'libhivex-bin');
describe.skipIf(hivexget === null)('the fixture hives against hivex', () => {
  it('says the same of every value', () => {
    const folder = mkdtempSync(join(tmpdir(), 'goldpress-hive-'));
    try {
      const path = join(folder, 'hive');
      writeFileSync(path, hive);
      expect(execFileSync(hivexget ?? '', [path, '\\ControlSet001\\Services\\service613', 'Start'], { encoding: 'utf8' }).trim()).toMatch(/^(3|dword:00000003|0x3)$/);
      expect(execFileSync(hivexget ?? '', [path, '\\ControlSet001', 'Name'], { encoding: 'utf8' }).trim()).toBe('with ä');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
