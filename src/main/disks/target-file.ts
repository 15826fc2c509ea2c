/** The file a conversion writes: positioned writes that loop until all is written, with errors that say what to do. */
import { closeSync, fdatasync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync, writevSync } from 'node:fs';
import { promisify } from 'node:util';
import { CodedError } from '../../shared/model/coded-error.ts';
import { writeError } from './file-errors.ts';

const flushData = promisify(fdatasync);

export class TargetFile {
  readonly path: string;
  readonly #fd: number;

  /** @param flags `wx+` = must not exist; `r+` = opened by another thread, or continued. */
  constructor(path: string, flags: 'wx+' | 'r+') {
    this.path = path;
    try {
      this.#fd = openSync(path, flags, 0o644);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  get sizeBytes(): number {
    return fstatSync(this.#fd).size;
  }

  write(bytes: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Writes two pieces one behind the other in one go, without copying them together. */
  writePair(first: Uint8Array, second: Uint8Array, position: number): void {
    let done = 0;
    try {
      done = writevSync(this.#fd, [first, second], position);
    } catch (error) {
      throw writeError(this.path, error);
    }
    // A short write is finished piece by piece.
    if (done < first.length) this.write(first.subarray(done), position + done);
    const written = Math.max(0, done - first.length);
    if (written < second.length) this.write(second.subarray(written), position + first.length + written);
  }

  /** Reads back what was written; beyond the end there are zeros. */
  read(length: number, position: number): Buffer {
    const bytes = Buffer.alloc(length);
    try {
      for (let done = 0; done < length;) {
        const count = readSync(this.#fd, bytes, done, length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw new CodedError('DISK_READ_FAILED', { path: this.path, reason: 'read back' }, { cause: error });
    }
    return bytes;
  }

  truncate(sizeBytes: number): void {
    try {
      ftruncateSync(this.#fd, sizeBytes);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Waits until the data is on the drive; blocks the thread. */
  flush(): void {
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** The same without blocking the thread. */
  async flushSoon(): Promise<void> {
    try {
      await flushData(this.#fd);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
