/** The guest's view of a qcow2 file (version 2 and 3, compressed clusters, extended L2) over its backing disk, if it has one. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { ExtentList, requireInsideDisk, type BlockReader } from '../block-reader.ts';
import type { Extent } from '../disk-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { decompress, type CompressedPlace } from './compressed.ts';
import type { Qcow2Header } from './header.ts';
import { decodeEntry, L2Tables, type Cluster } from './tables.ts';

/** A run of guest bytes inside this layer. `below` = the backing disk decides. */
interface Segment {
  offset: number;
  length: number;
  kind: 'data' | 'compressed' | 'zero' | 'below';
  /** Of `data`. */
  sourceOffset: number;
  place: CompressedPlace | null;
}

/** Compressed clusters that follow each other in the file are read in one go, up to this much. */
const batchBytes = 2 * 1024 ** 2;

export class Qcow2Reader implements BlockReader {
  readonly format = 'qcow2';
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly header: Qcow2Header;
  readonly tables: L2Tables;
  readonly backing: BlockReader | null;
  readonly source: BlockSource;
  /** The cluster decompressed last: small sequential reads ask for it again and again. */
  #lastPlain: { offset: number; bytes: Buffer } | null = null;

  constructor(source: BlockSource, header: Qcow2Header, l1: Float64Array, backing: BlockReader | null) {
    this.source = source;
    this.header = header;
    this.virtualBytes = header.virtualBytes;
    this.clusterBytes = header.clusterBytes;
    this.tables = new L2Tables(source, header, l1);
    this.backing = backing;
  }

  async extents(offset: number, length: number, signal?: AbortSignal): Promise<Extent[]> {
    requireInsideDisk(this, offset, length);
    const list = new ExtentList();
    for (const segment of await this.#segments(offset, length, signal)) {
      const { kind } = segment;
      if (kind === 'below') {
        for (const extent of await this.#extentsBelow(segment, signal)) list.add(extent);
      } else {
        list.add({ offset: segment.offset, length: segment.length, kind, layer: 0, sourceOffset: kind === 'data' ? segment.sourceOffset : null });
      }
    }
    return list.extents;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(length);
    await this.readInto(offset, target, signal);
    return target;
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    requireInsideDisk(this, offset, target.length);
    const segments = await this.#segments(offset, target.length, signal);
    for (let index = 0; index < segments.length; index += 1) {
      const segment = segments[index];
      if (segment === undefined) break;
      const part = target.subarray(segment.offset - offset, segment.offset - offset + segment.length);
      if (segment.kind === 'zero') part.fill(0);
      else if (segment.kind === 'data') await this.source.readInto(segment.sourceOffset, part, signal);
      else if (segment.kind === 'below') await this.#readBelow(segment.offset, part, signal);
      else index += (await this.#readCompressed(segments, index, offset, target, signal)) - 1;
    }
  }

  async close(): Promise<void> {
    await this.source.close();
    await this.backing?.close();
  }

  async #extentsBelow(segment: Segment, signal?: AbortSignal): Promise<Extent[]> {
    const backing = this.backing;
    const end = segment.offset + segment.length;
    const stored = Math.max(segment.offset, Math.min(end, backing?.virtualBytes ?? 0));
    const extents = backing === null || stored === segment.offset ? [] : await backing.extents(segment.offset, stored - segment.offset, signal);
    return [
      ...extents.map((extent) => ({ ...extent, layer: extent.layer + 1 })),
      { offset: stored, length: end - stored, kind: 'zero' as const, layer: 0, sourceOffset: null },
    ];
  }

  /** An overlay may be larger than its backing disk: what lies past the end reads as zeros. */
  async #readBelow(offset: number, part: Buffer, signal?: AbortSignal): Promise<void> {
    const stored = Math.max(0, Math.min(part.length, (this.backing?.virtualBytes ?? 0) - offset));
    if (this.backing !== null && stored > 0) await this.backing.readInto(offset, part.subarray(0, stored), signal);
    part.fill(0, stored);
  }

