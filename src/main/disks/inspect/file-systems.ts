/** Tells a volume's file system by its signature, with its label and the size it believes it has. Nothing is walked here. */
import type { FileSystemKind } from '../../../shared/model/disk.ts';
import { parseFatLayout } from './fat-layout.ts';
import { attempt, fieldText, readSize, slice, type Volume } from './volume.ts';

export interface FoundFileSystem {
  kind: FileSystemKind;
  label: string | null;
  /** The size its own superblock states; null where it states none. */
  statedBytes: number | null;
}

const unknown: FoundFileSystem = { kind: 'unknown', label: null, statedBytes: null };

/** Bytes at a place, shortened to what the volume has: small volumes end before some signatures' places. */
async function peek(volume: Volume, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const there = Math.min(length, volume.lengthBytes - offset);
  if (there > 0) (await volume.read(offset, there)).copy(bytes);
  return bytes;
}

type Detector = (volume: Volume, boot: Buffer) => Promise<FoundFileSystem | null> | FoundFileSystem | null;

const bitlocker: Detector = (_volume, boot) => (boot.toString('latin1', 3, 11) === '-FVE-FS-' ? { ...unknown, kind: 'bitlocker' } : null);

const luks: Detector = (_volume, boot) => {
  if (boot.toString('latin1', 0, 6) !== 'LUKS\xba\xbe') return null;
  return { kind: 'luks', label: boot.readUInt16BE(6) === 2 ? fieldText(boot.subarray(24, 72)) : null, statedBytes: null };
};

const ntfs: Detector = (_volume, boot) => {
  if (boot.toString('latin1', 3, 11) !== 'NTFS    ') return null;
  // The sector count leaves out the last sector, which holds the copy of the boot sector.
  return { kind: 'ntfs', label: null, statedBytes: (readSize(boot, 40) + 1) * boot.readUInt16LE(11) };
};

const exfat: Detector = (_volume, boot) => {
  if (boot.toString('latin1', 3, 11) !== 'EXFAT   ') return null;
  return { kind: 'exfat', label: null, statedBytes: readSize(boot, 72) * 2 ** Math.min(boot.readUInt8(108), 12) };
};

const xfs: Detector = (_volume, boot) => {
  if (boot.toString('latin1', 0, 4) !== 'XFSB') return null;
  return { kind: 'xfs', label: fieldText(boot.subarray(108, 120)), statedBytes: boot.readUInt32BE(4) * readSize(boot, 8, 'BE') };
};

const lvm: Detector = (_volume, boot) => {
  for (const at of [0, 512, 1024, 1536]) {
    if (boot.toString('latin1', at, at + 8) === 'LABELONE' && boot.toString('latin1', at + 24, at + 32) === 'LVM2 001') return { ...unknown, kind: 'lvm' };
  }
  return null;
};

const fat: Detector = (volume, boot) => {
  const layout = parseFatLayout(boot, volume.lengthBytes);
  return layout === null ? null : { kind: layout.kind, label: layout.label, statedBytes: layout.totalBytes };
};

const ext: Detector = async (volume) => {
  const block = await peek(volume, 1024, 1024);
  if (block.readUInt16LE(56) !== 0xef53) return null;
  const compatible = block.readUInt32LE(92);
  const incompatible = block.readUInt32LE(96);
  const readOnly = block.readUInt32LE(100);
  // What ext2 and ext3 know: file types and meta groups; sparse superblocks, large files, B-tree folders.
  const isNewer = (incompatible & ~0x16) !== 0 || (readOnly & ~0x7) !== 0;
  const hasJournal = (compatible & 0x4) !== 0;
  const blocks = block.readUInt32LE(4) + ((incompatible & 0x80) === 0 ? 0 : block.readUInt32LE(336) * 2 ** 32);
  return {
    kind: isNewer ? 'ext4' : hasJournal ? 'ext3' : 'ext2',
    label: fieldText(block.subarray(120, 136)),
    statedBytes: blocks * 2 ** (10 + Math.min(block.readUInt32LE(24), 6)),
  };
};

const btrfs: Detector = async (volume) => {
  const block = await peek(volume, 65_536, 4096);
  if (block.toString('latin1', 64, 72) !== '_BHRfS_M') return null;
  // The size of this device (dev_item), not of a pool over several.
  return { kind: 'btrfs', label: fieldText(block.subarray(299, 555)), statedBytes: readSize(block, 209) };
};

const iso: Detector = async (volume) => {
  const block = await peek(volume, 32_768, 2048);
  if (block.toString('latin1', 1, 6) !== 'CD001') return null;
  return { kind: 'iso9660', label: fieldText(block.subarray(40, 72)), statedBytes: block.readUInt32LE(80) * 2048 };
};

const swap: Detector = async (volume) => {
  for (const page of [4096, 8192, 16_384, 65_536]) {
    const end = await peek(volume, page - 10, 10);
    if (/^SWAP-?SPACE2?$/.test(end.toString('latin1'))) return { kind: 'swap', label: fieldText(await peek(volume, 1052, 16)), statedBytes: null };
  }
  return null;
};

/** Containers before what they contain, and the strictest signatures first. */
const detectors: readonly Detector[] = [luks, bitlocker, ntfs, exfat, xfs, lvm, btrfs, ext, swap, fat, iso];

/** The file system of a volume; `unknown` where no signature fits. Damage in one signature's fields makes that one not fit. */
export async function detectFileSystem(volume: Volume): Promise<FoundFileSystem> {
  const boot = await peek(volume, 0, 2048);
  for (const detect of detectors) {
    const { answer } = await attempt(async () => detect(volume, boot));
    if (answer !== null) return answer;
  }
  return unknown;
}

/** The volume of a partition, cut to the disk where the partition runs past its end. */
export function partitionVolume(disk: Volume, startBytes: number, lengthBytes: number): Volume {
  const start = Math.min(startBytes, disk.lengthBytes);
  return slice(disk, start, Math.max(0, Math.min(lengthBytes, disk.lengthBytes - start)));
}
