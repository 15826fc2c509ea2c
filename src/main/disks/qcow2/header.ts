/**
 * The header of a qcow2 file, parsed from untrusted bytes: every count and offset is bounded here, before anything is allocated
 * for it. Layout: docs/interop/qcow2.txt of QEMU.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ClusterCompression } from '../../../shared/model/disk.ts';
import { readU64 } from '../big-endian.ts';
import { requireBoundedSize } from '../block-reader.ts';

export const qcow2Magic = 0x514649fb;

export const incompatible = { dirty: 1, corrupt: 2, dataFile: 4, compression: 8, extendedL2: 16 } as const;

const extensionBackingFormat = 0xe2792aca;
const extensionDataFile = 0x44415441;

const maxL1Bytes = 32 * 1024 ** 2;
const maxRefcountTableBytes = 8 * 1024 ** 2;
const maxSnapshots = 65_536;
const maxBackingNameBytes = 1023;

export interface Qcow2Header {
  version: 2 | 3;
  clusterBits: number;
  clusterBytes: number;
  virtualBytes: number;
  l1Entries: number;
  l1Offset: number;
  refcountTableOffset: number;
  refcountTableClusters: number;
  /** log2 of the bits of one reference count. */
  refcountOrder: number;
  snapshotCount: number;
  snapshotsOffset: number;
  isDirty: boolean;
  compression: ClusterCompression;
  hasExtendedL2: boolean;
  /** `format` is null where the file does not say what its backing file is. */
  backing: { name: string; format: string | null } | null;
}

/** Size of the clusters, from the first bytes; refuses what is out of range. Tells how much to read for `parseQcow2Header`. */
export function qcow2ClusterBytes(path: string, head: Buffer): number {
  const bits = head.readUInt32BE(20);
  if (bits < 9 || bits > 21) throw impossible(path, 'cluster_bits', bits);
  return 2 ** bits;
}

/** @param head the first cluster of the file, or the whole file where it is shorter (at least 72 bytes). */
export function parseQcow2Header(path: string, head: Buffer, fileBytes: number): Qcow2Header {
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw impossible(path, 'version', version);
  if (head.length < (version === 2 ? 72 : 104)) throw new CodedError('DISK_TRUNCATED', { path, position: head.length });
  const clusterBytes = qcow2ClusterBytes(path, head);
  refuseEncryption(path, head.readUInt32BE(32));

  const bits = version === 3 ? features(path, head) : 0;
  const headerBytes = version === 3 ? head.readUInt32BE(100) : 72;
  if (headerBytes < (version === 3 ? 104 : 72) || headerBytes > clusterBytes || headerBytes % 8 !== 0) throw impossible(path, 'header_length', headerBytes);
  const extensions = readExtensions(path, head, headerBytes);
  const header: Qcow2Header = {
    version,
    clusterBits: Math.log2(clusterBytes),
    clusterBytes,
    virtualBytes: readU64(head, 24),
    l1Entries: head.readUInt32BE(36),
    l1Offset: readU64(head, 40),
    refcountTableOffset: readU64(head, 48),
    refcountTableClusters: head.readUInt32BE(56),
    refcountOrder: version === 3 ? head.readUInt32BE(96) : 4,
    snapshotCount: head.readUInt32BE(60),
    snapshotsOffset: readU64(head, 64),
    isDirty: (bits & incompatible.dirty) !== 0,
    compression: compressionOf(path, head, headerBytes, bits),
    hasExtendedL2: (bits & incompatible.extendedL2) !== 0,
    backing: readBacking(path, head, clusterBytes, extensions),
  };
  requireBounds(path, header, fileBytes);
  return header;
}

/** Guest bytes that one L2 table describes. */
export function bytesPerL2(header: Qcow2Header): number {
  return (header.clusterBytes / (header.hasExtendedL2 ? 16 : 8)) * header.clusterBytes;
}

