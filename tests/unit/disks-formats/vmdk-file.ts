/** Small VMDK files made by hand: one grain table, grains of 4 KiB, so that each field can be bent. */
import { deflateSync } from 'node:zlib';

export const grainBytes = 4096;
export const grains = 16;
export const virtualBytes = grains * grainBytes;
const entriesPerTable = 512;
/** In sectors. */
export const place = { descriptor: 1, directory: 8, table: 9, data: 16 } as const;

export function descriptorText(overrides: { kind?: string; extents?: string[]; lines?: string[] } = {}): string {
  const { kind = 'monolithicSparse', extents = [`RW ${virtualBytes / 512} SPARSE "disk.vmdk"`], lines = ['parentCID=ffffffff'] } = overrides;
  return ['# Disk DescriptorFile', 'version=1', 'CID=12345678', ...lines, `createType="${kind}"`, ...extents, ''].join('\n');
}

export function sparseHeader(flags: number, directorySector: bigint): Buffer {
  const header = Buffer.alloc(512);
  header.write('KDMV', 0, 'latin1');
  header.writeUInt32LE(flags === 3 ? 1 : 3, 4);
  header.writeUInt32LE(flags, 8);
  header.writeBigUInt64LE(BigInt(virtualBytes / 512), 12);
  header.writeBigUInt64LE(BigInt(grainBytes / 512), 20);
  header.writeBigUInt64LE(BigInt(place.descriptor), 28);
  header.writeBigUInt64LE(4n, 36);
  header.writeUInt32LE(entriesPerTable, 44);
  header.writeBigUInt64LE(directorySector, 56);
  header.write('\n \r\n', 73, 'latin1');
  if ((flags & 0x10000) !== 0) header.writeUInt16LE(1, 77);
  return header;
}

/** @param data by grain number. */
export function monolithicSparse(data: ReadonlyMap<number, Buffer>, options: { text?: string; zeroed?: number[] } = {}): Buffer {
  const file = Buffer.alloc(place.data * 512 + data.size * grainBytes);
  sparseHeader(options.zeroed === undefined ? 3 : 7, BigInt(place.directory)).copy(file);
  file.write(options.text ?? descriptorText(), place.descriptor * 512);
  file.writeUInt32LE(place.table, place.directory * 512);
  let sector = place.data;
  for (const [grain, bytes] of data) {
    file.writeUInt32LE(sector, place.table * 512 + grain * 4);
    bytes.copy(file, sector * 512);
    sector += grainBytes / 512;
  }
  for (const grain of options.zeroed ?? []) file.writeUInt32LE(1, place.table * 512 + grain * 4);
  return file;
}

export interface StreamOptions {
  /** Bends a grain's marker and stream before they are written. */
  bend?: (grain: number, marker: Buffer, packed: Buffer) => Buffer[];
}

/** A stream: header, descriptor, grains behind markers, table, directory, footer, end. */
export function streamOptimized(data: ReadonlyMap<number, Buffer>, options: StreamOptions = {}): Buffer {
  const parts: Buffer[] = [];
  let sectors = 0;
  const add = (bytes: Buffer): number => {
    const at = sectors;
    const padded = Buffer.alloc(Math.ceil(bytes.length / 512) * 512);
    bytes.copy(padded);
    parts.push(padded);
    sectors += padded.length / 512;
    return at;
  };
  const marker = (value: number, size: number, type: number): Buffer => {
    const bytes = Buffer.alloc(512);
    bytes.writeBigUInt64LE(BigInt(value), 0);
    bytes.writeUInt32LE(size, 8);
    bytes.writeUInt32LE(type, 12);
    return bytes;
  };
  add(sparseHeader(0x30001, 0xffff_ffff_ffff_ffffn));
  add(Buffer.concat([Buffer.from(descriptorText({ kind: 'streamOptimized' })), Buffer.alloc(4 * 512)]).subarray(0, 4 * 512));
  const table = Buffer.alloc(entriesPerTable * 4);
  for (const [grain, bytes] of data) {
    const packed = deflateSync(bytes);
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt((grain * grainBytes) / 512), 0);
    head.writeUInt32LE(packed.length, 8);
    table.writeUInt32LE(add(Buffer.concat(options.bend?.(grain, head, packed) ?? [head, packed])), grain * 4);
  }
  add(marker(4, 0, 1));
  const tableSector = add(table);
  add(marker(1, 0, 2));
  const directory = Buffer.alloc(512);
  directory.writeUInt32LE(tableSector, 0);
  const directorySector = add(directory);
  add(marker(1, 0, 3));
  add(sparseHeader(0x30001, BigInt(directorySector)));
  add(Buffer.alloc(512));
  return Buffer.concat(parts);
}
