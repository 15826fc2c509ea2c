/**
 * Who owns which cluster of a qcow2 file. An L1 table that points at itself, an L2 table used as data, one cluster behind many guest
 * addresses: QEMU's tools read such files, and blow a few hundred KiB up to any size. Here each host cluster belongs to one owner.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { wholeTables, type TableBudget } from '../table-budget.ts';
import type { Qcow2Reader } from './reader.ts';
import { decodeEntry, readRefcountTable, type Cluster } from './tables.ts';

const chunkBits = 16;

/** A set of cluster numbers that costs memory only where something is in it. */
export class ClusterSet {
  readonly #chunks = new Map<number, Uint8Array>();

  /** @returns false where it was in the set already. */
  add(cluster: number): boolean {
    const number = Math.floor(cluster / 2 ** chunkBits);
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      chunk = new Uint8Array(2 ** chunkBits / 8);
      this.#chunks.set(number, chunk);
    }
    const bit = cluster % 2 ** chunkBits;
    const mask = 1 << (bit & 7);
    const before = chunk[bit >>> 3] ?? 0;
    chunk[bit >>> 3] = before | mask;
    return (before & mask) === 0;
  }

  has(cluster: number): boolean {
    const bit = cluster % 2 ** chunkBits;
    return (((this.#chunks.get(Math.floor(cluster / 2 ** chunkBits))?.[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1;
  }
}

/** Places of compressed clusters that are compared exactly (64 MiB of memory); beyond, only how many fit the file is checked. */
const maxExactPlaces = 8 * 1024 ** 2;
/** No deflate stream or zstd frame of a whole cluster is shorter. */
const minPackedBytes = 12;

export interface ClusterCount {
  data: number;
  compressed: number;
}

/** L2 tables asked for at once: a disk in another place answers late. */
const windowBytes = 1024 ** 2;

/** Walks the active tables of one layer (not its backing disk) and refuses overlap, sharing, and what lies outside the file. */
export async function requireSoundClusters(reader: Qcow2Reader, signal?: AbortSignal, budget: TableBudget = wholeTables()): Promise<ClusterCount> {
  const walk = new OwnershipWalk(reader);
  await walk.claimMetadata(budget, signal);
  const { tables, clusterBytes, virtualBytes } = reader;
  for (const offset of tables.l1) {
    if (offset !== 0) walk.claimTable('L2', offset, clusterBytes);
  }
  const used = tables.l1.filter((offset, index) => offset !== 0 && index * tables.bytesPerTable < virtualBytes);
  const windowTables = Math.max(1, windowBytes / clusterBytes);
  for (let first = 0; first < used.length; first += windowTables) {
    const window = [...used.subarray(first, first + windowTables)].filter(() => budget.take(clusterBytes));
    for (const table of await reader.source.read(window.map((offset) => ({ offset, length: clusterBytes })), signal)) {
      for (let entry = 0; entry < tables.entriesPerTable; entry += 1) walk.claim(decodeEntry(reader.header, table, entry));
    }
    if (budget.isUsedUp) break;
  }
  walk.requireDistinctPlaces();
  return walk.count;
}

class OwnershipWalk {
  readonly count: ClusterCount = { data: 0, compressed: 0 };
  readonly #owned = new ClusterSet();
  readonly #packed = new ClusterSet();
  readonly #reader: Qcow2Reader;
  #places = new Float64Array(1024);

  constructor(reader: Qcow2Reader) {
    this.#reader = reader;
  }

  async claimMetadata(budget: TableBudget, signal?: AbortSignal): Promise<void> {
    const { header, source } = this.#reader;
    this.claimTable('header', 0, header.clusterBytes);
    this.claimTable('L1', header.l1Offset, header.l1Entries * 8);
    this.claimTable('refcount', header.refcountTableOffset, header.refcountTableClusters * header.clusterBytes);
    if (!budget.take(header.refcountTableClusters * header.clusterBytes)) return;
    for (const block of await readRefcountTable(source, header, signal)) {
      // A refcount block outside the file is no danger to readers; `checkStructure` reports it.
      if (block !== 0 && block + header.clusterBytes <= source.sizeBytes) this.claimTable('refcount', block, header.clusterBytes);
    }
  }

  claimTable(table: string, offset: number, length: number): void {
    const { clusterBytes, source } = this.#reader;
    for (let cluster = Math.floor(offset / clusterBytes); cluster * clusterBytes < offset + length; cluster += 1) {
      if (!this.#owned.add(cluster)) throw new CodedError('DISK_TABLE_OVERLAP', { path: source.label, table, position: cluster * clusterBytes });
    }
  }

  claim(cluster: Cluster): void {
    if (cluster.kind === 'data' || cluster.kind === 'subclusters') this.#claimData(cluster.offset, cluster.kind === 'data');
    else if (cluster.kind === 'compressed') this.#claimPacked(cluster.place.offset, cluster.place.length);
  }

  #claimData(offset: number, isWhole: boolean): void {
    const { clusterBytes, source } = this.#reader;
    // Subclusters that are all unallocated or zero need no place.
    if (!isWhole && offset === 0) return;
    this.#reader.requireData(offset, isWhole ? clusterBytes : Math.min(clusterBytes, Math.max(512, source.sizeBytes - offset)));
    const cluster = Math.floor(offset / clusterBytes);
    if (!this.#owned.add(cluster) || this.#packed.has(cluster)) throw new CodedError('DISK_CLUSTER_SHARED', { path: source.label, position: offset });
    this.count.data += 1;
  }

  #claimPacked(offset: number, length: number): void {
    const { clusterBytes, source } = this.#reader;
    if (offset >= source.sizeBytes) throw new CodedError('DISK_TRUNCATED', { path: source.label, position: offset });
    const shared = (): CodedError => new CodedError('DISK_CLUSTER_SHARED', { path: source.label, position: offset });
    for (let cluster = Math.floor(offset / clusterBytes); cluster * clusterBytes < offset + length; cluster += 1) {
      if (this.#owned.has(cluster)) throw shared();
      this.#packed.add(cluster);
    }
    if (this.count.compressed < maxExactPlaces) {
      if (this.count.compressed === this.#places.length) this.#places = grown(this.#places);
      this.#places[this.count.compressed] = offset;
    } else if (this.count.compressed > source.sizeBytes / minPackedBytes) {
      throw shared();
    }
    this.count.compressed += 1;
  }

  /** Two compressed clusters never start at one byte. */
  requireDistinctPlaces(): void {
    const places = this.#places.subarray(0, Math.min(this.count.compressed, maxExactPlaces)).sort();
    const twice = places.findIndex((place, index) => index > 0 && place === places[index - 1]);
    if (twice !== -1) throw new CodedError('DISK_CLUSTER_SHARED', { path: this.#reader.source.label, position: places[twice] ?? 0 });
  }
}

function grown(places: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.min(places.length * 2, maxExactPlaces));
  larger.set(places);
  return larger;
}
