/** Pages that stand in for those of a file: what a log would write, kept in memory. Later ones win. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ByteRange } from '../byte-source.ts';
import type { BlockSource } from '../sources/block-source.ts';

export const pageBytes = 4096;

/** 1 GiB of zeroed pages in all. Logs hold changes to tables, which are smaller. */
const maxZeroPages = 256 * 1024;

export class Patches {
  /** Of the file after the replay, which may be longer than it is. */
  readonly sizeBytes: number;
  readonly #path: string;
  /** By page number; null = zeros. */
  readonly #pages = new Map<number, Buffer | null>();
  #zeroPages = 0;

  constructor(path: string, sizeBytes: number) {
    this.#path = path;
    this.sizeBytes = sizeBytes;
  }

  /** @param offset a multiple of the page size; `page` one page. */
  write(offset: number, page: Buffer): void {
    this.#pages.set(offset / pageBytes, page);
  }

  /** Refuses lengths that are no whole pages, leave the file, or add up to more than tables can be. */
  zero(offset: number, length: number): void {
    const pages = length / pageBytes;
    this.#zeroPages += pages;
    if (!Number.isInteger(pages) || offset + length > this.sizeBytes || this.#zeroPages > maxZeroPages) {
      throw new CodedError('DISK_VHDX_LOG', { path: this.#path });
    }
    for (let page = 0; page < pages; page += 1) this.#pages.set(offset / pageBytes + page, null);
  }

  /** Lays the pages over `target`, which holds the file's bytes from `offset`. */
  apply(offset: number, target: Buffer): void {
    const last = Math.ceil((offset + target.length) / pageBytes);
    const lay = (number: number, page: Buffer | null): void => {
      const start = number * pageBytes - offset;
      const from = Math.max(0, start);
      const to = Math.min(target.length, start + pageBytes);
      if (page === null) target.fill(0, from, to);
      else page.copy(target, from, from - start, to - start);
    };
    const first = Math.floor(offset / pageBytes);
    if (this.#pages.size < last - first) {
      for (const [number, page] of this.#pages) if (number >= first && number < last) lay(number, page);
      return;
    }
    for (let number = first; number < last; number += 1) {
      const page = this.#pages.get(number);
      if (page !== undefined) lay(number, page);
    }
  }
}

/** A source with patches laid over it. Past the end of the file, up to where the log would have grown it, it reads zeros. */
export class PatchedSource implements BlockSource {
  readonly label: string;
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly inode: string | null;
  readonly #below: BlockSource;
  readonly #patches: Patches;

  constructor(below: BlockSource, patches: Patches) {
    this.label = below.label;
    this.sizeBytes = patches.sizeBytes;
    this.allocatedBytes = below.allocatedBytes;
    this.inode = below.inode;
    this.#below = below;
    this.#patches = patches;
  }

  read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Buffer[]> {
    return Promise.all(
      ranges.map(async ({ offset, length }) => {
        this.#requireInside(offset, length);
        const target = Buffer.allocUnsafeSlow(length);
        await this.readInto(offset, target, signal);
        return target;
      }),
    );
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    this.#requireInside(offset, target.length);
    const stored = Math.max(0, Math.min(target.length, this.#below.sizeBytes - offset));
    if (stored > 0) await this.#below.readInto(offset, target.subarray(0, stored), signal);
    target.fill(0, stored);
    this.#patches.apply(offset, target);
  }

  fingerprint(): Promise<string> {
    return this.#below.fingerprint();
  }

  close(): Promise<void> {
    return this.#below.close();
  }

  #requireInside(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.sizeBytes) {
      throw new CodedError('DISK_TRUNCATED', { path: this.label, position: offset });
    }
  }
}
