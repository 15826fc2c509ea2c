/**
 * A byte source over a local file, opened for reading only. In a thread that moves bytes it reads *blocking* (that won every
 * measurement); elsewhere it goes through the thread pool and leaves the event loop free.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, read as readCallback, readSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CodedError } from '../../shared/model/coded-error.ts';
import type { ByteRange } from './byte-source.ts';
import { readError } from './file-errors.ts';
import type { BlockSource } from './sources/block-source.ts';

const readFrom = promisify(readCallback);

/** Opening a pipe would wait for its other end; Windows has no such flag, whatever the types say. */
const nonBlocking = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/** How much of both ends goes into a fingerprint: headers and footers lie there. */
const fingerprintHeadBytes = 4096;
const fingerprintTailBytes = 1024;

export interface FileSourceOptions {
  /** Read synchronously: for worker threads only. */
  isBlocking?: boolean;
}

export class FileSource implements BlockSource {
  readonly label: string;
  readonly sizeBytes: number;
  /** Bytes that the file takes up; its size where the file system does not tell. */
  readonly allocatedBytes: number;
  /** The same for two names of one file, different for any two files that exist at once. */
  readonly inode: string;
  readonly modifiedAt: number;
  readonly #fd: number;
  readonly #isBlocking: boolean;
  #isClosed = false;

  private constructor(path: string, fd: number, stats: BigIntStats, options: FileSourceOptions) {
    this.label = path;
    this.#fd = fd;
    this.sizeBytes = Number(stats.size);
    this.allocatedBytes = stats.blocks > 0n ? Number(stats.blocks) * 512 : this.sizeBytes;
    this.inode = `${stats.dev}:${stats.ino}`;
    this.modifiedAt = Number(stats.mtimeMs) / 1000;
    this.#isBlocking = options.isBlocking ?? false;
  }

  /** Opens a regular file; a device, pipe or folder is refused (opening a pipe would wait for ever without O_NONBLOCK). */
  static open(path: string, options: FileSourceOptions = {}): Promise<FileSource> {
    return Promise.resolve().then(() => FileSource.#openNow(path, options));
  }

  static #openNow(path: string, options: FileSourceOptions): FileSource {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | (nonBlocking));
    } catch (error) {
      throw readError(path, error);
    }
    try {
      const stats = fstatSync(fd, { bigint: true });
      if (!stats.isFile()) throw new CodedError('DISK_NOT_A_FILE', { path });
      if (stats.size > BigInt(Number.MAX_SAFE_INTEGER)) throw new CodedError('DISK_TOO_LARGE', { path, sizeBytes: Number(stats.size) });
      return new FileSource(path, fd, stats, options);
    } catch (error) {
      closeSync(fd);
      throw readError(path, error);
    }
  }

  async read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Buffer[]> {
    for (const range of ranges) this.#requireInside(range.offset, range.length);
    const buffers = ranges.map((range) => Buffer.allocUnsafeSlow(range.length));
    const read = async (buffer: Buffer, index: number): Promise<void> => {
      await this.readInto(ranges[index]?.offset ?? 0, buffer, signal);
    };
    if (this.#isBlocking) {
      for (const [index, buffer] of buffers.entries()) await read(buffer, index);
    } else {
      await Promise.all(buffers.map(read));
    }
    return buffers;
  }

  /** Fills `target` from `offset`; the caller may reuse it. A range past the end fails with `DISK_TRUNCATED`. */
  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#requireInside(offset, target.length);
    try {
      let done = 0;
      while (done < target.length) {
        const count = this.#isBlocking
          ? readSync(this.#fd, target, done, target.length - done, offset + done)
          : (await readFrom(this.#fd, target, done, target.length - done, offset + done)).bytesRead;
        if (count === 0) throw this.#truncated(offset + done);
        done += count;
        signal?.throwIfAborted();
      }
    } catch (error) {
      throw readError(this.label, error);
    }
  }

  /** Size, time, inode, and what stands at both ends. Asks the path, not the handle: a file put in its place is a change. */
  async fingerprint(): Promise<string> {
    try {
      const stats = await stat(this.label, { bigint: true });
      const hash = createHash('sha256').update(`${stats.size} ${stats.mtimeNs} ${stats.ino}\n`);
      const head = Math.min(fingerprintHeadBytes, this.sizeBytes);
      const tail = Math.min(fingerprintTailBytes, this.sizeBytes);
      const ends = await this.read([{ offset: 0, length: head }, { offset: this.sizeBytes - tail, length: tail }]);
      for (const bytes of ends) hash.update(bytes);
      return hash.digest('hex').slice(0, 32);
    } catch (error) {
      // Gone or shorter than it was: as changed as can be.
      if (error instanceof CodedError && error.code === 'DISK_TRUNCATED') throw new CodedError('DISK_CHANGED', { path: this.label }, { cause: error });
      throw readError(this.label, error);
    }
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      closeSync(this.#fd);
    }
    return Promise.resolve();
  }

  #requireInside(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.sizeBytes) throw this.#truncated(offset);
  }

  #truncated(position: number): CodedError {
    return new CodedError('DISK_TRUNCATED', { path: this.label, position });
  }
}
