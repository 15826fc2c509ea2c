/**
 * One HTTP request for a range of bytes, its answer checked. Knows nothing of retries. A platform's session may make the request itself,
 * with its tokens and certificates; what is checked of the answer is the same.
 */
import { request as requestHttp, type Agent, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { CodedError } from '../../../shared/model/coded-error.ts';

const maxRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The answer to one request. */
export interface RangeAnswer {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: AsyncIterable<Uint8Array>;
  /** Ends the transfer, also in the middle. */
  destroy(): void;
}

/**
 * Sends one GET for the disk's bytes with these headers added to its own, follows redirects as it sees fit, and renews a token that is
 * no longer taken.
 * @throws CodedError as it is to be shown, asked again where it is retryable; whatever else counts as a cut
 */
export type SendRange = (headers: Readonly<Record<string, string>>, signal?: AbortSignal) => Promise<RangeAnswer>;

export interface RangeTarget {
  /** For messages: the address without user, query and fragment, where secrets may be. */
  label: string;
  send: SendRange;
}

export interface HttpTarget {
  url: URL;
  label: string;
  /** Sent with every request to the address's own origin, and never shown. */
  headers: Readonly<Record<string, string>>;
  /** Carries the certificates that a platform is trusted by; null = Node's own. */
  agent: Agent | null;
  /** Silence of that length counts as a cut. */
  stallMs: number;
}

/** What tells one state of the remote bytes from another. */
export interface RemoteVersion {
  sizeBytes: number;
  /** The ETag where there is one, else the time of the last change; null where the server tells neither. */
  validator: string | null;
}

/** The connection broke, or the server is busy: asking again may help. */
export class InterruptedTransfer extends Error {
  readonly code: string;
  readonly retryAfterMs: number | null;

  constructor(code: string, retryAfterMs: number | null = null, cause?: unknown) {
    super(`The transfer was interrupted (${code})`, cause === undefined ? undefined : { cause });
    this.name = 'InterruptedTransfer';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Fetches `length` bytes from `offset` and hands them to `onBytes` as they come.
 * @throws InterruptedTransfer where asking again may help; `DISK_REMOTE_…` where it will not
 */
export async function requestRange(
  target: RangeTarget, offset: number, length: number, onBytes: (bytes: Uint8Array) => void, signal?: AbortSignal,
): Promise<RemoteVersion> {
  const answer = await send(target, { range: `bytes=${offset}-${offset + length - 1}`, 'accept-encoding': 'identity' }, signal);
  try {
    const version = checkAnswer(target, answer, offset, length);
    let done = 0;
    for await (const chunk of answer.body) {
      done += chunk.length;
      if (done > length) throw new CodedError('DISK_REMOTE_WRONG_RANGE', { path: target.label });
      onBytes(chunk);
    }
    if (done < length) throw new InterruptedTransfer('EOF');
    return version;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CodedError || error instanceof InterruptedTransfer) throw error;
    throw interrupted(error);
  } finally {
    answer.destroy();
  }
}

async function send(target: RangeTarget, headers: Record<string, string>, signal?: AbortSignal): Promise<RangeAnswer> {
  try {
    return await target.send(headers, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof CodedError || error instanceof InterruptedTransfer ? error : interrupted(error);
  }
}

function interrupted(error: unknown): InterruptedTransfer {
  return new InterruptedTransfer(codeOf(error), null, error);
}

/** Requests of our own, by Node's client. */
export function sendTo(target: HttpTarget): SendRange {
  return async (headers, signal) => {
    const answer = await followed(target, headers, signal);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: answer as AsyncIterable<Buffer>, destroy: () => void answer.destroy() };
  };
}

async function followed(target: HttpTarget, range: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<IncomingMessage> {
  let { url } = target;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    // What signs a request is for the address it was given for, and for no other.
    const headers = url.origin === target.url.origin ? { ...target.headers, ...range } : range;
    const answer = await requestOnce(target, url, headers, signal);
    const { location } = answer.headers;
    if (!redirects.has(answer.statusCode ?? 0) || location === undefined) return answer;
    answer.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
    const isAllowed = next !== null && (next.protocol === 'https:' || (next.protocol === 'http:' && url.protocol === 'http:'));
    if (!isAllowed) throw new CodedError('DISK_REMOTE_REDIRECT', { path: target.label });
    url = next;
  }
  throw new CodedError('DISK_REMOTE_REDIRECT', { path: target.label });
}

function requestOnce(target: HttpTarget, url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method: 'GET', headers, ...(target.agent === null ? {} : { agent: target.agent }), ...(signal === undefined ? {} : { signal }) };
    const request = url.protocol === 'https:' ? requestHttps(url, options, resolve) : requestHttp(url, options, resolve);
    // Also while the body arrives: a connection on which nothing comes is as good as cut.
    request.setTimeout(target.stallMs, () => request.destroy(Object.assign(new Error('nothing arrived'), { code: 'ETIMEDOUT' })));
    request.on('error', (error) => {
      if (signal?.aborted === true) reject(signal.reason as Error);
      else reject(interrupted(error));
    });
    request.end();
  });
}

/** Only an answer that holds exactly the bytes asked for is taken. */
function checkAnswer(target: RangeTarget, answer: RangeAnswer, offset: number, length: number): RemoteVersion {
  const path = target.label;
  const { status } = answer;
  if (status === 200) throw new CodedError('DISK_REMOTE_NO_RANGES', { path });
  if (status === 401 || status === 403) throw new CodedError('DISK_REMOTE_REFUSED', { path, status: String(status) });
  if (status === 404 || status === 410) throw new CodedError('DISK_REMOTE_GONE', { path, status: String(status) });
  // The range was inside the file when it was opened.
  if (status === 416) throw new CodedError(header(answer, 'content-range') === 'bytes */0' ? 'DISK_EMPTY' : 'DISK_CHANGED', { path });
  if (status === 429 || status >= 500) throw new InterruptedTransfer(String(status), retryAfter(answer));
  if (status !== 206) throw new CodedError('DISK_REMOTE_ANSWER', { path, status: String(status) });
  const [, first, last, total] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(header(answer, 'content-range') ?? '') ?? [];
  const encoding = header(answer, 'content-encoding');
  const isExact = Number(first) === offset && Number(last) === offset + length - 1 && Number.isSafeInteger(Number(total)) && Number(last) < Number(total);
  if (!isExact || (encoding !== undefined && encoding !== 'identity')) throw new CodedError('DISK_REMOTE_WRONG_RANGE', { path });
  return { sizeBytes: Number(total), validator: header(answer, 'etag') ?? header(answer, 'last-modified') ?? null };
}

function header({ headers }: RangeAnswer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Only the form in seconds: platforms use no other. */
function retryAfter(answer: RangeAnswer): number | null {
  const text = header(answer, 'retry-after');
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) * 1000 : null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'ECONNRESET';
}
