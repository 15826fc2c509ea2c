/** A raw disk: the file's bytes are the guest's. A last sector that is not full is padded with zeros, as hypervisors do. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { requireBoundedSize, requireInsideDisk, type BlockReader } from '../block-reader.ts';
import type { Extent } from '../disk-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';

export class RawReader implements BlockReader {
  readonly format = 'raw';
  readonly virtualBytes: number;
  readonly clusterBytes = 0;
  readonly #source: BlockSource;
  readonly #sizeBytes: number;

  constructor(source: BlockSource) {
    if (source.sizeBytes === 0) throw new CodedError('DISK_EMPTY', { path: source.label });
    this.#source = source;
    this.#sizeBytes = source.sizeBytes;
    this.virtualBytes = Math.ceil(this.#sizeBytes / 512) * 512;
    requireBoundedSize(source.label, this.virtualBytes);
  }

  extents(offset: number, length: number): Promise<Extent[]> {
    requireInsideDisk(this, offset, length);
    const stored = Math.max(0, Math.min(offset + length, this.#sizeBytes) - offset);
    const extents: Extent[] = [];
    if (stored > 0) extents.push({ offset, length: stored, kind: 'data', layer: 0, sourceOffset: offset });
    if (stored < length) extents.push({ offset: offset + stored, length: length - stored, kind: 'zero', layer: 0, sourceOffset: null });
    return Promise.resolve(extents);
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(length);
    await this.readInto(offset, target, signal);
    return target;
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    requireInsideDisk(this, offset, target.length);
    const stored = Math.max(0, Math.min(offset + target.length, this.#sizeBytes) - offset);
    if (stored > 0) await this.#source.readInto(offset, target.subarray(0, stored), signal);
    target.fill(0, stored);
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
