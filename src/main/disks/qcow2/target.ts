/**
 * Writing qcow2 files (version 3, clusters of 64 KiB). The L2 tables have their places in front, for every part of the disk that may
 * hold data; each thread writes its blocks' entries straight there, so that no table is kept in memory whatever the disk's size.
 * Without L1, refcounts and header, which come last, the file is nothing.
 */
import type { BlockReader } from '../block-reader.ts';
import { blockBytes, bytesInBlock, isAllZero } from '../blocks.ts';
import type { FileSource } from '../file-source.ts';
import { blockState, counter, type SharedState } from '../shared-state.ts';
import type { TargetFile } from '../target-file.ts';
import { requireAllowed, type BlockWriter, type TargetPlan } from '../target-plan.ts';
import { buildQcow2Header, clusterBits, clusterBytes } from './build-header.ts';
import { ClusterPacker } from './pack.ts';
import { Qcow2Reader } from './reader.ts';
import { countTableReferences, writeRefcounts } from './write-refcounts.ts';

const clustersPerBlock = blockBytes / clusterBytes;
const blocksPerTable = (clusterBytes / 8) * clusterBytes / blockBytes;
const copied = 0x80000000;
const compressedFlag = 0x40000000;

export interface Qcow2Plan {
  l1Entries: number;
  /** Cluster number of each L1 entry's table, 0 = none. */
  tables: Uint32Array;
  /** First cluster after the tables: data starts here. */
  firstDataCluster: number;
}

/** Cluster 0 is the header, then L1, then the L2 tables, then data; refcounts at the end, when their size is known. */
export function planQcow2(virtualBytes: number, states: Uint8Array): Qcow2Plan {
  const l1Entries = Math.ceil(virtualBytes / (blocksPerTable * blockBytes));
  const tables = new Uint32Array(l1Entries);
  let next = 1 + Math.ceil((l1Entries * 8) / clusterBytes);
  states.forEach((state, block) => {
    const index = Math.floor(block / blocksPerTable);
    if (state === blockState.empty || tables[index] !== 0) return;
    tables[index] = next;
    next += 1;
  });
  return { l1Entries, tables, firstDataCluster: next };
}

export class Qcow2BlockWriter implements BlockWriter {
  readonly #plan: TargetPlan;
  readonly #qcow2: Qcow2Plan;
  readonly #file: TargetFile;
  readonly #state: SharedState;
  readonly #packer: ClusterPacker | null;
  readonly #entries = Buffer.alloc(clustersPerBlock * 8);
  /** This thread's cluster that compressed clusters did not fill: the next ones start in it. */
  #openFrom = 0;
  #openTo = 0;

  constructor(plan: TargetPlan, qcow2: Qcow2Plan, file: TargetFile, state: SharedState) {
    this.#plan = plan;
    this.#qcow2 = qcow2;
    this.#packer = plan.compression === null ? null : new ClusterPacker(plan.compression, clusterBytes);
    this.#file = file;
    this.#state = state;
  }

  async write(block: number, bytes: Buffer): Promise<void> {
    this.#entries.fill(0);
    const clusters = Math.ceil(bytesInBlock(block, this.#plan.virtualBytes) / clusterBytes);
    const filled: number[] = [];
    for (let index = 0; index < clusters; index += 1) {
      if (!isAllZero(bytes, index * clusterBytes, (index + 1) * clusterBytes)) filled.push(index);
    }
    if (this.#packer === null) {
      this.#storePlain(bytes, filled);
    } else {
      const packed: { index: number; bytes: Buffer }[] = [];
      const plain: number[] = [];
      for (const index of filled) {
        const cluster = await this.#packer.pack(bytes.subarray(index * clusterBytes, (index + 1) * clusterBytes));
        if (cluster === null) plain.push(index);
        else packed.push({ index, bytes: cluster });
      }
      this.#storePlain(bytes, plain);
      this.#storePacked(packed);
    }
    const table = this.#qcow2.tables[Math.floor(block / blocksPerTable)] ?? 0;
    this.#file.write(this.#entries, table * clusterBytes + (block % blocksPerTable) * this.#entries.length);
  }

  #allocate(clusters: number): number {
    const first = this.#qcow2.firstDataCluster + Atomics.add(this.#state.control, counter.allocated, clusters);
    requireAllowed(this.#plan, (first + clusters) * clusterBytes);
    return first;
  }

  /** Neighbours in the disk become neighbours in the file, and are written in one go. */
  #storePlain(bytes: Buffer, filled: readonly number[]): void {
    if (filled.length === 0) return;
    const first = this.#allocate(filled.length);
    for (let from = 0; from < filled.length;) {
      const start = filled[from] ?? 0;
      let to = from + 1;
      while (to < filled.length && filled[to] === start + to - from) to += 1;
      this.#file.write(bytes.subarray(start * clusterBytes, (start + to - from) * clusterBytes), (first + from) * clusterBytes);
      from = to;
    }
    filled.forEach((index, place) => {
      const offset = (first + place) * clusterBytes;
      this.#entries.writeUInt32BE((Math.floor(offset / 0x1_0000_0000) | copied) >>> 0, index * 8);
      this.#entries.writeUInt32BE(offset % 0x1_0000_0000, index * 8 + 4);
    });
  }

  /** Byte by byte one behind the other, first in what is left of this thread's open cluster, then in new ones. */
  #storePacked(packed: readonly { index: number; bytes: Buffer }[]): void {
    let rest = packed;
    while (rest.length > 0) {
      let fits = 0;
      let length = 0;
      while (fits < rest.length && this.#openFrom + length + (rest[fits]?.bytes.length ?? 0) <= this.#openTo) {
        length += rest[fits]?.bytes.length ?? 0;
        fits += 1;
      }
      if (fits > 0) this.#file.write(Buffer.concat(rest.slice(0, fits).map((cluster) => cluster.bytes)), this.#openFrom);
      for (const cluster of rest.slice(0, fits)) {
        this.#describe(cluster.index, this.#openFrom, cluster.bytes.length);
        this.#openFrom += cluster.bytes.length;
      }
      rest = rest.slice(fits);
      if (rest.length > 0) this.#openMore(rest.reduce((sum, cluster) => sum + cluster.bytes.length, 0));
    }
  }

