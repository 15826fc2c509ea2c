/** The GUID partition table: both copies with their checksums, and where they disagree with each other or with the disk. */
import { crc32 } from 'node:zlib';
import { say, type Message } from '../../../shared/model/message.ts';
import { attempt, fieldText, readSize, type Volume } from './volume.ts';

const maxEntriesBytes = 1024 ** 2;
const headerMinBytes = 92;

export interface GptEntry {
  number: number;
  typeGuid: string;
  name: string | null;
  startBytes: number;
  lengthBytes: number;
  /** Bit 2 of the attributes: old BIOS loaders treat the partition as active. */
  isLegacyBoot: boolean;
}

export interface Gpt {
  entries: GptEntry[];
  problems: Message[];
}

interface Copy {
  ownSector: number;
  otherSector: number;
  entriesCrc: number;
  entries: GptEntry[];
  sectorBytes: number;
}

/** A GUID in the usual spelling, lower case. */
export function formatGuid(bytes: Buffer): string {
  const part = (from: number, to: number, isReversed: boolean): string => {
    const field = Buffer.from(bytes.subarray(from, to));
    return (isReversed ? field.reverse() : field).toString('hex');
  };
  return [part(0, 4, true), part(4, 6, true), part(6, 8, true), part(8, 10, false), part(10, 16, false)].join('-');
}

/** One copy, checked on its own. */
async function readCopy(disk: Volume, sector: number, sectorBytes: number): Promise<Copy | 'absent' | 'damaged'> {
  const offset = sector * sectorBytes;
  if (sector < 1 || offset + sectorBytes > disk.lengthBytes) return 'absent';
  const header = await disk.read(offset, sectorBytes);
  if (header.toString('latin1', 0, 8) !== 'EFI PART') return 'absent';
  return (await attempt(() => parseCopy(disk, header, sector, sectorBytes))).answer ?? 'damaged';
}

async function parseCopy(disk: Volume, header: Buffer, sector: number, sectorBytes: number): Promise<Copy | 'damaged'> {
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes < headerMinBytes || headerBytes > sectorBytes) return 'damaged';
  const summed = Buffer.from(header.subarray(0, headerBytes));
  summed.writeUInt32LE(0, 16);
  if (crc32(summed) !== header.readUInt32LE(16) || readSize(header, 24) !== sector) return 'damaged';
  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  // Bounded before anything is read or allocated.
  if (entryBytes < 128 || entryBytes % 8 !== 0 || count * entryBytes > maxEntriesBytes) return 'damaged';
  const table = await disk.read(readSize(header, 72) * sectorBytes, count * entryBytes);
  const entriesCrc = header.readUInt32LE(88);
  if (crc32(table) !== entriesCrc) return 'damaged';
  const entries: GptEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = table.subarray(index * entryBytes, (index + 1) * entryBytes);
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    const first = readSize(entry, 32);
    const last = readSize(entry, 40);
    if (last < first) return 'damaged';
    entries.push({
      number: index + 1,
      typeGuid: formatGuid(entry.subarray(0, 16)),
      name: fieldText(entry.subarray(56, 128), 'utf16le'),
      startBytes: first * sectorBytes,
      lengthBytes: (last - first + 1) * sectorBytes,
      isLegacyBoot: (entry.readUInt8(48) & 4) !== 0,
    });
  }
  return { ownSector: sector, otherSector: readSize(header, 32), entriesCrc, entries, sectorBytes };
}

/** Sectors of 512 bytes first, because nearly every image has those; 4096 for disks made on such drives. */
const sectorSizes = [512, 4096] as const;

/**
 * Reads the table from its first copy, or from its backup where the first is damaged.
 * @returns null where neither copy can be read
 */
export async function readGpt(disk: Volume): Promise<Gpt | null> {
  for (const sectorBytes of sectorSizes) {
    const lastSector = Math.floor(disk.lengthBytes / sectorBytes) - 1;
    const primary = await readCopy(disk, 1, sectorBytes);
    if (typeof primary !== 'string') return { entries: primary.entries, problems: await judgeBackup(disk, primary, lastSector) };
    const backup = await readCopy(disk, lastSector, sectorBytes);
    if (typeof backup !== 'string') return { entries: backup.entries, problems: [say('INSPECT_GPT_PRIMARY_DAMAGED')] };
  }
  return null;
}

async function judgeBackup(disk: Volume, primary: Copy, lastSector: number): Promise<Message[]> {
  const diskBytes = disk.lengthBytes;
  const placedAt = (primary.otherSector + 1) * primary.sectorBytes;
  if (primary.otherSector > lastSector) return [say('INSPECT_GPT_BACKUP_BEYOND', { tableBytes: placedAt, diskBytes })];
  const backup = await readCopy(disk, primary.otherSector, primary.sectorBytes);
  const problems: Message[] = [];
  if (backup === 'absent') problems.push(say('INSPECT_GPT_BACKUP_MISSING'));
  else if (backup === 'damaged') problems.push(say('INSPECT_GPT_BACKUP_DAMAGED'));
  else if (backup.entriesCrc !== primary.entriesCrc) problems.push(say('INSPECT_GPT_COPIES_DIFFER'));
  if (problems.length === 0 && primary.otherSector < lastSector) problems.push(say('INSPECT_GPT_BACKUP_NOT_AT_END', { tableBytes: placedAt, diskBytes }));
  return problems;
}
