import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SparseContent } from '../../../src/main/sample-site/file-system-pack.ts';
import { fileSystem, inspect, patched } from '../../fixtures/sparse-disk.ts';
import { oracle } from '../../oracles.ts';

const mebibyte = 1024 ** 2;

/** A volume that holds nothing but these bytes. */
function volume(...marks: [offset: number, text: string][]): SparseContent {
  return { lengthBytes: 32 * mebibyte, pieces: marks.map(([offset, text]) => ({ offset, bytes: Buffer.from(text, 'latin1') })) };
}

const first = async (content: SparseContent): Promise<{ fileSystem: string; label: string | null } | undefined> => {
  const found = (await inspect(content)).partitions[0];
  return found === undefined ? undefined : { fileSystem: found.fileSystem, label: found.label };
};

describe('telling file systems by their signature', () => {
  it.each([
    ['windows-7', 'ntfs', 'Windows 7'], ['debian-12', 'ext4', 'debian-root'], ['debian-12-ext2', 'ext2', 'ext2-root'], ['rocky-9', 'xfs', 'rocky-root'],
    ['opensuse-15.6', 'btrfs', 'ROOT'], ['esp-windows', 'fat32', 'SYSTEM'], ['esp-fat16', 'fat16', 'ESP16'], ['esp-fat12', 'fat12', 'ESP12'],
  ])('%s is %s', async (name, kind, label) => {
    expect(await first(fileSystem(name))).toEqual({ fileSystem: kind, label });
  });

  it('tells ext3 by its journal', async () => {
    expect(await first(patched(fileSystem('debian-12-ext2'), 1024 + 92, Buffer.from([0x3c])))).toMatchObject({ fileSystem: 'ext3' });
  });

  it('tells what hides a system', async () => {
    const cases: [SparseContent, string, string][] = [
      [volume([0, 'LUKS\xba\xbe\0\x01']), 'luks', 'luks'],
      [volume([0, 'LUKS\xba\xbe\0\x02']), 'luks', 'luks'],
      [volume([3, '-FVE-FS-']), 'bitlocker', 'bitlocker'],
    ];
    for (const [content, kind, encryption] of cases) {
      const found = await inspect(content);
      expect(found.partitions[0]?.fileSystem).toBe(kind);
      expect(found.encryption).toBe(encryption);
      expect(found.os.family).toBe('unknown');
      expect(found.osEvidence.map((item) => item.code)).toEqual(['INSPECT_VOLUME_ENCRYPTED', 'INSPECT_NO_SYSTEM']);
    }
    const group = await inspect(volume([512, 'LABELONE'], [536, 'LVM2 001']));
    expect(group.partitions[0]?.fileSystem).toBe('lvm');
    expect(group.osEvidence.map((item) => item.code)).toContain('INSPECT_VOLUME_LVM');
  });

  it('does not take noise for a file system', async () => {
    let state = 7;
    const noise = Buffer.from(Array.from({ length: 70_000 }, () => { state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0; return state >>> 24; }));
    expect(await first({ lengthBytes: 32 * mebibyte, pieces: [{ offset: 0, bytes: noise }] })).toBeUndefined();
  });
});

/** Programs that make the file systems for which no fixture is kept. */
const makers = [
  { kind: 'exfat', program: oracle('mkfs.exfat', 'exfatprogs'), args: [] },
  { kind: 'swap', program: oracle('mkswap', 'util-linux'), args: ['-L', 'swapped'] },
  { kind: 'ext3', program: oracle('mkfs.ext3', 'e2fsprogs'), args: ['-q', '-F'] },
  { kind: 'luks', program: oracle('cryptsetup', 'cryptsetup-bin'), args: ['luksFormat', '--batch-mode', '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000', '--key-file', '/dev/null'] },
];

describe('file systems made by the programs of the field', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'goldpress-mkfs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const { kind, program, args } of makers) {
    it.skipIf(program === null)(`tells ${kind}`, async () => {
      const path = join(folder, kind);
      writeFileSync(path, '');
      truncateSync(path, 32 * mebibyte);
      if (kind === 'luks') writeFileSync(join(folder, 'key'), 'a key');
      const options = args.map((arg) => (arg === '/dev/null' ? join(folder, 'key') : arg));
      execFileSync(program ?? '', [...options, path], { stdio: ['ignore', 'ignore', 'pipe'] });
      const content: SparseContent = { lengthBytes: 32 * mebibyte, pieces: [{ offset: 0, bytes: readFileSync(path) }] };
      expect(await first(content)).toMatchObject({ fileSystem: kind });
    });
  }
});