  /** New clusters for `length` bytes; where they follow the open one, its rest is used up first. */
  #openMore(length: number): void {
    const left = this.#openTo - this.#openFrom;
    const clusters = Math.ceil(length / clusterBytes);
    const start = this.#allocate(clusters) * clusterBytes;
    if (start !== this.#openTo || left === 0) this.#openFrom = start;
    this.#openTo = start + clusters * clusterBytes;
  }

  #describe(index: number, offset: number, length: number): void {
    const sectors = Math.floor((offset + length - 1) / 512) - Math.floor(offset / 512);
    const high = (compressedFlag | (sectors << (62 - (clusterBits - 8) - 32)) | Math.floor(offset / 0x1_0000_0000)) >>> 0;
    this.#entries.writeUInt32BE(high, index * 8);
    this.#entries.writeUInt32BE(offset % 0x1_0000_0000, index * 8 + 4);
  }
}

/** Data, flush, L1 and refcounts, flush, header, flush. */
export function finishQcow2(plan: TargetPlan, qcow2: Qcow2Plan, file: TargetFile, state: SharedState): number {
  const dataEnd = qcow2.firstDataCluster + Atomics.load(state.control, counter.allocated);
  file.truncate(dataEnd * clusterBytes);
  file.flush();
  const counts = new Uint16Array(dataEnd);
  counts.fill(1, 0, qcow2.firstDataCluster);
  for (const table of qcow2.tables) {
    if (table !== 0) countTableReferences(file.read(clusterBytes, table * clusterBytes), counts);
  }
  const refcounts = writeRefcounts(file, counts);
  const l1 = Buffer.alloc(Math.ceil((qcow2.l1Entries * 8) / clusterBytes) * clusterBytes);
  qcow2.tables.forEach((table, index) => {
    if (table === 0) return;
    const offset = table * clusterBytes;
    l1.writeUInt32BE((Math.floor(offset / 0x1_0000_0000) | copied) >>> 0, index * 8);
    l1.writeUInt32BE(offset % 0x1_0000_0000, index * 8 + 4);
  });
  file.write(l1, clusterBytes);
  file.truncate(refcounts.endBytes);
  file.flush();
  const header = {
    virtualBytes: plan.virtualBytes, l1Offset: clusterBytes, l1Entries: qcow2.l1Entries, refcountTableOffset: refcounts.tableOffset,
    refcountTableClusters: refcounts.tableClusters, compression: plan.compression ?? 'zlib' as const, backing: null,
  };
  file.write(buildQcow2Header(header), 0);
  file.flush();
  return refcounts.endBytes;
}

/** The blocks stored so far, through an L1 table in memory. */
export function viewQcow2(plan: TargetPlan, qcow2: Qcow2Plan, source: FileSource): BlockReader {
  const header = {
    version: 3 as const, clusterBits, clusterBytes, virtualBytes: plan.virtualBytes, l1Entries: qcow2.l1Entries, l1Offset: clusterBytes,
    refcountTableOffset: 0, refcountTableClusters: 0, refcountOrder: 4, snapshotCount: 0, snapshotsOffset: 0, isDirty: false,
    compression: plan.compression ?? 'zlib' as const, hasExtendedL2: false, backing: null,
  };
  return new Qcow2Reader(source, header, Float64Array.from(qcow2.tables, (table) => table * clusterBytes), null);
}
