/** Limits of formats and pools, at their edges. */
import { describe, expect, it } from 'vitest';
import { fat32MaxFileBytes, formatOverheadBytes, judgePoolLimits, type PoolFacts } from '../../../src/shared/rules/pool-limits.ts';
import { judgeVhdLimits, maxVhdBytes } from '../../../src/shared/rules/vhd-limits.ts';
import { say } from '../../../src/shared/model/message.ts';

const gib = 1024 ** 3;
const pool: PoolFacts = { name: 'NAS', isWritable: true, freeBytes: 100 * gib, maxFileBytes: null, problem: null, fileSystem: 'ext4' };
const severities = (facts: Partial<PoolFacts>, atLeastBytes: number, atMostBytes: number) =>
  judgePoolLimits({ ...pool, ...facts }, { atLeastBytes, atMostBytes }).map((finding) => `${finding.id} ${finding.severity}`);

describe('VHD', () => {
  it.each([
    [maxVhdBytes, []],
    [maxVhdBytes + 512, ['vhd-size blocking']],
    [10 * gib + 1, ['vhd-rounding warning']],
    [512, []],
  ])('%d bytes', (bytes, expected) => {
    expect(judgeVhdLimits(bytes).map((finding) => `${finding.id} ${finding.severity}`)).toEqual(expected);
  });

  it('is 2040 GiB', () => expect(maxVhdBytes).toBe(2040 * gib));
});

describe('image pool', () => {
  it.each([
    ['enough', {}, 10 * gib, 50 * gib, []],
    ['exactly enough', { freeBytes: 50 * gib }, 10 * gib, 50 * gib, []],
    ['enough for the data, perhaps not for the disk', { freeBytes: 20 * gib }, 10 * gib, 50 * gib, ['pool-space warning']],
    ['too little', { freeBytes: 10 * gib - 1 }, 10 * gib, 50 * gib, ['pool-space blocking']],
    ['none said', { freeBytes: null }, 10 * gib, 50 * gib, ['pool-space unknown']],
    ['FAT32, small', { maxFileBytes: fat32MaxFileBytes }, gib, fat32MaxFileBytes, []],
    ['FAT32, perhaps too large', { maxFileBytes: fat32MaxFileBytes }, gib, fat32MaxFileBytes + 1, ['pool-file-size warning']],
    ['FAT32, too large', { maxFileBytes: fat32MaxFileBytes }, fat32MaxFileBytes + 1, 50 * gib, ['pool-file-size blocking']],
    ['read-only', { isWritable: false }, gib, gib, ['pool blocking']],
    ['gone', { problem: say('POOL_NOT_THERE', { path: '/media/usb' }) }, gib, gib, ['pool blocking']],
  ] as const)('%s', (_name, facts, atLeast, atMost, expected) => {
    expect(severities(facts, atLeast, atMost)).toEqual(expected);
  });

  it('leaves room for the tables of a full disk', () => {
    // 64 KiB clusters: 8 bytes of L2 and 2 bytes of reference count each; a VHD's bitmaps take 4 KiB for 2 MiB.
    expect(formatOverheadBytes(2048 * gib)).toBeGreaterThan((2048 * gib / 65_536) * 10);
    expect(formatOverheadBytes(2048 * gib)).toBeGreaterThan((2048 * gib / (2 * 1024 ** 2)) * 4100);
  });
});
