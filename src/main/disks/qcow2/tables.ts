/**
 * L1 and L2 tables of a qcow2 file. The L1 table is bounded (32 MiB) and kept as offsets; L2 tables are read when they are needed
 * and a few are kept. An entry is decoded here and nowhere else.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64 } from '../big-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { compressedPlace, type CompressedPlace } from './compressed.ts';
import { bytesPerL2, type Qcow2Header } from './header.ts';

/** L2 tables kept by one reader, in bytes; at least one table of any size. */
const cacheBytes = 4 * 1024 ** 2;

/** Offsets of the active L1 table; 0 = no L2 table. Reserved bits are masked, alignment and bounds checked. */
export async function readL1(source: BlockSource, header: Qcow2Header, offset: number, entries: number, signal?: AbortSignal): Promise<Float64Array> {
  const table = new Float64Array(entries);
  const window = 128 * 1024;
  for (let first = 0; first < entries; first += window / 8) {
    const count = Math.min(window / 8, entries - first);
    const [bytes] = await source.read([{ offset: offset + first * 8, length: count * 8 }], signal);
    if (bytes === undefined) continue;
    for (let index = 0; index < count; index += 1) {
      const l2 = tableOffset(bytes, index * 8);
      if (l2 !== 0 && (l2 % header.clusterBytes !== 0 || l2 + header.clusterBytes > source.sizeBytes)) {
        throw new CodedError('DISK_TABLE_OUTSIDE', { path: source.label, table: 'L2', position: l2 });
      }
      table[first + index] = l2;
    }
  }
  return table;
}

/** Bits 9 to 55 of an entry: an offset in the file. */
export function tableOffset(bytes: Buffer, at: number): number {
  return (bytes.readUInt32BE(at) & 0x00ffffff) * 0x1_0000_0000 + ((bytes.readUInt32BE(at + 4) & 0xfffffe00) >>> 0);
}

export type Cluster =
  | { kind: 'unallocated' | 'zero' }
  | { kind: 'data'; offset: number }
  | { kind: 'compressed'; place: CompressedPlace }
  /** Extended L2: one bit a subcluster, 32 of them; neither bit = unallocated. */
  | { kind: 'subclusters'; offset: number; allocated: number; zeros: number };

const unallocated: Cluster = { kind: 'unallocated' };
const zero: Cluster = { kind: 'zero' };

/** Decodes entry `index` of an L2 table. Bounds of what it points at are the caller's to check. */
export function decodeEntry(header: Qcow2Header, table: Buffer, index: number): Cluster {
  const at = index * (header.hasExtendedL2 ? 16 : 8);
  const high = table.readUInt32BE(at);
  const low = table.readUInt32BE(at + 4);
  if ((high & 0x40000000) !== 0) return { kind: 'compressed', place: compressedPlace(high, low, header.clusterBits) };
  const offset = tableOffset(table, at);
  if (header.hasExtendedL2) {
    const zeros = table.readUInt32BE(at + 8);
    const allocated = table.readUInt32BE(at + 12);
    if (zeros === 0 && allocated === 0) return unallocated;
    if (allocated === 0 && zeros === 0xffffffff) return zero;
    if (zeros === 0 && allocated === 0xffffffff) return { kind: 'data', offset };
    return { kind: 'subclusters', offset, allocated, zeros };
  }
  // Bit 0 is reserved in version 2. A zero cluster may keep a preallocated place, which is ignored.
  if (header.version === 3 && (low & 1) !== 0) return zero;
  return offset === 0 ? unallocated : { kind: 'data', offset };
}

/** The L2 tables of one L1 table, with a small cache of the last ones used. */
export class L2Tables {
  readonly entriesPerTable: number;
  readonly bytesPerTable: number;
  readonly l1: Float64Array;
  readonly #source: BlockSource;
  readonly #header: Qcow2Header;
  readonly #cache = new Map<number, Buffer>();

  constructor(source: BlockSource, header: Qcow2Header, l1: Float64Array) {
    this.#source = source;
    this.#header = header;
    this.l1 = l1;
    this.bytesPerTable = bytesPerL2(header);
    this.entriesPerTable = this.bytesPerTable / header.clusterBytes;
  }

  /** The table of that L1 entry, or null where there is none. */
  async table(l1Index: number, signal?: AbortSignal): Promise<Buffer | null> {
    const offset = this.l1[l1Index] ?? 0;
    if (offset === 0) return null;
    const kept = this.#cache.get(l1Index);
    if (kept !== undefined) return kept;
    const [table] = await this.#source.read([{ offset, length: this.#header.clusterBytes }], signal);
    if (table === undefined) return null;
    this.#cache.set(l1Index, table);
    if (this.#cache.size > Math.max(1, cacheBytes / this.#header.clusterBytes)) {
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    return table;
  }
}

/** Offsets of the refcount blocks; 0 = none. The table is bounded by the header's check (8 MiB). */
export async function readRefcountTable(source: BlockSource, header: Qcow2Header, signal?: AbortSignal): Promise<Float64Array> {
  const bytes = header.refcountTableClusters * header.clusterBytes;
  const [table] = await source.read([{ offset: header.refcountTableOffset, length: bytes }], signal);
  const blocks = new Float64Array(bytes / 8);
  if (table !== undefined) blocks.forEach((_, index) => (blocks[index] = readU64(table, index * 8)));
  return blocks;
}
