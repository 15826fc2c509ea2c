/** The header of the qcow2 files this program writes: version 3, 64 KiB clusters, 16-bit refcounts. */
import type { ClusterCompression } from '../../../shared/model/disk.ts';
import { writeU64 } from '../big-endian.ts';
import { incompatible, qcow2Magic } from './header.ts';

export const clusterBits = 16;
export const clusterBytes = 2 ** clusterBits;

const headerBytes = 112;

export interface NewQcow2Header {
  virtualBytes: number;
  l1Offset: number;
  l1Entries: number;
  refcountTableOffset: number;
  refcountTableClusters: number;
  compression: ClusterCompression;
  backing: { name: string; format: string } | null;
}

/** One whole cluster. */
export function buildQcow2Header(target: NewQcow2Header): Buffer {
  const header = Buffer.alloc(clusterBytes);
  header.writeUInt32BE(qcow2Magic, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(clusterBits, 20);
  writeU64(header, target.virtualBytes, 24);
  header.writeUInt32BE(target.l1Entries, 36);
  writeU64(header, target.l1Offset, 40);
  writeU64(header, target.refcountTableOffset, 48);
  header.writeUInt32BE(target.refcountTableClusters, 56);
  const isZstd = target.compression === 'zstd';
  writeU64(header, isZstd ? incompatible.compression : 0, 72);
  header.writeUInt32BE(4, 96);
  header.writeUInt32BE(headerBytes, 100);
  header.writeUInt8(isZstd ? 1 : 0, 104);
  let at = headerBytes;
  if (target.backing !== null) {
    const format = Buffer.from(target.backing.format, 'latin1');
    header.writeUInt32BE(0xe2792aca, at);
    header.writeUInt32BE(format.length, at + 4);
    format.copy(header, at + 8);
    // The end of the extensions is the zero type and length that follow.
    at += 8 + Math.ceil(format.length / 8) * 8 + 8;
    const name = Buffer.from(target.backing.name, 'utf8');
    writeU64(header, at, 8);
    header.writeUInt32BE(name.length, 16);
    name.copy(header, at);
  }
  return header;
}
