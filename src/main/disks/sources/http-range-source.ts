/**
 * A disk that lies behind HTTP, read by ranges. The server must deliver ranges and must not change the file meanwhile; a cut
 * connection is taken up again where it broke. Nothing secret (user, query, headers) gets into labels or messages.
 */
import { createHash } from 'node:crypto';
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ByteRange } from '../byte-source.ts';
import type { BlockSource } from './block-source.ts';
import { InterruptedTransfer, requestRange, sendTo, type RangeTarget, type RemoteVersion, type SendRange } from './http-range-request.ts';
import { ParallelLimit } from './parallel-limit.ts';
import { distribute, memoryOf, planRequests, type PlannedRead, type PlannedRequest } from './request-plan.ts';

export interface RangeOptions {
  /** Requests at once. */
  parallel?: number;
  /** Tries in a row without a byte before giving up. */
  maxTries?: number;
  /** Before the second try; doubled each time, up to `maxDelayMs`. */
  firstDelayMs?: number;
}

export interface HttpRangeOptions extends RangeOptions {
  /** May carry tokens; sent to the address's own origin only. */
  headers?: Readonly<Record<string, string>>;
  /** With the platform's certificates. It also keeps connections; one that does not makes a new one each time. */
  agent?: Agent;
  stallMs?: number;
}

const requestLimits = { gapBytes: 64 * 1024, maxBytes: 4 * 1024 ** 2 };
const maxDelayMs = 15_000;
const fingerprintBytes = 4096;

/** A wrong certificate stays wrong, however often one asks. */
const lasting = /^(?:CERT_|ERR_TLS|ERR_SSL|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/;

export class HttpRangeSource implements BlockSource {
  readonly label: string;
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly inode = null;
  readonly #target: RangeTarget;
  readonly #version: RemoteVersion;
  readonly #limit: ParallelLimit;
  readonly #tries: { max: number; firstDelayMs: number };
  readonly #closed = new AbortController();

  private constructor(target: RangeTarget, version: RemoteVersion, options: RangeOptions) {
    this.label = target.label;
    this.sizeBytes = version.sizeBytes;
    this.allocatedBytes = version.sizeBytes;
    this.#target = target;
    this.#version = version;
    this.#limit = new ParallelLimit(options.parallel ?? 4);
    this.#tries = triesOf(options);
  }

  /** Asks for the first byte: that shows whether ranges are delivered, how large the file is, and which version of it. */
  static async open(url: URL, options: HttpRangeOptions = {}, signal?: AbortSignal): Promise<HttpRangeSource> {
    const label = `${url.origin}${url.pathname}`;
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new CodedError('DISK_REMOTE_REDIRECT', { path: label });
    const { headers = {}, agent = null, stallMs = 30_000 } = options;
    return HttpRangeSource.over({ label, send: sendTo({ url, label, headers, agent, stallMs }) }, options, signal);
  }

  /** The same over a platform's session, which sends the requests itself. */
  static async over(target: { label: string; send: SendRange }, options: RangeOptions = {}, signal?: AbortSignal): Promise<HttpRangeSource> {
    const version = await fetchBytes(target, 0, Buffer.alloc(1), triesOf(options), null, signal);
    return new HttpRangeSource(target, version, options);
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

  /** Asks the server again: size, version, and both ends. */
  async fingerprint(): Promise<string> {
    const length = Math.min(fingerprintBytes, this.sizeBytes);
    const hash = createHash('sha256').update(`${this.sizeBytes} ${this.#version.validator ?? ''}\n`);
    for (const bytes of await this.read([{ offset: 0, length }, { offset: this.sizeBytes - length, length }])) hash.update(bytes);
    return hash.digest('hex').slice(0, 32);
  }

  /** Ends requests that are still under way. */
  close(): Promise<void> {
    this.#closed.abort();
    return Promise.resolve();
  }

  async #fill(reads: PlannedRead[], signal?: AbortSignal): Promise<void> {
    // The first failure ends the others.
    const failed = new AbortController();
    const stop = AbortSignal.any([failed.signal, this.#closed.signal, ...(signal === undefined ? [] : [signal])]);
    const results = await Promise.allSettled(
      planRequests(reads, requestLimits).map((request) =>
        this.#limit.run(() => this.#fetch(request, stop)).catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
      ),
    );
    signal?.throwIfAborted();
    if (results.some(({ status }) => status === 'rejected')) throw failed.signal.reason;
  }

  async #fetch(request: PlannedRequest, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const bytes = memoryOf(request);
    await fetchBytes(this.#target, request.offset, bytes, this.#tries, this.#version, signal);
    distribute(request, bytes);
  }

  #requireInside(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.sizeBytes) {
      throw new CodedError('DISK_TRUNCATED', { path: this.label, position: offset });
    }
  }
}

function triesOf({ maxTries, firstDelayMs }: RangeOptions): { max: number; firstDelayMs: number } {
  return { max: maxTries ?? 5, firstDelayMs: firstDelayMs ?? 250 };
}

/**
 * Fills `bytes` from `offset`.
 * @param expected the version that every answer must be of; null = the first answer decides
 */
async function fetchBytes(
  target: RangeTarget, offset: number, bytes: Buffer, tries: { max: number; firstDelayMs: number }, expected: RemoteVersion | null, signal?: AbortSignal,
): Promise<RemoteVersion> {
  let done = 0;
  for (let failures = 0; ;) {
    const before = done;
    try {
      const take = (chunk: Uint8Array): void => {
        bytes.set(chunk, done);
        done += chunk.length;
      };
      const version = await requestRange(target, offset + done, bytes.length - done, take, signal);
      if (expected !== null && (version.sizeBytes !== expected.sizeBytes || version.validator !== expected.validator)) {
        throw new CodedError('DISK_CHANGED', { path: target.label });
      }
      return version;
    } catch (error) {
      signal?.throwIfAborted();
      // A try that brought something forward counts as none.
      failures = done > before ? 1 : failures + 1;
      if (failures >= tries.max || !isPassing(error)) throw lastWord(target, error);
      const asked = error instanceof InterruptedTransfer ? error.retryAfterMs : null;
      await pause(Math.min(maxDelayMs, asked ?? tries.firstDelayMs * 2 ** (failures - 1)), signal);
    }
  }
}

/** Whether asking again may help. */
function isPassing(error: unknown): boolean {
  return error instanceof InterruptedTransfer ? !lasting.test(error.code) : error instanceof CodedError && error.isRetryable;
}

/** What a session says stays its own words. */
function lastWord(target: RangeTarget, error: unknown): unknown {
  if (!(error instanceof InterruptedTransfer)) return error;
  return new CodedError('DISK_REMOTE_CUT', { path: target.label, reason: error.code }, { cause: error, isRetryable: true });
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // The signal's own reason says more than that of the timer.
    signal?.throwIfAborted();
    throw error;
  }
}
