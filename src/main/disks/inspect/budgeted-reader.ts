/**
 * The only way in which inspection reads a disk: it counts and caps the bytes and the calls, keeps the last blocks, and can
 * be aborted. The cap on calls bounds loops that only revisit what is kept.
 */
import type { DiskReader } from '../disk-reader.ts';
import { WalkStopped, type Volume } from './volume.ts';

const blockBytes = 4096;
const keptBlocks = 4096;

export interface InspectionBudget {
  /** Bytes asked of the disk. */
  maxBytes: number;
  maxReads: number;
  /** Bytes handed out, those kept from earlier included: bounds the work of walks that look at the same large block again and again. */
  maxHandedOutBytes: number;
}

export const defaultBudget: InspectionBudget = { maxBytes: 64 * 1024 ** 2, maxReads: 200_000, maxHandedOutBytes: 256 * 1024 ** 2 };

export class BudgetedReader implements Volume {
  readonly #disk: Pick<DiskReader, 'virtualBytes' | 'read'>;
  readonly #budget: InspectionBudget;
  readonly #signal: AbortSignal;
  readonly #blocks = new Map<number, Buffer>();
  #bytesRead = 0;
  #reads = 0;
  #handedOutBytes = 0;

  constructor(disk: Pick<DiskReader, 'virtualBytes' | 'read'>, signal: AbortSignal, budget: InspectionBudget = defaultBudget) {
    this.#disk = disk;
    this.#signal = signal;
    this.#budget = budget;
  }

  get lengthBytes(): number {
    return this.#disk.virtualBytes;
  }

  /** Bytes asked of the disk so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /**
   * @throws WalkStopped past the end of the disk, or when the budget is used up
   * @throws the reader's own errors (a truncated file, a changed source), and the signal's reason
   */
  async read(offset: number, length: number): Promise<Buffer> {
    this.#signal.throwIfAborted();
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0 || offset + length > this.lengthBytes) {
      throw new WalkStopped('damaged', `read of ${length} at ${offset} on a disk of ${this.lengthBytes}`);
    }
    this.#reads += 1;
    this.#handedOutBytes += length;
    if (this.#handedOutBytes > this.#budget.maxHandedOutBytes) throw new WalkStopped('limit', 'too much work');
    if (this.#reads > this.#budget.maxReads) throw new WalkStopped('limit', 'too many reads');
    if (length === 0) return Buffer.alloc(0);
    const first = Math.floor(offset / blockBytes);
    const last = Math.floor((offset + length - 1) / blockBytes);
    await this.#fetch(first, last);
    const result = Buffer.alloc(length);
    for (let block = first; block <= last; block += 1) {
      this.#blocks.get(block)?.copy(result, Math.max(0, block * blockBytes - offset), Math.max(0, offset - block * blockBytes), offset + length - block * blockBytes);
    }
    return result;
  }

  /** Brings the blocks that are not kept yet, in runs. */
  async #fetch(first: number, last: number): Promise<void> {
    if (last - first >= keptBlocks / 2) throw new WalkStopped('limit', 'one read is too long');
    for (let block = first; block <= last; block += 1) {
      if (this.#blocks.has(block)) continue;
      let end = block;
      while (end < last && !this.#blocks.has(end + 1)) end += 1;
      const start = block * blockBytes;
      const bytes = Math.min((end + 1) * blockBytes, this.lengthBytes) - start;
      if (this.#bytesRead + bytes > this.#budget.maxBytes) throw new WalkStopped('limit', 'too many bytes');
      this.#bytesRead += bytes;
      const data = await this.#disk.read(start, bytes, this.#signal);
      for (let index = block; index <= end; index += 1) {
        this.#blocks.set(index, data.subarray((index - block) * blockBytes, (index - block + 1) * blockBytes));
      }
      block = end;
    }
    this.#forget(first, last);
  }

  /** Drops the oldest blocks, but none of the span that is about to be copied. */
  #forget(first: number, last: number): void {
    for (const block of this.#blocks.keys()) {
      if (this.#blocks.size <= keptBlocks) return;
      if (block < first || block > last) this.#blocks.delete(block);
    }
  }
}
