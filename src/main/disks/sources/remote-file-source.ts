/**
 * A disk on another computer, read through a session that knows files: SFTP, or anything of its shape. The session's owner keeps the
 * connection; here only ranges are asked for, near ones together, a few at once.
 */
import { createHash } from 'node:crypto';
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ByteRange } from '../byte-source.ts';
import type { BlockSource } from './block-source.ts';
import { ParallelLimit } from './parallel-limit.ts';
import { distribute, memoryOf, planRequests, type PlannedRead, type PlannedRequest } from './request-plan.ts';

export interface RemoteFileStat {
  sizeBytes: number;
  /** Of the last change, in seconds since 1970, as SFTP tells it. */
  modifiedAt: number;
  isFile: boolean;
}

/** What SFTP offers, and nothing more. Errors of the connection are the session's to name: they pass through unchanged. */
export interface RemoteFileSession<Handle> {
  /** Asks the path, not a handle: a file put in its place is a change. */
  stat(): Promise<RemoteFileStat>;
  /** May give fewer bytes than asked for; none = the file ends there. */
  read(handle: Handle, offset: number, length: number): Promise<Buffer>;
  close(handle: Handle): Promise<void>;
}

/** SFTP servers answer at most 256 KiB at once, most of them less. */
const requestLimits = { gapBytes: 32 * 1024, maxBytes: 256 * 1024 };
const parallelRequests = 8;
const fingerprintBytes = 4096;

export class RemoteFileSource<Handle> implements BlockSource {
  readonly label: string;
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly inode = null;
  readonly modifiedAt: number;
  readonly #session: RemoteFileSession<Handle>;
  readonly #handle: Handle;
  readonly #limit = new ParallelLimit(parallelRequests);
  #isClosed = false;

  private constructor(label: string, session: RemoteFileSession<Handle>, handle: Handle, { sizeBytes, modifiedAt }: RemoteFileStat) {
    this.label = label;
    this.#session = session;
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
    this.allocatedBytes = sizeBytes;
    this.modifiedAt = modifiedAt;
  }

  /**
   * @param label for messages: host and path, without user and password
   * @param handle opened for reading only; closed with the source, also when this fails
   */
  static async open<Handle>(label: string, session: RemoteFileSession<Handle>, handle: Handle): Promise<RemoteFileSource<Handle>> {
    try {
      const found = await session.stat();
      const { sizeBytes } = found;
      if (!found.isFile) throw new CodedError('DISK_NOT_A_FILE', { path: label });
      if (!Number.isSafeInteger(sizeBytes)) throw new CodedError('DISK_TOO_LARGE', { path: label, sizeBytes });
      return new RemoteFileSource(label, session, handle, found);
    } catch (error) {
      await session.close(handle);
      throw error;
    }
  }

  async read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Buffer[]> {
    for (const { offset, length } of ranges) this.#requireInside(offset, length);
    const buffers = ranges.map(({ length }) => Buffer.allocUnsafeSlow(length));
    await this.#fill(ranges.map(({ offset }, index) => ({ offset, target: buffers[index] ?? Buffer.alloc(0) })), signal);
    return buffers;
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    this.#requireInside(offset, target.length);
    await this.#fill([{ offset, target }], signal);
  }

  /** Size, time, and what stands at both ends. */
  async fingerprint(): Promise<string> {
    const { sizeBytes, modifiedAt } = await this.#session.stat();
    if (sizeBytes !== this.sizeBytes) throw new CodedError('DISK_CHANGED', { path: this.label });
    const length = Math.min(fingerprintBytes, sizeBytes);
    const hash = createHash('sha256').update(`${sizeBytes} ${modifiedAt}\n`);
    for (const bytes of await this.read([{ offset: 0, length }, { offset: sizeBytes - length, length }])) hash.update(bytes);
    return hash.digest('hex').slice(0, 32);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#session.close(this.#handle);
  }

  async #fill(reads: PlannedRead[], signal?: AbortSignal): Promise<void> {
    const results = await Promise.allSettled(planRequests(reads, requestLimits).map((request) => this.#limit.run(() => this.#fetch(request, signal))));
    signal?.throwIfAborted();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #fetch(request: PlannedRequest, signal?: AbortSignal): Promise<void> {
    const bytes = memoryOf(request);
    for (let done = 0; done < request.length;) {
      signal?.throwIfAborted();
      const part = await this.#session.read(this.#handle, request.offset + done, request.length - done);
      if (part.length === 0) throw new CodedError('DISK_TRUNCATED', { path: this.label, position: request.offset + done });
      if (part.length > request.length - done) throw new CodedError('DISK_REMOTE_WRONG_RANGE', { path: this.label });
      done += part.copy(bytes, done);
    }
    distribute(request, bytes);
  }

  #requireInside(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.sizeBytes) {
      throw new CodedError('DISK_TRUNCATED', { path: this.label, position: offset });
    }
  }
}
