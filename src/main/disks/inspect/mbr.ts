/** The master boot record: its four entries, the chain of logical partitions, and what kind of boot code lies before them. */
import type { Volume } from './volume.ts';

/** 512 whatever the disk's own sectors are: an MBR counts in the sectors of the disk it was made on. */
export const mbrSectorBytes = 512;
const maxLogical = 128;

export interface MbrEntry {
  /** 1–4 primary, 5 and up logical. */
  number: number;
  type: number;
  isActive: boolean;
  startBytes: number;
  lengthBytes: number;
}

export interface Mbr {
  entries: MbrEntry[];
  hasProtectiveEntry: boolean;
  /** The chain of logical partitions ended in a loop or in something that is no table. */
  isChainBroken: boolean;
}

const extendedTypes = new Set([0x05, 0x0f, 0x85]);

interface RawEntry {
  status: number;
  type: number;
  start: number;
  sectors: number;
}

function rawEntries(sector: Buffer): RawEntry[] {
  return [446, 462, 478, 494].map((at) => ({
    status: sector.readUInt8(at),
    type: sector.readUInt8(at + 4),
    start: sector.readUInt32LE(at + 8),
    sectors: sector.readUInt32LE(at + 12),
  }));
}

const hasSignature = (sector: Buffer): boolean => sector.readUInt16LE(510) === 0xaa55;

/**
 * Reads the table, or null where there is none. A boot sector of a file system ends in the same signature; it is told apart
 * by status bytes that no table has.
 */
export async function readMbr(disk: Volume): Promise<Mbr | null> {
  if (disk.lengthBytes < mbrSectorBytes) return null;
  const sector = await disk.read(0, mbrSectorBytes);
  if (!hasSignature(sector)) return null;
  const raw = rawEntries(sector);
  if (raw.some((entry) => (entry.status & 0x7f) !== 0) || raw.every((entry) => entry.type === 0 || entry.sectors === 0)) return null;
  const mbr: Mbr = { entries: [], hasProtectiveEntry: raw.some((entry) => entry.type === 0xee), isChainBroken: false };
  for (const [index, entry] of raw.entries()) {
    if (entry.type === 0 || entry.sectors === 0 || entry.type === 0xee) continue;
    if (extendedTypes.has(entry.type)) await readLogical(disk, entry.start, mbr);
    else mbr.entries.push(placed(index + 1, entry, 0));
  }
  mbr.entries.sort((a, b) => a.number - b.number);
  return mbr;
}

function placed(number: number, entry: RawEntry, base: number): MbrEntry {
  return {
    number,
    type: entry.type,
    isActive: entry.status === 0x80,
    startBytes: (base + entry.start) * mbrSectorBytes,
    lengthBytes: entry.sectors * mbrSectorBytes,
  };
}

/** Each link describes one partition relative to itself, and the next link relative to the extended partition. */
async function readLogical(disk: Volume, extendedStart: number, mbr: Mbr): Promise<void> {
  const seen = new Set<number>();
  let link = extendedStart;
  while (seen.size < maxLogical) {
    if (seen.has(link) || (link + 1) * mbrSectorBytes > disk.lengthBytes) break;
    seen.add(link);
    const sector = await disk.read(link * mbrSectorBytes, mbrSectorBytes);
    if (!hasSignature(sector)) break;
    const [own, next] = rawEntries(sector);
    if (own !== undefined && own.type !== 0 && own.sectors > 0) {
      mbr.entries.push(placed(5 + mbr.entries.filter((entry) => entry.number >= 5).length, own, link));
    }
    if (next === undefined || next.type === 0 || next.sectors === 0) return;
    link = extendedStart + next.start;
  }
  mbr.isChainBroken = true;
}

export type BootCode =
  | { kind: 'none' }
  /** GRUB finds its core by a sector number of its own and needs no active partition. */
  | { kind: 'grub'; coreOffsetBytes: number }
  /** Codes that start the boot sector of the active partition. */
  | { kind: 'windows' | 'syslinux' | 'other' };

/** What the first 440 bytes of the disk are. */
export function classifyBootCode(sector: Buffer): BootCode {
  const code = sector.subarray(0, 440);
  if (code.every((byte) => byte === 0)) return { kind: 'none' };
  const text = code.toString('latin1');
  if (text.includes('GRUB ')) {
    // The low half of GRUB's kernel_sector; no disk has its core above 2 TiB.
    return { kind: 'grub', coreOffsetBytes: code.readUInt32LE(0x5c) * mbrSectorBytes };
  }
  if (text.includes('Invalid partition table') || text.includes('Missing operating system') && text.startsWith('\x33\xc0')) return { kind: 'windows' };
  if (text.includes('Missing operating system') || text.includes('isolinux') || text.includes('SYSLINUX')) return { kind: 'syslinux' };
  return { kind: 'other' };
}
