/** VHDX files made by hand, byte by byte after [MS-VHDX], so that logs, torn logs and every defect can be had. */
import { crc32c } from '../../../src/main/disks/vhdx/crc32c.ts';

export const MiB = 1024 ** 2;
const logOffset = MiB;
const metadataOffset = 2 * MiB;
export const batOffset = 3 * MiB;
/** Where the first payload block lies. */
export const dataMiB = 4;
export const logGuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

const guid = (text: string): Buffer => {
  const hex = text.replaceAll('-', '');
  const part = (from: number, to: number): Buffer => Buffer.from(hex.slice(from, to), 'hex').reverse();
  return Buffer.concat([part(0, 8), part(8, 12), part(12, 16), Buffer.from(hex.slice(16), 'hex')]);
};

export interface BatEntry {
  state: number;
  placeMiB: number;
}

export interface VhdxRecipe {
  virtualBytes: number;
  blockBytes?: number;
  sectorBytes?: number;
  hasParent?: boolean;
  /** Payload blocks in order; sector bitmap blocks are put in between. */
  blocks?: BatEntry[];
  isFixed?: boolean;
  /** Puts the log's GUID into the headers. */
  hasLog?: boolean;
  sizeMiB?: number;
}

/** Computes the checksum of a structure again, after it was changed. */
export function seal(file: Buffer, at: number, length: number): void {
  const bytes = file.subarray(at, at + length);
  bytes.writeUInt32LE(crc32c(bytes, 4), 4);
}

export function writeHeader(file: Buffer, copy: 0 | 1, sequence: number, hasLog: boolean): void {
  const at = (copy + 1) * 64 * 1024;
  file.write('head', at, 'latin1');
  file.writeBigUInt64LE(BigInt(sequence), at + 8);
  (hasLog ? logGuid : Buffer.alloc(16)).copy(file, at + 48);
  file.writeUInt16LE(0, at + 64);
  file.writeUInt16LE(1, at + 66);
  file.writeUInt32LE(MiB, at + 68);
  file.writeBigUInt64LE(BigInt(logOffset), at + 72);
  seal(file, at, 4096);
}

export const regionTables = [192 * 1024, 256 * 1024] as const;

export function buildVhdx(recipe: VhdxRecipe): Buffer {
  const { virtualBytes, blockBytes = MiB, sectorBytes = 512, blocks = [], isFixed = false, hasParent = false, hasLog = false } = recipe;
  const lastMiB = Math.max(dataMiB, ...blocks.map(({ state, placeMiB }) => (state >= 6 ? placeMiB + blockBytes / MiB : 0)));
  const file = Buffer.alloc((recipe.sizeMiB ?? lastMiB) * MiB);
  file.write('vhdxfile', 0, 'latin1');
  writeHeader(file, 0, 4, hasLog);
  writeHeader(file, 1, 5, hasLog);
  for (const at of regionTables) {
    file.write('regi', at, 'latin1');
    file.writeUInt32LE(2, at + 8);
    const regions: [string, number][] = [['2dc27766-f623-4200-9d64-115e9bfd4a08', batOffset], ['8b7ca206-4790-4b9a-b8fe-575f050f886e', metadataOffset]];
    regions.forEach(([id, offset], index) => {
      const entry = at + 16 + index * 32;
      guid(id).copy(file, entry);
      file.writeBigUInt64LE(BigInt(offset), entry + 16);
      file.writeUInt32LE(MiB, entry + 24);
      file.writeUInt32LE(1, entry + 28);
    });
    seal(file, at, 64 * 1024);
  }
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(virtualBytes));
  const word = (...values: number[]): Buffer => Buffer.concat(values.map((value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; }));
  const items: [string, Buffer, number][] = [
    ['caa16737-fa36-4d43-b3b6-33f0aa44e76b', word(blockBytes, (isFixed ? 1 : 0) | (hasParent ? 2 : 0)), 4],
    ['2fa54224-cd1b-4876-b211-5dbed83bf4b8', size, 6],
    ['8141bf1d-a96f-4709-ba47-f233a8faab5f', word(sectorBytes), 6],
    ['cda348c7-445d-4471-9cc9-e9885251c556', word(4096), 6],
    ['beca12ab-b2e6-4523-93ef-c309e000c746', Buffer.alloc(16, 7), 6],
  ];
  file.write('metadata', metadataOffset, 'latin1');
  file.writeUInt16LE(items.length, metadataOffset + 10);
  items.forEach(([id, bytes, flags], index) => {
    const entry = metadataOffset + 32 + index * 32;
    guid(id).copy(file, entry);
    file.writeUInt32LE(64 * 1024 + index * 16, entry + 16);
    file.writeUInt32LE(bytes.length, entry + 20);
    file.writeUInt32LE(flags, entry + 24);
    bytes.copy(file, metadataOffset + 64 * 1024 + index * 16);
  });
  const ratio = (2 ** 23 * sectorBytes) / blockBytes;
  blocks.forEach((block, index) => writeBat(file, index + Math.floor(index / ratio), block));
  return file;
}

