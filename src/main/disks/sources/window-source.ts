/** A part of a source as a source of its own: a disk inside an archive, or the part of a file that holds an extent. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ByteRange } from '../byte-source.ts';
import type { BlockSource } from './block-source.ts';

export class WindowSource implements BlockSource {
  readonly label: string;
  readonly sizeBytes: number;
  readonly inode = null;
  readonly #whole: BlockSource;
  readonly #offset: number;

  /** @param label for messages; the window must lie inside `whole`, which is closed with it. */
  constructor(whole: BlockSource, label: string, offset: number, sizeBytes: number) {
    if (offset < 0 || sizeBytes < 0 || offset + sizeBytes > whole.sizeBytes) throw new RangeError(`Window ${offset}+${sizeBytes} lies outside ${whole.label}`);
    this.label = label;
    this.sizeBytes = sizeBytes;
    this.#whole = whole;
    this.#offset = offset;
  }

  get allocatedBytes(): number {
    return Math.min(this.sizeBytes, this.#whole.allocatedBytes);
  }

  read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Buffer[]> {
    for (const { offset, length } of ranges) this.#requireInside(offset, length);
    return this.#whole.read(ranges.map(({ offset, length }) => ({ offset: offset + this.#offset, length })), signal);
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    this.#requireInside(offset, target.length);
    await this.#whole.readInto(offset + this.#offset, target, signal);
  }

  fingerprint(): Promise<string> {
    return this.#whole.fingerprint();
  }

  close(): Promise<void> {
    return this.#whole.close();
  }

  #requireInside(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.sizeBytes) {
      throw new CodedError('DISK_TRUNCATED', { path: this.label, position: offset });
    }
  }
}
