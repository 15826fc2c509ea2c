/** Grains of a stream-optimized VMDK: a marker with address and size, then a zlib stream. All of it is untrusted, output is capped. */
import { inflateSync } from 'node:zlib';
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64Le } from '../little-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { sectorBytes, type SparseHeader } from './header.ts';

const markerBytes = 12;
/** Streams are read front to back mostly: after a grain that follows the last one, this much is read in one go. */
const aheadBytes = 1024 ** 2;

export class CompressedGrains {
  readonly #source: BlockSource;
  readonly #header: SparseHeader;
  #window: { offset: number; bytes: Buffer } = { offset: 0, bytes: Buffer.alloc(0) };
  #last: { grain: number; bytes: Buffer } | null = null;

  constructor(source: BlockSource, header: SparseHeader) {
    this.#source = source;
    this.#header = header;
  }

  /** The grain's bytes. The marker must name this very grain, so that no stream can serve for two. */
  async read(grain: number, sector: number, signal?: AbortSignal): Promise<Buffer> {
    if (this.#last?.grain === grain) return this.#last.bytes;
    const { grainBytes, virtualBytes, dataEndBytes } = this.#header;
    const path = this.#source.label;
    const position = sector * sectorBytes;
    if (position + markerBytes > dataEndBytes) throw new CodedError('DISK_TRUNCATED', { path, position });
    const marker = await this.#bytes(position, markerBytes, signal);
    const damaged = (cause?: unknown): CodedError => new CodedError('DISK_COMPRESSED_DAMAGED', { path, position }, cause === undefined ? {} : { cause });
    const length = marker.readUInt32LE(8);
    const address = readU64Le(marker, 0) * sectorBytes;
    if (address !== grain * grainBytes) throw new CodedError('DISK_CLUSTER_SHARED', { path, position });
    // Deflate never needs more than a thousandth on top of what it stores; twice the grain is room for any program's.
    if (length === 0 || length > grainBytes * 2 + sectorBytes) throw damaged();
    if (position + markerBytes + length > dataEndBytes) throw new CodedError('DISK_TRUNCATED', { path, position });
    const packed = (await this.#bytes(position, markerBytes + length, signal)).subarray(markerBytes);
    let plain: Buffer;
    try {
      plain = inflateSync(packed, { chunkSize: grainBytes + 64, maxOutputLength: grainBytes });
    } catch (error) {
      throw damaged(error);
    }
    // The last grain of a disk may hold less than a whole one.
    const needed = Math.min(grainBytes, virtualBytes - grain * grainBytes);
    if (plain.length < needed) throw damaged();
    this.#last = { grain, bytes: plain };
    return plain;
  }

  async #bytes(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    const end = this.#window.offset + this.#window.bytes.length;
    if (offset < this.#window.offset || offset + length > end) {
      const isNext = offset >= this.#window.offset && offset <= end;
      const wanted = Math.max(length, isNext ? aheadBytes : this.#header.grainBytes + sectorBytes);
      const [bytes] = await this.#source.read([{ offset, length: Math.min(wanted, this.#header.dataEndBytes - offset) }], signal);
      this.#window = { offset, bytes: bytes ?? Buffer.alloc(0) };
    }
    return this.#window.bytes.subarray(offset - this.#window.offset, offset - this.#window.offset + length);
  }
}
