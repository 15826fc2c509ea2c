/**
 * The header of a sparse VMDK extent, bounded before anything is allocated for it. Layout: VMware's "Virtual Disk Format 5.0".
 * Everything is counted in sectors of 512 bytes there; here in bytes, from the moment it is read.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { requireBoundedSize } from '../block-reader.ts';
import { readU64Le } from '../little-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';

export const vmdkMagic = Buffer.from('KDMV', 'latin1');
export const sectorBytes = 512;

const flag = { newLines: 1, zeroedGrains: 4, compressed: 0x10000, markers: 0x20000 } as const;
const knownFlags = 0x30007;
const deflate = 1;
/** Where the grain directory's place would stand, when it is at the end of the file. */
const directoryAtEnd = Buffer.alloc(8, 0xff);

const minGrainBytes = 4096;
const maxGrainBytes = 16 * 1024 ** 2;
const maxEntriesPerTable = 4096;
/** 32 MiB of directory: 64 TiB in the grains and tables that programs write take 8 MiB. */
const maxDirectoryEntries = 8 * 1024 ** 2;
const maxDescriptorBytes = 1024 ** 2;

export interface SparseHeader {
  virtualBytes: number;
  grainBytes: number;
  entriesPerTable: number;
  directoryOffset: number;
  directoryEntries: number;
  /** Null where the file carries no descriptor: it is then a part of a disk. */
  descriptor: { offset: number; length: number } | null;
  hasZeroedGrains: boolean;
  /** Grains are zlib streams behind a marker with their address and size. */
  isCompressed: boolean;
  /** Bytes from here on hold no grains (the footer), or the end of the file. */
  dataEndBytes: number;
}

/** The header at 0, and where it says so, the one at the end, which then must tell the same disk. */
export async function readSparseHeader(source: BlockSource, signal?: AbortSignal): Promise<SparseHeader> {
  const path = source.label;
  if (source.sizeBytes < sectorBytes) throw new CodedError('DISK_TRUNCATED', { path, position: source.sizeBytes });
  const [head] = await source.read([{ offset: 0, length: sectorBytes }], signal);
  if (head === undefined || !head.subarray(0, 4).equals(vmdkMagic)) throw new CodedError('DISK_PART_DAMAGED', { path, part: 'header' });
  if (!head.subarray(56, 64).equals(directoryAtEnd)) return parse(source, head, source.sizeBytes);
  const footer = await readFooter(source, signal);
  // Version and flags, size, grains, tables, compression: what decides how the rest is read.
  const isSame = [[4, 28], [44, 48], [77, 79]].every(([from, to]) => head.subarray(from, to).equals(footer.subarray(from, to)));
  if (!isSame) throw new CodedError('DISK_COPIES_DISAGREE', { path, part: 'header' });
  // The descriptor lies where the header at the start says; footers of some programs leave it out.
  head.copy(footer, 28, 28, 44);
  return parse(source, footer, source.sizeBytes - 3 * sectorBytes);
}

/** The last three sectors: a marker that a footer follows, the footer, and the marker of the stream's end. */
async function readFooter(source: BlockSource, signal?: AbortSignal): Promise<Buffer> {
  const path = source.label;
  const damaged = (): CodedError => new CodedError('DISK_TRUNCATED', { path, position: source.sizeBytes });
  if (source.sizeBytes < 4 * sectorBytes) throw damaged();
  const [tail] = await source.read([{ offset: source.sizeBytes - 3 * sectorBytes, length: 3 * sectorBytes }], signal);
  if (tail === undefined) throw damaged();
  const isFooterMarker = tail.readUInt32LE(8) === 0 && tail.readUInt32LE(12) === 3;
  const isEnd = tail.subarray(2 * sectorBytes, 2 * sectorBytes + 16).every((byte) => byte === 0);
  const footer = tail.subarray(sectorBytes, 2 * sectorBytes);
  // A stream that was cut off while it was written or copied ends in something else.
  if (!isFooterMarker || !isEnd || !footer.subarray(0, 4).equals(vmdkMagic)) throw damaged();
  return Buffer.from(footer);
}

function parse(source: BlockSource, bytes: Buffer, dataEndBytes: number): SparseHeader {
  const path = source.label;
  const impossible = (field: string, value: number): CodedError => new CodedError('DISK_HEADER_FIELD', { path, field, value: String(value) });
  const version = bytes.readUInt32LE(4);
  const flags = bytes.readUInt32LE(8);
  if (version < 1 || version > 3) throw impossible('version', version);
  if ((flags & ~knownFlags) !== 0) throw new CodedError('DISK_REQUIRED_UNKNOWN', { path, feature: `flags 0x${flags.toString(16)}` });
  // A copy in text mode changes these four bytes, and the whole disk with them.
  if ((flags & flag.newLines) !== 0 && bytes.toString('latin1', 73, 77) !== '\n \r\n') throw new CodedError('DISK_PART_DAMAGED', { path, part: 'header' });
  const isCompressed = (flags & flag.compressed) !== 0;
  const method = bytes.readUInt16LE(77);
  if (isCompressed !== ((flags & flag.markers) !== 0) || method !== (isCompressed ? deflate : 0)) throw impossible('compression', method);

  const virtualBytes = readU64Le(bytes, 12) * sectorBytes;
  const grainBytes = readU64Le(bytes, 20) * sectorBytes;
  const entriesPerTable = bytes.readUInt32LE(44);
  if (virtualBytes === 0) throw new CodedError('DISK_VMDK_KIND', { path, kind: 'descriptor in a sparse header' });
  requireBoundedSize(path, virtualBytes);
  if (grainBytes < minGrainBytes || grainBytes > maxGrainBytes || !isPowerOfTwo(grainBytes)) throw impossible('grain size', grainBytes);
  if (entriesPerTable === 0 || entriesPerTable > maxEntriesPerTable || !isPowerOfTwo(entriesPerTable)) throw impossible('entries of a grain table', entriesPerTable);
  const directoryEntries = Math.ceil(virtualBytes / (grainBytes * entriesPerTable));
  if (directoryEntries > maxDirectoryEntries) throw impossible('grain size', grainBytes);
  const directoryOffset = readU64Le(bytes, 56) * sectorBytes;
  if (directoryOffset < sectorBytes || directoryOffset + directoryEntries * 4 > dataEndBytes) {
    throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'grain directory', position: Math.min(directoryOffset, Number.MAX_SAFE_INTEGER) });
  }
  return {
    virtualBytes, grainBytes, entriesPerTable, directoryOffset, directoryEntries, isCompressed, dataEndBytes,
    descriptor: descriptorPlace(source, bytes),
    hasZeroedGrains: (flags & flag.zeroedGrains) !== 0,
  };
}

function descriptorPlace(source: BlockSource, bytes: Buffer): SparseHeader['descriptor'] {
  const offset = readU64Le(bytes, 28) * sectorBytes;
  const length = readU64Le(bytes, 36) * sectorBytes;
  if (offset === 0) return null;
  if (length === 0 || length > maxDescriptorBytes || offset + length > source.sizeBytes) {
    throw new CodedError('DISK_TABLE_OUTSIDE', { path: source.label, table: 'descriptor', position: Math.min(offset, Number.MAX_SAFE_INTEGER) });
  }
  return { offset, length };
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && Number.isInteger(Math.log2(value));
}
