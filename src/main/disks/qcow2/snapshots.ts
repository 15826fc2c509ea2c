/** The table of internal snapshots of a qcow2 file: their names, and the L1 tables they keep. Bounded, names cut for showing. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64 } from '../big-endian.ts';
import { requireBoundedSize } from '../block-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { bytesPerL2, type Qcow2Header } from './header.ts';

export interface InternalSnapshot {
  id: string;
  name: string;
  l1Offset: number;
  l1Entries: number;
  /** Size of the disk when the snapshot was taken; null where the file does not say (then it is the disk's). */
  diskBytes: number | null;
}

/** Larger tables are refused, as by QEMU. */
const maxTableBytes = 16 * 1024 ** 2;

export async function readSnapshots(source: BlockSource, header: Qcow2Header, signal?: AbortSignal): Promise<InternalSnapshot[]> {
  const snapshots: InternalSnapshot[] = [];
  let at = header.snapshotsOffset;
  for (let index = 0; index < header.snapshotCount; index += 1) {
    const outside = (): CodedError => new CodedError('DISK_TABLE_OUTSIDE', { path: source.label, table: 'snapshots', position: at });
    if (at + 40 > source.sizeBytes || at - header.snapshotsOffset > maxTableBytes) throw outside();
    const [fixed] = await source.read([{ offset: at, length: 40 }], signal);
    if (fixed === undefined) throw outside();
    const idBytes = fixed.readUInt16BE(12);
    const nameBytes = fixed.readUInt16BE(14);
    const extraBytes = fixed.readUInt32BE(36);
    const names = at + 40 + extraBytes;
    if (names + idBytes + nameBytes > source.sizeBytes || extraBytes > maxTableBytes) throw outside();
    const sizes = { offset: at + 40, length: extraBytes >= 16 ? 16 : 0 };
    const [id, name, extra] = await source.read([{ offset: names, length: idBytes }, { offset: names + idBytes, length: nameBytes }, sizes], signal);
    const snapshot = {
      id: (id ?? Buffer.alloc(0)).toString('utf8').slice(0, 200),
      name: (name ?? Buffer.alloc(0)).toString('utf8').slice(0, 200),
      l1Offset: readU64(fixed, 0),
      l1Entries: fixed.readUInt32BE(8),
      diskBytes: extra?.length === 16 ? readU64(extra, 8) : null,
    };
    requireL1Inside(source, header, snapshot);
    snapshots.push(snapshot);
    // Each entry is padded to a multiple of eight bytes.
    at += Math.ceil((40 + extraBytes + idBytes + nameBytes) / 8) * 8;
  }
  return snapshots;
}

function requireL1Inside(source: BlockSource, header: Qcow2Header, snapshot: InternalSnapshot): void {
  const { l1Offset, l1Entries } = snapshot;
  const bytes = l1Entries * 8;
  if (bytes > 32 * 1024 ** 2 || l1Offset % header.clusterBytes !== 0 || l1Offset < header.clusterBytes || l1Offset + bytes > source.sizeBytes) {
    throw new CodedError('DISK_TABLE_OUTSIDE', { path: source.label, table: 'snapshot L1', position: l1Offset });
  }
}

/**
 * The header as it was when the snapshot was taken, to read that state instead of the active one.
 * @param wanted the snapshot's id or name; an id wins over a name.
 */
export function headerOfSnapshot(path: string, header: Qcow2Header, snapshots: readonly InternalSnapshot[], wanted: string): Qcow2Header {
  const snapshot = snapshots.find(({ id }) => id === wanted) ?? snapshots.find(({ name }) => name === wanted);
  if (snapshot === undefined) throw new CodedError('DISK_SNAPSHOT_NOT_FOUND', { path, snapshot: wanted.slice(0, 200) });
  const { l1Offset, l1Entries } = snapshot;
  const virtualBytes = snapshot.diskBytes ?? header.virtualBytes;
  requireBoundedSize(path, virtualBytes);
  if (virtualBytes === 0 || virtualBytes % 512 !== 0 || l1Entries * bytesPerL2(header) < virtualBytes) {
    throw new CodedError('DISK_HEADER_FIELD', { path, field: 'snapshot disk size', value: String(virtualBytes) });
  }
  return { ...header, l1Offset, l1Entries, virtualBytes };
}
