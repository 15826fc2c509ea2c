/** The 1024-byte header of a dynamic VHD and its block allocation table: bounded before anything is allocated. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64, writeU64 } from '../big-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { footerBytes, vhdChecksum } from './footer.ts';

export const dynamicHeaderBytes = 1024;
export const unusedBlock = 0xffffffff;
const cookie = Buffer.from('cxsparse', 'latin1');

/** 64 MiB of table. A VHD ends at 2040 GiB, which takes a million entries at the usual block size of 2 MiB. */
const maxEntries = 2 ** 24;

export interface DynamicHeader {
  tableOffset: number;
  maxEntries: number;
  blockBytes: number;
  /** Of the sector bitmap in front of each block's data. */
  bitmapBytes: number;
}

/** Reads and bounds the header. `virtualBytes` decides how many entries are needed. */
export async function readDynamicHeader(source: BlockSource, offset: number, virtualBytes: number, signal?: AbortSignal): Promise<DynamicHeader> {
  const path = source.label;
  if (offset + dynamicHeaderBytes > source.sizeBytes) throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'header', position: offset });
  const [bytes] = await source.read([{ offset, length: dynamicHeaderBytes }], signal);
  if (bytes === undefined || !bytes.subarray(0, 8).equals(cookie) || bytes.readUInt32BE(36) !== vhdChecksum(bytes, 36)) {
    throw new CodedError('DISK_VHD_HEADER_DAMAGED', { path });
  }
  const impossible = (field: string, value: number): CodedError => new CodedError('DISK_HEADER_FIELD', { path, field, value: String(value) });
  const blockBytes = bytes.readUInt32BE(32);
  const blocks = bytes.readUInt32BE(28);
  if (blockBytes < 512 || (blockBytes & (blockBytes - 1)) !== 0) throw impossible('block size', blockBytes);
  if (blockBytes > 256 * 1024 ** 2) throw impossible('block size', blockBytes);
  const needed = Math.ceil(virtualBytes / blockBytes);
  if (blocks < needed || needed > maxEntries) throw impossible('max table entries', blocks);
  const tableOffset = readU64(bytes, 16);
  if (tableOffset % 512 !== 0 || tableOffset < footerBytes || tableOffset + blocks * 4 > source.sizeBytes) {
    throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'BAT', position: tableOffset });
  }
  return { tableOffset, maxEntries: blocks, blockBytes, bitmapBytes: Math.ceil(blockBytes / 512 / 8 / 512) * 512 };
}

/** The needed entries: sector numbers, `unusedBlock` = not allocated. */
export async function readBlockTable(source: BlockSource, header: DynamicHeader, entries: number, signal?: AbortSignal): Promise<Uint32Array> {
  const table = new Uint32Array(entries);
  const window = 256 * 1024;
  for (let first = 0; first < entries; first += window / 4) {
    const count = Math.min(window / 4, entries - first);
    const [bytes] = await source.read([{ offset: header.tableOffset + first * 4, length: count * 4 }], signal);
    for (let index = 0; index < count && bytes !== undefined; index += 1) table[first + index] = bytes.readUInt32BE(index * 4);
  }
  return table;
}

/** A header for blocks of 2 MiB with the table right behind it. */
export function buildDynamicHeader(tableOffset: number, entries: number, blockBytes: number): Buffer {
  const header = Buffer.alloc(dynamicHeaderBytes);
  cookie.copy(header, 0);
  header.fill(0xff, 8, 16);
  writeU64(header, tableOffset, 16);
  header.writeUInt32BE(0x0001_0000, 24);
  header.writeUInt32BE(entries, 28);
  header.writeUInt32BE(blockBytes, 32);
  header.writeUInt32BE(vhdChecksum(header, 36), 36);
  return header;
}
