/**
 * Lays partitions on a disk: true GPT (with its backup at the end) and MBR tables over sparse content. It writes tables
 * only; what lies in the partitions is given to it.
 */
import { crc32 } from 'node:zlib';
import type { Piece, SparseContent } from './file-system-pack.ts';

export const sectorBytes = 512;
const entryCount = 128;
const entryBytes = 128;
const entrySectors = (entryCount * entryBytes) / sectorBytes;

/** Partition types by their meaning; GUIDs as the GPT standard and the Discoverable Partitions list name them. */
export const gptTypes = {
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  microsoftReserved: 'e3c9e316-0b5c-4db8-817d-f92df00215ae',
  microsoftData: 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
  linuxData: '0fc63daf-8483-4772-8e79-3d69d8477de4',
} as const;

export interface GptPartition {
  typeGuid: string;
  uniqueGuid: string;
  name: string;
  startBytes: number;
  lengthBytes: number;
  content: SparseContent | null;
}

export interface MbrPartition {
  /** `0x07` for NTFS, `0x83` for Linux. */
  type: number;
  isActive: boolean;
  startBytes: number;
  lengthBytes: number;
  content: SparseContent | null;
}

/** A GUID as it is stored: the first three fields little-endian. */
export function guidBytes(guid: string): Buffer {
  const plain = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Buffer.concat([
    Buffer.from(plain.subarray(0, 4)).reverse(),
    Buffer.from(plain.subarray(4, 6)).reverse(),
    Buffer.from(plain.subarray(6, 8)).reverse(),
    plain.subarray(8),
  ]);
}

function shifted(content: SparseContent | null, startBytes: number): Piece[] {
  return (content?.pieces ?? []).map(({ offset, bytes }) => ({ offset: offset + startBytes, bytes }));
}

/** The protective MBR: one partition over the whole disk, so that old tools see the disk as taken. */
function protectiveMbr(sectors: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  bytes.writeUInt32LE(1, 454);
  bytes.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 458);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

function gptEntries(partitions: readonly GptPartition[]): Buffer {
  const entries = Buffer.alloc(entryCount * entryBytes);
  partitions.forEach((partition, index) => {
    const at = index * entryBytes;
    guidBytes(partition.typeGuid).copy(entries, at);
    guidBytes(partition.uniqueGuid).copy(entries, at + 16);
    entries.writeBigUInt64LE(BigInt(partition.startBytes / sectorBytes), at + 32);
    entries.writeBigUInt64LE(BigInt((partition.startBytes + partition.lengthBytes) / sectorBytes - 1), at + 40);
    entries.write(partition.name.slice(0, 36), at + 56, 'utf16le');
  });
  return entries;
}

function gptHeader(place: { own: number; other: number; entries: number; sectors: number }, diskGuid: string, entriesCrc: number): Buffer {
  const header = Buffer.alloc(sectorBytes);
  header.write('EFI PART', 0, 'latin1');
  header.writeUInt32LE(0x00010000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(BigInt(place.own), 24);
  header.writeBigUInt64LE(BigInt(place.other), 32);
  header.writeBigUInt64LE(BigInt(2 + entrySectors), 40);
  header.writeBigUInt64LE(BigInt(place.sectors - entrySectors - 2), 48);
  guidBytes(diskGuid).copy(header, 56);
  header.writeBigUInt64LE(BigInt(place.entries), 72);
  header.writeUInt32LE(entryCount, 80);
  header.writeUInt32LE(entryBytes, 84);
  header.writeUInt32LE(entriesCrc, 88);
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
  return header;
}

/** A whole disk with a GPT, its backup, and the partitions' content. Starts and lengths are multiples of 512. */
export function writeGpt(diskBytes: number, diskGuid: string, partitions: readonly GptPartition[]): SparseContent {
  const sectors = diskBytes / sectorBytes;
  const entries = gptEntries(partitions);
  const entriesCrc = crc32(entries);
  const last = sectors - 1;
  return {
    lengthBytes: diskBytes,
    pieces: [
      { offset: 0, bytes: protectiveMbr(sectors) },
      { offset: sectorBytes, bytes: gptHeader({ own: 1, other: last, entries: 2, sectors }, diskGuid, entriesCrc) },
      { offset: 2 * sectorBytes, bytes: entries },
      ...partitions.flatMap((partition) => shifted(partition.content, partition.startBytes)),
      { offset: (last - entrySectors) * sectorBytes, bytes: entries },
      { offset: last * sectorBytes, bytes: gptHeader({ own: last, other: 1, entries: last - entrySectors, sectors }, diskGuid, entriesCrc) },
    ],
  };
}

/**
 * A whole disk with an MBR of up to four primary partitions.
 * @param bootCode what goes before the table (at most 440 bytes); null leaves the disk unable to start by BIOS
 */
export function writeMbr(diskBytes: number, signature: number, bootCode: Buffer | null, partitions: readonly MbrPartition[]): SparseContent {
  const bytes = Buffer.alloc(sectorBytes);
  bootCode?.copy(bytes, 0, 0, 440);
  bytes.writeUInt32LE(signature, 440);
  partitions.slice(0, 4).forEach((partition, index) => {
    const at = 446 + index * 16;
    bytes.writeUInt8(partition.isActive ? 0x80 : 0, at);
    // Cylinder, head and sector at their highest: "look at the sector numbers instead".
    bytes.set([0xfe, 0xff, 0xff], at + 1);
    bytes.writeUInt8(partition.type, at + 4);
    bytes.set([0xfe, 0xff, 0xff], at + 5);
    bytes.writeUInt32LE(partition.startBytes / sectorBytes, at + 8);
    bytes.writeUInt32LE(partition.lengthBytes / sectorBytes, at + 12);
  });
  bytes.writeUInt16LE(0xaa55, 510);
  return {
    lengthBytes: diskBytes,
    pieces: [{ offset: 0, bytes }, ...partitions.flatMap((partition) => shifted(partition.content, partition.startBytes))],
  };
}