  /** Reads a run of compressed clusters that lie one after the other, and gives the number of segments done. */
  async #readCompressed(segments: Segment[], first: number, offset: number, target: Buffer, signal?: AbortSignal): Promise<number> {
    const batch: { segment: Segment; place: CompressedPlace }[] = [];
    let end = 0;
    for (let index = first; index < segments.length; index += 1) {
      const segment = segments[index];
      if (segment === undefined || segment.place === null) break;
      const { place } = segment;
      const start = batch[0]?.place.offset ?? place.offset;
      // Neighbours share a sector, so the next one may start a little before the last one's rounded end.
      if (batch.length > 0 && (place.offset < end - 512 || place.offset > end + 4096 || place.offset + place.length - start > batchBytes)) break;
      batch.push({ segment, place });
      end = Math.max(end, place.offset + place.length);
    }
    const start = batch[0]?.place.offset ?? 0;
    const only = batch.length === 1 && this.#lastPlain?.offset === start;
    const packed = only ? Buffer.alloc(0) : await this.#packed(start, end - start, signal);
    for (const { segment, place } of batch) {
      const plain = only && this.#lastPlain !== null ? this.#lastPlain.bytes : this.#decompress(place, packed.subarray(place.offset - start));
      const from = segment.offset % this.clusterBytes;
      plain.copy(target, segment.offset - offset, from, from + segment.length);
      if (batch.length === 1) this.#lastPlain = { offset: place.offset, bytes: plain };
    }
    return batch.length;
  }

  #decompress(place: CompressedPlace, packed: Buffer): Buffer {
    return decompress(this.source.label, place.offset, packed.subarray(0, place.length), this.header.compression, this.clusterBytes);
  }

  /** The last cluster of a file may be shorter than its descriptor says. */
  async #packed(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    if (offset >= this.source.sizeBytes) throw this.#truncated(offset);
    const packed = Buffer.allocUnsafe(Math.min(length, this.source.sizeBytes - offset));
    await this.source.readInto(offset, packed, signal);
    return packed;
  }

  async #segments(offset: number, length: number, signal?: AbortSignal): Promise<Segment[]> {
    const segments: Segment[] = [];
    const end = offset + length;
    const { bytesPerTable, entriesPerTable } = this.tables;
    for (let at = offset; at < end;) {
      const l1Index = Math.floor(at / bytesPerTable);
      const tableEnd = Math.min(end, (l1Index + 1) * bytesPerTable);
      const table = await this.tables.table(l1Index, signal);
      if (table === null) {
        push(segments, { offset: at, length: tableEnd - at, kind: 'below', sourceOffset: 0, place: null });
        at = tableEnd;
      }
      while (at < tableEnd && table !== null) {
        const within = at % this.clusterBytes;
        const size = Math.min(this.clusterBytes - within, tableEnd - at);
        const entry = Math.floor(at / this.clusterBytes) % entriesPerTable;
        this.#pushCluster(segments, decodeEntry(this.header, table, entry), at, within, size);
        at += size;
      }
    }
    return segments;
  }

  #pushCluster(segments: Segment[], cluster: Cluster, offset: number, within: number, length: number): void {
    switch (cluster.kind) {
      case 'unallocated':
        { push(segments, { offset, length, kind: 'below', sourceOffset: 0, place: null }); return; }
      case 'zero':
        { push(segments, { offset, length, kind: 'zero', sourceOffset: 0, place: null }); return; }
      case 'data':
        this.requireData(cluster.offset, this.clusterBytes);
        { push(segments, { offset, length, kind: 'data', sourceOffset: cluster.offset + within, place: null }); return; }
      case 'compressed':
        { push(segments, { offset, length, kind: 'compressed', sourceOffset: 0, place: cluster.place }); return; }
      case 'subclusters':
        { this.#pushSubclusters(segments, cluster, offset, within, length); return; }
    }
  }

  #pushSubclusters(segments: Segment[], cluster: Extract<Cluster, { kind: 'subclusters' }>, offset: number, within: number, length: number): void {
    const size = this.clusterBytes / 32;
    for (let at = within; at < within + length;) {
      const index = Math.floor(at / size);
      const part = Math.min((index + 1) * size, within + length) - at;
      const isZero = ((cluster.zeros >>> index) & 1) === 1;
      const isAllocated = ((cluster.allocated >>> index) & 1) === 1;
      if (isZero && isAllocated) throw new CodedError('DISK_HEADER_FIELD', { path: this.source.label, field: 'subcluster bitmap', value: String(index) });
      if (isAllocated) this.requireData(cluster.offset + index * size, size);
      const kind = isAllocated ? 'data' : isZero ? 'zero' : 'below';
      push(segments, { offset: offset + at - within, length: part, kind, sourceOffset: cluster.offset + at, place: null });
      at += part;
    }
  }

  /** A cluster that is said to hold data must lie in the file, whole and aligned: past the end is missing, not zero. */
  requireData(offset: number, length: number): void {
    if (offset === 0 || offset % (length < this.clusterBytes ? 512 : this.clusterBytes) !== 0) {
      throw new CodedError('DISK_TABLE_OUTSIDE', { path: this.source.label, table: 'L2', position: offset });
    }
    if (offset + length > this.source.sizeBytes) throw this.#truncated(offset);
  }

  #truncated(position: number): CodedError {
    return new CodedError('DISK_TRUNCATED', { path: this.source.label, position });
  }
}

function push(segments: Segment[], segment: Segment): void {
  const last = segments.at(-1);
  const continues = last !== undefined && last.kind === segment.kind && segment.place === null &&
    (segment.kind !== 'data' || segment.sourceOffset === last.sourceOffset + last.length);
  if (continues) last.length += segment.length;
  else segments.push(segment);
}
