/** The guest content of each sample disk: true tables around true file systems, with the sizes such desktops have. */
import type { SparseContent } from './file-system-pack.ts';
import { gptTypes, writeGpt, writeMbr, type GptPartition } from './partition-writer.ts';

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

/** Fills the rest of the disk with the last partition, and leaves the last MiB to the backup table. */
function restOfDisk(diskBytes: number, startBytes: number): number {
  return diskBytes - startBytes - mebibyte;
}

function part(fileSystems: ReadonlyMap<string, SparseContent>, name: string): SparseContent {
  const content = fileSystems.get(name);
  if (content === undefined) throw new Error(`The pack of sample file systems has no ${name}.`);
  return content;
}

/** The start of GRUB's boot sector, as far as it is told apart by its jump and its words. */
function grubBootCode(): Buffer {
  const code = Buffer.alloc(440);
  code.set([0xeb, 0x63, 0x90]);
  code.set([0xfa, 0x90, 0x90, 0xf6, 0xc2, 0x80, 0x74, 0x05, 0xf6, 0xc2, 0x70, 0x74, 0x02, 0xb2, 0x80], 0x65);
  // Where its core lies: in the sectors between the table and the first partition.
  code.writeUInt32LE(1, 0x5c);
  code.write('GRUB \0Geom\0Hard Disk\0Read\0 Error\r\n\0', 0x180, 'latin1');
  return code;
}

/** The start of GRUB's core, as `grub-install` puts it behind the table. */
function grubCore(): Buffer {
  const core = Buffer.alloc(512);
  core.set([0x52, 0x56, 0xbe, 0x1b, 0x81, 0xe8, 0x39, 0x01, 0x5e, 0xbf, 0xf4, 0x81]);
  core.write('loading\0.\0\r\n\0Geom\0Read\0 Error\0', 0x11b, 'latin1');
  return core;
}

/** The start of the boot sector that Windows writes, with its three messages. */
function windowsBootCode(): Buffer {
  const code = Buffer.alloc(440);
  code.set([0x33, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0x8e, 0xc0, 0x8e, 0xd8, 0xbe, 0x00, 0x7c, 0xbf, 0x00, 0x06]);
  code.write('Invalid partition table\0Error loading operating system\0Missing operating system\0', 0x163, 'latin1');
  return code;
}

/** A UEFI disk: an EFI system partition, for Windows its reserved partition, and the system's volume. */
function uefiDisk(diskBytes: number, seed: string, esp: SparseContent, system: SparseContent, isWindows: boolean): SparseContent {
  const guid = (index: number): string => `${seed}-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
  const partitions: GptPartition[] = [
    { typeGuid: gptTypes.efiSystem, uniqueGuid: guid(1), name: 'EFI system partition', startBytes: mebibyte, lengthBytes: esp.lengthBytes, content: esp },
  ];
  let next = mebibyte + esp.lengthBytes;
  if (isWindows) {
    partitions.push({ typeGuid: gptTypes.microsoftReserved, uniqueGuid: guid(2), name: 'Microsoft reserved partition', startBytes: next, lengthBytes: 16 * mebibyte, content: null });
    next += 16 * mebibyte;
  }
  partitions.push({
    typeGuid: isWindows ? gptTypes.microsoftData : gptTypes.linuxData,
    uniqueGuid: guid(3),
    name: isWindows ? 'Basic data partition' : 'root',
    startBytes: next,
    lengthBytes: restOfDisk(diskBytes, next),
    content: system,
  });
  return writeGpt(diskBytes, guid(0), partitions);
}

/** A BIOS disk: boot code in the MBR and one volume. */
function biosDisk(diskBytes: number, signature: number, loader: 'grub' | 'windows', system: SparseContent): SparseContent {
  const isGrub = loader === 'grub';
  const partition = { type: isGrub ? 0x83 : 0x07, isActive: true, startBytes: mebibyte, lengthBytes: restOfDisk(diskBytes, mebibyte), content: system };
  const disk = writeMbr(diskBytes, signature, isGrub ? grubBootCode() : windowsBootCode(), [partition]);
  if (isGrub) disk.pieces.push({ offset: 512, bytes: grubCore() });
  return disk;
}

export type SampleDiskName = 'windows-11' | 'windows-10' | 'windows-7' | 'ubuntu-24.04' | 'debian-12' | 'kylin-v10' | 'rocky-9' | 'uos-20';

/** The content of every sample disk, by the system on it. */
export function sampleDisks(fileSystems: ReadonlyMap<string, SparseContent>): Record<SampleDiskName, SparseContent> {
  const get = (name: string): SparseContent => part(fileSystems, name);
  return {
    'windows-11': uefiDisk(64 * gibibyte, 'a1b0c0de', get('esp-windows'), get('windows-11'), true),
    'windows-10': uefiDisk(60 * gibibyte, 'a2b0c0de', get('esp-windows'), get('windows-10'), true),
    'windows-7': biosDisk(32 * gibibyte, 0x7c0ffee7, 'windows', get('windows-7')),
    'ubuntu-24.04': uefiDisk(40 * gibibyte, 'a3b0c0de', get('esp-ubuntu'), get('ubuntu-24.04'), false),
    'debian-12': biosDisk(20 * gibibyte, 0x12dec0de, 'grub', get('debian-12')),
    'kylin-v10': uefiDisk(50 * gibibyte, 'a4b0c0de', get('esp-kylin'), get('kylin-v10'), false),
    'rocky-9': uefiDisk(30 * gibibyte, 'a5b0c0de', get('esp-rocky'), get('rocky-9'), false),
    // Small, because it is a raw file and those are read in full.
    'uos-20': biosDisk(64 * mebibyte, 0x20c0de20, 'grub', get('uos-20')),
  };
}
