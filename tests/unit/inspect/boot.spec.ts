import { describe, expect, it } from 'vitest';
import type { SparseContent } from '../../../src/main/sample-site/file-system-pack.ts';
import { gptTypes, writeGpt, writeMbr } from '../../../src/main/sample-site/partition-writer.ts';
import { sampleDisks } from '../../../src/main/sample-site/sample-disks.ts';
import { bytesAt, fileSystem, fileSystems, inspect, patched } from '../../fixtures/sparse-disk.ts';

const mebibyte = 1024 ** 2;
const guid = 'a9b0c0de-0000-4000-8000-00000000000';
const samples = sampleDisks(fileSystems);
const grub = bytesAt(samples['debian-12'], 0, 440);
const windows = bytesAt(samples['windows-7'], 0, 440);

function gptDisk(parts: { typeGuid: string; content: SparseContent | null }[]): SparseContent {
  return writeGpt(160 * mebibyte, `${guid}0`, parts.map((part, index) => ({
    typeGuid: part.typeGuid, uniqueGuid: `${guid}${index + 1}`, name: 'x', startBytes: (1 + index * 4) * mebibyte,
    lengthBytes: index === parts.length - 1 ? 110 * mebibyte : 4 * mebibyte, content: part.content,
  })));
}

const evidence = (found: Awaited<ReturnType<typeof inspect>>): string[] => found.boot.evidence.map((item) => item.code);

describe('what a disk boots with', () => {
  it.each([
    ['windows-11', 'uefi', true], ['windows-10', 'uefi', true], ['windows-7', 'bios', false], ['ubuntu-24.04', 'uefi', true],
    ['debian-12', 'bios', false], ['kylin-v10', 'uefi', false], ['rocky-9', 'uefi', true], ['uos-20', 'bios', false],
  ] as const)('%s boots by %s only', async (name, only, hasFallbackLoader) => {
    const found = await inspect(samples[name]);
    expect(found.boot).toMatchObject({ only, hasFallbackLoader, bios: only === 'bios', uefi: only === 'uefi' });
  });

  it('names loaders as paths, long names too', async () => {
    const found = await inspect(gptDisk([{ typeGuid: gptTypes.efiSystem, content: fileSystem('esp-fat16') }]));
    expect(found.boot.loaders).toEqual(['/EFI/BOOT/BOOTX64.EFI', '/EFI/opensuse/a loader with a long name.efi']);
    expect(found.partitions[0]).toMatchObject({ role: 'efi-system', fileSystem: 'fat16', label: 'ESP16' });
  });

  it('reads FAT12 and tells the processor from the loader', async () => {
    const found = await inspect(gptDisk([{ typeGuid: gptTypes.efiSystem, content: fileSystem('esp-fat12') }]));
    expect(found.boot).toMatchObject({ only: 'uefi', hasFallbackLoader: true, loaders: ['/EFI/BOOT/BOOTAA64.EFI', '/EFI/kylin/grubaa64.efi'] });
    expect(found.os).toMatchObject({ family: 'unknown', architecture: 'aarch64' });
  });

  it('says that an ESP is empty or cannot be read', async () => {
    expect(evidence(await inspect(gptDisk([{ typeGuid: gptTypes.efiSystem, content: null }])))).toContain('INSPECT_ESP_UNREADABLE');
    const esp = fileSystem('esp-ubuntu');
    const emptied = gptDisk([{ typeGuid: gptTypes.efiSystem, content: { ...esp, pieces: esp.pieces.map((piece) => ({ ...piece, bytes: Buffer.from(piece.bytes.toString('latin1').replaceAll('MZ', 'ZM'), 'latin1') })) } }]);
    const found = await inspect(emptied);
    expect(evidence(found)).toContain('INSPECT_ESP_EMPTY');
    expect(found.boot).toMatchObject({ only: 'unknown', uefi: false });
  });

  it('does not count a loader on a partition of another type', async () => {
    const found = await inspect(gptDisk([{ typeGuid: gptTypes.linuxData, content: fileSystem('esp-ubuntu') }]));
    expect(found.boot).toMatchObject({ only: 'unknown', uefi: false, loaders: [] });
  });

  it('finds an ESP in an MBR', async () => {
    const found = await inspect(writeMbr(160 * mebibyte, 1, null, [{ type: 0xef, isActive: false, startBytes: mebibyte, lengthBytes: 110 * mebibyte, content: fileSystem('esp-ubuntu') }]));
    expect(found.boot.only).toBe('uefi');
  });

  it('leaves the mode unknown for a disk that boots both ways', async () => {
    const core = Buffer.alloc(512, 0x52);
    const code = Buffer.from(grub);
    code.writeUInt32LE(mebibyte / 512, 0x5c);
    const both = patched(gptDisk([
      { typeGuid: gptTypes.biosBoot, content: { lengthBytes: mebibyte, pieces: [{ offset: 0, bytes: core }] } },
      { typeGuid: gptTypes.efiSystem, content: fileSystem('esp-ubuntu') },
    ]), 0, code);
    const found = await inspect(both);
    expect(found.boot).toMatchObject({ bios: true, uefi: true, only: 'unknown' });
    expect(evidence(found)).toEqual(expect.arrayContaining(['INSPECT_BIOS_BOOT_FILLED', 'INSPECT_BOOTS_BOTH']));
    const withoutCore = await inspect(patched(both, mebibyte, Buffer.alloc(512)));
    expect(withoutCore.boot.only).toBe('uefi');
    expect(evidence(withoutCore)).toEqual(expect.arrayContaining(['INSPECT_BIOS_BOOT_EMPTY', 'INSPECT_BOOT_CODE_GRUB_NO_CORE']));
  });

  it('does not believe the boot code that Windows writes to GPT disks', async () => {
    const found = await inspect(patched(samples['windows-11'], 0, windows));
    expect(found.boot.only).toBe('uefi');
    expect(evidence(found)).toContain('INSPECT_BOOT_CODE_WINDOWS_NO_ACTIVE');
  });

  it('needs an active partition for Windows, and none for GRUB', async () => {
    expect((await inspect(patched(samples['windows-7'], 446, Buffer.from([0])))).boot.only).toBe('unknown');
    expect((await inspect(patched(samples['debian-12'], 446, Buffer.from([0])))).boot.only).toBe('bios');
  });

  it('says that an empty disk boots nothing', async () => {
    const found = await inspect({ lengthBytes: 64 * mebibyte, pieces: [] });
    expect(found).toMatchObject({ partitionTable: 'none', partitions: [], boot: { only: 'unknown' }, os: { family: 'unknown' } });
    expect(evidence(found)).toEqual(['INSPECT_NO_TABLE', 'INSPECT_BOOTS_NOTHING']);
  });
});