/** @param index counts sector bitmap entries too. */
export function writeBat(file: Buffer, index: number, { state, placeMiB }: BatEntry): void {
  file.writeBigUInt64LE((BigInt(placeMiB) << 20n) | BigInt(state), batOffset + index * 8);
}

/** Byte position of a metadata item's entry: 0 parameters, 1 size, 2 logical sector, 3 physical sector, 4 identifier. */
export const metadataEntry = (index: number): number => metadataOffset + 32 + index * 32;
export const metadataValue = (index: number): number => metadataOffset + 64 * 1024 + index * 16;

export type LogChange = { at: number; page: Buffer } | { at: number; zeroBytes: number };

export interface LogEntryRecipe {
  sequence: number;
  /** Byte offset in the log; goes round its end. */
  at: number;
  tail: number;
  changes: LogChange[];
  flushedBytes?: number;
  lastBytes?: number;
  guid?: Buffer;
}

/** Writes an entry and gives the offset behind it. */
export function writeLogEntry(file: Buffer, recipe: LogEntryRecipe): number {
  const { sequence, changes, at, tail } = recipe;
  const pages = changes.filter((change) => 'page' in change);
  const tables = Math.ceil((64 + changes.length * 32) / 4096) * 4096;
  const entry = Buffer.alloc(tables + pages.length * 4096);
  entry.write('loge', 0, 'latin1');
  entry.writeUInt32LE(entry.length, 8);
  entry.writeUInt32LE(tail, 12);
  entry.writeBigUInt64LE(BigInt(sequence), 16);
  entry.writeUInt32LE(changes.length, 24);
  (recipe.guid ?? logGuid).copy(entry, 32);
  entry.writeBigUInt64LE(BigInt(recipe.flushedBytes ?? file.length), 48);
  entry.writeBigUInt64LE(BigInt(recipe.lastBytes ?? file.length), 56);
  let sector = tables;
  changes.forEach((change, index) => {
    const descriptor = 64 + index * 32;
    entry.writeBigUInt64LE(BigInt(change.at), descriptor + 16);
    entry.writeBigUInt64LE(BigInt(sequence), descriptor + 24);
    if ('zeroBytes' in change) {
      entry.write('zero', descriptor, 'latin1');
      entry.writeBigUInt64LE(BigInt(change.zeroBytes), descriptor + 8);
      return;
    }
    entry.write('desc', descriptor, 'latin1');
    change.page.copy(entry, descriptor + 4, 4092, 4096);
    change.page.copy(entry, descriptor + 8, 0, 8);
    entry.write('data', sector, 'latin1');
    change.page.copy(entry, sector + 8, 8, 4092);
    entry.writeUInt32LE(0, sector + 4);
    entry.writeUInt32LE(sequence, sector + 4092);
    sector += 4096;
  });
  entry.writeUInt32LE(crc32c(entry, 4), 4);
  for (let byte = 0; byte < entry.length; byte += 4096) entry.copy(file, logOffset + ((at + byte) % MiB), byte, byte + 4096);
  return (at + entry.length) % MiB;
}

export { logOffset };
