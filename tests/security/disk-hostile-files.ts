/** Hand-made qcow2 and VHD files, sound at first, to be bent one field at a time. */
import { writeFileSync } from 'node:fs';
import { buildQcow2Header } from '../../src/main/disks/qcow2/build-header.ts';
import { buildDynamicHeader } from '../../src/main/disks/vhd/dynamic-header.ts';
import { buildFooter, vhdChecksum } from '../../src/main/disks/vhd/footer.ts';

export const cluster = 65_536;

/**
 * Clusters: 0 header, 1 refcount table, 2 refcount block, 3 L1, 4 L2, 5 and 6 data. The disk holds 1 GiB; its first two clusters are
 * allocated.
 */
export function soundQcow2(): Buffer {
  const file = Buffer.alloc(7 * cluster);
  buildQcow2Header({
    virtualBytes: 1024 ** 3, l1Offset: 3 * cluster, l1Entries: 2, refcountTableOffset: cluster, refcountTableClusters: 1, compression: 'zlib', backing: null,
  }).copy(file, 0);
  writeEntry(file, cluster, 0, 2 * cluster, 0);
  for (let index = 0; index < 7; index += 1) file.writeUInt16BE(1, 2 * cluster + index * 2);
  writeEntry(file, 3 * cluster, 0, 4 * cluster);
  writeEntry(file, 4 * cluster, 0, 5 * cluster);
  writeEntry(file, 4 * cluster, 1, 6 * cluster);
  file.fill('data', 5 * cluster);
  return file;
}

/** Entry `index` of the table at `table`: an offset with the COPIED flag, unless other high bits are given. */
export function writeEntry(file: Buffer, table: number, index: number, offset: number, highBits = 0x80000000): void {
  file.writeUInt32BE((Math.floor(offset / 2 ** 32) | highBits) >>> 0, table + index * 8);
  file.writeUInt32BE(offset % 2 ** 32, table + index * 8 + 4);
}

/** Names a backing file in the header, with the format given (or none). */
export function withBacking(file: Buffer, name: string, format: string | null): Buffer {
  let at = 112;
  if (format !== null) {
    file.writeUInt32BE(0xe2792aca, at);
    file.writeUInt32BE(format.length, at + 4);
    file.write(format, at + 8, 'latin1');
    at += 8 + Math.ceil(format.length / 8) * 8;
  }
  at += 8;
  file.writeUInt32BE(0, 8);
  file.writeUInt32BE(at, 12);
  file.writeUInt32BE(Buffer.byteLength(name), 16);
  file.write(name, at, 'utf8');
  return file;
}

export const vhdDataStart = 4096;

/** A dynamic VHD of 8 MiB (four blocks), the first two allocated, as this program would write it. */
export function soundVhd(): Buffer {
  const [block, stride] = [2 * 1024 ** 2, 2 * 1024 ** 2 + 4096];
  const end = vhdDataStart + stride + block;
  const file = Buffer.alloc(end + 512);
  const footer = buildFooter({ variant: 'dynamic', virtualBytes: 4 * block, createdAt: 0 });
  footer.copy(file, 0);
  footer.copy(file, end);
  buildDynamicHeader(1536, 4, block).copy(file, 512);
  file.fill(0xff, 1536, 2048);
  file.writeUInt32BE((vhdDataStart - 512) / 512, 1536);
  file.writeUInt32BE((vhdDataStart + stride - 512) / 512, 1540);
  return file;
}

/** Changes a field of both footers and makes their checksums right again. */
export function bendFooters(file: Buffer, change: (footer: Buffer) => void): Buffer {
  for (const at of [0, file.length - 512]) {
    const footer = file.subarray(at, at + 512);
    change(footer);
    footer.writeUInt32BE(vhdChecksum(footer, 64), 64);
  }
  return file;
}

/** The same for the dynamic header. */
export function bendHeader(file: Buffer, change: (header: Buffer) => void): Buffer {
  const header = file.subarray(512, 1536);
  change(header);
  header.writeUInt32BE(vhdChecksum(header, 36), 36);
  return file;
}

export function save(path: string, file: Buffer): string {
  writeFileSync(path, file);
  return path;
}
