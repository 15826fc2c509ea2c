/**
 * The check of a qcow2 file that `qemu-img check` would do: every cluster that tables refer to is counted, internal snapshots
 * included, and compared with the stored refcounts. Fewer references than counted = space lost (a leak); more = damage.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { Qcow2Reader } from './reader.ts';
import type { InternalSnapshot } from './snapshots.ts';
import { decodeEntry, L2Tables, readL1, readRefcountTable } from './tables.ts';

/** Counts of this many clusters fit into memory (256 MiB); larger files are not counted, and the report says so. */
const maxClusters = 2 ** 27;

/** Problems found, few enough to be read: each kind with its number and first place. */
export async function checkQcow2(reader: Qcow2Reader, snapshots: readonly InternalSnapshot[], signal?: AbortSignal): Promise<Message[]> {
  const { source, header } = reader;
  const clusters = Math.ceil(source.sizeBytes / header.clusterBytes);
  if (clusters > maxClusters) return [say('DISK_CHECK_TOO_LARGE', { path: source.label })];
  const count = new ReferenceCount(reader, clusters);
  await count.metadata(signal);
  await count.tables(reader.tables, signal);
  for (const snapshot of snapshots) {
    count.claim(snapshot.l1Offset, snapshot.l1Entries * 8);
    const l1 = await readL1(source, header, snapshot.l1Offset, snapshot.l1Entries, signal);
    await count.tables(new L2Tables(source, header, l1), signal);
  }
  await count.compare(signal);
  return count.problems();
}

class ReferenceCount {
  readonly #reader: Qcow2Reader;
  readonly #counts: Uint16Array;
  #outside: { number: number; first: number } = { number: 0, first: 0 };
  #leaked: { number: number; first: number } = { number: 0, first: 0 };
  #missing: { number: number; first: number } = { number: 0, first: 0 };
  #blocks: Float64Array = new Float64Array(0);

  constructor(reader: Qcow2Reader, clusters: number) {
    this.#reader = reader;
    this.#counts = new Uint16Array(clusters);
  }

  async metadata(signal?: AbortSignal): Promise<void> {
    const { header, source } = this.#reader;
    this.claim(0, header.clusterBytes);
    this.claim(header.l1Offset, header.l1Entries * 8);
    this.claim(header.refcountTableOffset, header.refcountTableClusters * header.clusterBytes);
    if (header.snapshotCount > 0) this.claim(header.snapshotsOffset, await this.#snapshotTableBytes(signal));
    this.#blocks = await readRefcountTable(source, header, signal);
    for (const block of this.#blocks) {
      if (block !== 0) this.claim(block, header.clusterBytes);
    }
  }

  async tables(tables: L2Tables, signal?: AbortSignal): Promise<void> {
    const { header } = this.#reader;
    for (const [index, offset] of tables.l1.entries()) {
      if (offset === 0) continue;
      this.claim(offset, header.clusterBytes);
      const table = await tables.table(index, signal);
      for (let entry = 0; table !== null && entry < tables.entriesPerTable; entry += 1) {
        const cluster = decodeEntry(header, table, entry);
        if (cluster.kind === 'data' || (cluster.kind === 'subclusters' && cluster.offset !== 0)) this.claim(cluster.offset, header.clusterBytes);
        else if (cluster.kind === 'compressed') this.claim(cluster.place.offset, Math.min(cluster.place.length, this.#reader.source.sizeBytes - cluster.place.offset));
        // A zero cluster may keep its preallocated place.
        else if (cluster.kind === 'zero') this.#claimPreallocated(table, entry);
      }
    }
  }

  claim(offset: number, length: number): void {
    const { clusterBytes } = this.#reader;
    const first = Math.floor(offset / clusterBytes);
    if (!Number.isFinite(offset) || length <= 0 || first >= this.#counts.length) { note(this.#outside, offset); return; }
    for (let cluster = first; cluster * clusterBytes < offset + length; cluster += 1) {
      if (cluster >= this.#counts.length) { note(this.#outside, offset); return; }
      this.#counts[cluster] = Math.min(0xffff, (this.#counts[cluster] ?? 0) + 1);
    }
  }

  async compare(signal?: AbortSignal): Promise<void> {
    const { header, source, clusterBytes } = this.#reader;
    const bits = 2 ** header.refcountOrder;
    const perBlock = (clusterBytes * 8) / bits;
    for (let first = 0; first < this.#counts.length; first += perBlock) {
      const offset = this.#blocks[first / perBlock] ?? 0;
      const isThere = offset !== 0 && offset % clusterBytes === 0 && offset + clusterBytes <= source.sizeBytes;
      const [block] = isThere ? await source.read([{ offset, length: clusterBytes }], signal) : [Buffer.alloc(clusterBytes)];
      for (let index = 0; index < perBlock && first + index < this.#counts.length && block !== undefined; index += 1) {
        const stored = Math.min(0xffff, storedCount(block, index, bits));
        const found = this.#counts[first + index] ?? 0;
        if (found > stored) note(this.#missing, (first + index) * clusterBytes);
        else if (found < stored) note(this.#leaked, (first + index) * clusterBytes);
      }
    }
  }

  problems(): Message[] {
    const path = this.#reader.source.label;
    const problems: Message[] = [];
    if (this.#outside.number > 0) problems.push(say('DISK_CHECK_OUTSIDE', { path, count: this.#outside.number, position: this.#outside.first }));
    if (this.#missing.number > 0) problems.push(say('DISK_CHECK_MISSING', { path, count: this.#missing.number, position: this.#missing.first }));
    if (this.#leaked.number > 0) problems.push(say('DISK_CHECK_LEAKED', { path, count: this.#leaked.number, position: this.#leaked.first }));
    return problems;
  }

  #claimPreallocated(table: Buffer, entry: number): void {
    const { header } = this.#reader;
    const at = entry * (header.hasExtendedL2 ? 16 : 8);
    const offset = (table.readUInt32BE(at) & 0x00ffffff) * 0x1_0000_0000 + ((table.readUInt32BE(at + 4) & 0xfffffe00) >>> 0);
    if (offset !== 0) this.claim(offset, header.clusterBytes);
  }

  async #snapshotTableBytes(signal?: AbortSignal): Promise<number> {
    const { header, source } = this.#reader;
    let at = header.snapshotsOffset;
    for (let index = 0; index < header.snapshotCount; index += 1) {
      const [fixed] = await source.read([{ offset: at, length: 40 }], signal);
      if (fixed === undefined) throw new CodedError('DISK_TABLE_OUTSIDE', { path: source.label, table: 'snapshots', position: at });
      at += Math.ceil((40 + fixed.readUInt32BE(36) + fixed.readUInt16BE(12) + fixed.readUInt16BE(14)) / 8) * 8;
    }
    return at - header.snapshotsOffset;
  }
}

function note(kind: { number: number; first: number }, position: number): void {
  if (kind.number === 0) kind.first = Number.isFinite(position) ? position : 0;
  kind.number += 1;
}

/** Counts narrower than a byte start at its least significant bit; wider ones are big-endian. */
function storedCount(block: Buffer, index: number, bits: number): number {
  if (bits < 8) return ((block[Math.floor((index * bits) / 8)] ?? 0) >>> ((index * bits) % 8)) & (2 ** bits - 1);
  const bytes = bits / 8;
  if (bytes === 8) return block.readUInt32BE(index * 8) * 0x1_0000_0000 + block.readUInt32BE(index * 8 + 4);
  return block.readUIntBE(index * bytes, bytes);
}
