/** A disk whose guest bytes are spread over extents, one after the other: flat files, sparse files, and runs of zeros. */
import { ExtentList, requireInsideDisk, type BlockReader } from '../block-reader.ts';
import type { Extent } from '../disk-reader.ts';
import type { TableBudget } from '../table-budget.ts';

export interface DiskPart {
  lengthBytes: number;
  /** Null = zeros. It may hold more than `lengthBytes`. */
  reader: BlockReader | null;
  /** Where the reader's bytes begin in its file. */
  fileOffset: number;
}

export class MultiExtentReader implements BlockReader {
  readonly format = 'vmdk';
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly #parts: readonly (DiskPart & { start: number })[];

  constructor(parts: readonly DiskPart[]) {
    let start = 0;
    this.#parts = parts.map((part) => {
      const placed = { ...part, start };
      start += part.lengthBytes;
      return placed;
    });
    this.virtualBytes = start;
    this.clusterBytes = Math.max(0, ...parts.map((part) => part.reader?.clusterBytes ?? 0));
  }

  async extents(offset: number, length: number, signal?: AbortSignal): Promise<Extent[]> {
    requireInsideDisk(this, offset, length);
    const list = new ExtentList();
    for (const { part, from, size } of this.#touched(offset, length)) {
      const found = (await part.reader?.extents(from, size, signal)) ?? [{ offset: from, length: size, kind: 'zero' as const, layer: 0, sourceOffset: null }];
      for (const extent of found) {
        const sourceOffset = extent.sourceOffset === null ? null : extent.sourceOffset + part.fileOffset;
        list.add({ ...extent, offset: extent.offset + part.start, sourceOffset });
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
    for (const { part, from, size } of this.#touched(offset, target.length)) {
      const start = part.start + from - offset;
      const bytes = target.subarray(start, start + size);
      if (part.reader === null) bytes.fill(0);
      else await part.reader.readInto(from, bytes, signal);
    }
  }

  async requireSound(signal?: AbortSignal, budget?: TableBudget): Promise<void> {
    for (const { reader } of this.#parts) await reader?.requireSound?.(signal, budget);
  }

  async close(): Promise<void> {
    for (const { reader } of this.#parts) await reader?.close();
  }

  /** The parts that a range touches, with the range inside each. */
  #touched(offset: number, length: number): { part: DiskPart & { start: number }; from: number; size: number }[] {
    return this.#parts.flatMap((part) => {
      const from = Math.max(offset, part.start);
      const to = Math.min(offset + length, part.start + part.lengthBytes);
      return from < to ? [{ part, from: from - part.start, size: to - from }] : [];
    });
  }
}
