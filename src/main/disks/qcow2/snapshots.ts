/** The table of internal snapshots of a qcow2 file: their names, and the L1 tables they keep. Bounded, names cut for showing. */
import { AppError } from '../../../shared/model/app-error.ts';
import { readU64 } from '../big-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import type { Qcow2Header } from './header.ts';

export interface InternalSnapshot {
  id: string;
  name: string;
  l1Offset: number;
  l1Entries: number;
}

/** Larger tables are refused, as by QEMU. */
const maxTableBytes = 16 * 1024 ** 2;

export async function readSnapshots(source: BlockSource, header: Qcow2Header, signal?: AbortSignal): Promise<InternalSnapshot[]> {
  const snapshots: InternalSnapshot[] = [];
  let at = header.snapshotsOffset;
  for (let index = 0; index < header.snapshotCount; index += 1) {
    const outside = (): AppError => new AppError('DISK_TABLE_OUTSIDE', { path: source.label, table: 'snapshots', position: at });
    if (at + 40 > source.sizeBytes || at - header.snapshotsOffset > maxTableBytes) throw outside();
    const [fixed] = await source.read([{ offset: at, length: 40 }], signal);
    if (fixed === undefined) throw outside();
    const idBytes = fixed.readUInt16BE(12);
    const nameBytes = fixed.readUInt16BE(14);
    const extraBytes = fixed.readUInt32BE(36);
    const names = at + 40 + extraBytes;
    if (names + idBytes + nameBytes > source.sizeBytes || extraBytes > maxTableBytes) throw outside();
    const [id, name] = await source.read([{ offset: names, length: idBytes }, { offset: names + idBytes, length: nameBytes }], signal);
    const snapshot = {
      id: (id ?? Buffer.alloc(0)).toString('utf8').slice(0, 200),
      name: (name ?? Buffer.alloc(0)).toString('utf8').slice(0, 200),
      l1Offset: readU64(fixed, 0),
      l1Entries: fixed.readUInt32BE(8),
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
    throw new AppError('DISK_TABLE_OUTSIDE', { path: source.label, table: 'snapshot L1', position: l1Offset });
  }
}