function requireBounds(path: string, header: Qcow2Header, fileBytes: number): void {
  const { clusterBytes, virtualBytes } = header;
  if (virtualBytes === 0) throw new CodedError('DISK_EMPTY', { path });
  requireBoundedSize(path, virtualBytes);
  if (virtualBytes % 512 !== 0) throw impossible(path, 'size', virtualBytes);
  if (header.refcountOrder > 6) throw impossible(path, 'refcount_order', header.refcountOrder);
  if (header.hasExtendedL2 && header.clusterBits < 14) throw impossible(path, 'cluster_bits', header.clusterBits);
  const neededL1 = Math.ceil(virtualBytes / bytesPerL2(header));
  if (header.l1Entries < neededL1 || header.l1Entries * 8 > maxL1Bytes) throw impossible(path, 'l1_size', header.l1Entries);
  if (header.refcountTableClusters === 0 || header.refcountTableClusters * clusterBytes > maxRefcountTableBytes) {
    throw impossible(path, 'refcount_table_clusters', header.refcountTableClusters);
  }
  if (header.snapshotCount > maxSnapshots) throw impossible(path, 'nb_snapshots', header.snapshotCount);
  const inside = (table: string, offset: number, length: number): void => {
    if (offset % clusterBytes !== 0 || offset < clusterBytes || offset + length > fileBytes) {
      throw new CodedError('DISK_TABLE_OUTSIDE', { path, table, position: offset });
    }
  };
  inside('L1', header.l1Offset, header.l1Entries * 8);
  inside('refcount', header.refcountTableOffset, header.refcountTableClusters * clusterBytes);
  if (header.snapshotCount > 0) inside('snapshots', header.snapshotsOffset, header.snapshotCount * 40);
}

function features(path: string, head: Buffer): number {
  const high = head.readUInt32BE(72);
  const low = head.readUInt32BE(76);
  if (high !== 0 || (low & ~0x1f) !== 0) {
    throw new CodedError('DISK_FEATURE_UNKNOWN', { path, bits: `0x${high.toString(16)}${low.toString(16).padStart(8, '0')}` });
  }
  if ((low & incompatible.dataFile) !== 0) throw new CodedError('DISK_DATA_FILE', { path });
  if ((low & incompatible.corrupt) !== 0) throw new CodedError('DISK_MARKED_CORRUPT', { path });
  return low;
}

function refuseEncryption(path: string, method: number): void {
  if (method === 0) return;
  if (method > 2) throw impossible(path, 'crypt_method', method);
  throw new CodedError('DISK_ENCRYPTED', { path, method: method === 1 ? 'AES' : 'LUKS' });
}

function compressionOf(path: string, head: Buffer, headerBytes: number, bits: number): ClusterCompression {
  const type = headerBytes > 104 && head.length > 104 ? head.readUInt8(104) : 0;
  if (type > 1 || (type === 1) !== ((bits & incompatible.compression) !== 0)) throw impossible(path, 'compression_type', type);
  return type === 1 ? 'zstd' : 'zlib';
}

/** Walks the header extensions; each advances by at least eight bytes, so the walk ends within the first cluster. */
function readExtensions(path: string, head: Buffer, start: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = start; at + 8 <= head.length;) {
    const type = head.readUInt32BE(at);
    const length = head.readUInt32BE(at + 4);
    if (type === 0) break;
    if (at + 8 + length > head.length) throw impossible(path, 'header_extension', length);
    if (type === extensionDataFile) throw new CodedError('DISK_DATA_FILE', { path });
    found.set(type, head.subarray(at + 8, at + 8 + length));
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}

function readBacking(path: string, head: Buffer, clusterBytes: number, extensions: Map<number, Buffer>): Qcow2Header['backing'] {
  const offset = readU64(head, 8);
  if (offset === 0) return null;
  const length = head.readUInt32BE(16);
  if (length === 0 || length > maxBackingNameBytes || offset + length > Math.min(clusterBytes, head.length)) {
    throw impossible(path, 'backing_file_size', length);
  }
  const format = extensions.get(extensionBackingFormat);
  return { name: head.toString('utf8', offset, offset + length), format: format === undefined ? null : format.toString('latin1') };
}

function impossible(path: string, field: string, value: number): CodedError {
  return new CodedError('DISK_HEADER_FIELD', { path, field, value: String(value) });
}
