/**
 * What went wrong with a request, once for all platforms: an `AppError` with a plain sentence, and behind it an `HttpFailure` with what
 * only programs and supporters look at. Neither ever holds a header, a body that was sent, or a query.
 */
import { AppError } from '../../../shared/model/app-error.ts';
import type { MessageCode } from '../../../shared/messages/catalogue.ts';
import { CertificateProblem } from './verified-socket.ts';

export interface FailedRequest {
  method: string;
  url: URL;
}

/** The platform's answer as a cause. */
export class HttpFailure extends Error {
  readonly code: string;
  readonly status: number;
  /** The platform's own id of the request, for its logs. */
  readonly requestId: string | null;
  /** The platform's own words, shortened. */
  readonly said: string;
  readonly retryAfterMs: number | null;

  constructor(request: FailedRequest, status: number, requestId: string | null, said: string, retryAfterMs: number | null) {
    super(`${request.method} ${request.url.origin}${request.url.pathname} was answered ${status}${requestId === null ? '' : ` (${requestId})`}: ${said}`);
    this.name = 'HttpFailure';
    this.code = `HTTP_${status}`;
    this.status = status;
    this.requestId = requestId;
    this.said = said;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The status of the answer that an error came from; null where there was none. */
export function statusOf(error: unknown): number | null {
  const failure = error instanceof AppError ? error.cause : error;
  return failure instanceof HttpFailure ? failure.status : null;
}

const maxSaid = 300;

/** What a platform says in the body of a refusal: JSON of any of the usual shapes, HTML or plain text. */
export function wordsOf(body: string): string {
  const text = deepest(body) ?? body.replace(/<(?:head|style|script)\b[\s\S]*?<\/(?:head|style|script)>/gi, ' ').replace(/<[^>]{0,500}>/g, ' ');
  const words = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return words.length > maxSaid ? `${words.slice(0, maxSaid)}…` : words;
}

/** `{"itemNotFound": {"message": …}}`, `{"error": {"message": …}}`, `{"message": …}`. */
function deepest(body: string): string | null {
  try {
    const value = JSON.parse(body) as unknown;
    const inner: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
    for (const item of [value, ...inner]) {
      if (typeof item === 'object' && item !== null && 'message' in item && typeof item.message === 'string') return item.message;
    }
  } catch {
    // Not JSON: the text is taken as it is.
  }
  return null;
}

const busy: ReadonlySet<number> = new Set([429, 503]);

/** The sentence for an answer of 400 and above. */
export function refusal(failure: HttpFailure, { url }: FailedRequest): AppError {
  const { status, said } = failure;
  const say = (code: MessageCode, isRetryable = false): AppError =>
    new AppError(code, { host: url.host, status: String(status), said: said === '' ? '—' : said }, { cause: failure, isRetryable });
  if (busy.has(status)) {
    return new AppError('PLATFORM_BUSY', { host: url.host, status: String(status) }, { cause: failure, isRetryable: true });
  }
  switch (status) {
    case 401: return say('PLATFORM_AUTH_FAILED');
    case 403: return say('PLATFORM_FORBIDDEN');
    case 404: case 410: return say('PLATFORM_THING_GONE');
    case 407: return say('PLATFORM_PROXY_REFUSED');
    case 408: return say('PLATFORM_TIMED_OUT', true);
    case 409: return say('PLATFORM_CONFLICT');
    case 413: return say('PLATFORM_OVER_LIMIT');
    default: return status >= 500 ? say('PLATFORM_BROKEN', true) : say('PLATFORM_REFUSED');
  }
}

const unreachable: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL']);
const unknownHost: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
const silent: ReadonlySet<string> = new Set(['ETIMEDOUT', 'ECONNABORTED', 'ESOCKETTIMEDOUT', 'TIMEOUT']);

/** The sentence for a request that got no answer at all, or not all of it. */
export function noAnswer(error: unknown, { url }: FailedRequest): AppError {
  const problem = certificateProblem(error);
  if (problem !== null) return untrusted(problem);
  const code = codeOf(error);
  const host = url.host;
  // The library's own error would bring the request with its headers along; only its code goes on.
  const cause = new Error(`${url.origin}${url.pathname}: ${code}`);
  const say = (sentence: MessageCode, isRetryable: boolean): AppError => new AppError(sentence, { host, reason: code }, { cause, isRetryable });
  if (unknownHost.has(code)) return say('PLATFORM_HOST_UNKNOWN', code === 'EAI_AGAIN');
  if (unreachable.has(code)) return say('PLATFORM_UNREACHABLE', true);
  if (silent.has(code)) return say('PLATFORM_TIMED_OUT', true);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return say('PLATFORM_TLS_FAILED', false);
  return say('PLATFORM_CUT', true);
}

function untrusted(problem: CertificateProblem): AppError {
  const { host, issuer, subject, fingerprint } = problem.seen;
  const code = problem.code === 'CERTIFICATE_CHANGED' ? 'PLATFORM_CERTIFICATE_CHANGED' : 'PLATFORM_CERTIFICATE_UNTRUSTED';
  return new AppError(code, { host, issuer, subject, fingerprint, reason: problem.reason }, { cause: problem });
}

/** The certificate behind an error, if one is. */
export function certificateProblem(error: unknown): CertificateProblem | null {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if (current instanceof CertificateProblem) return current;
    current = current.cause;
  }
  return null;
}

function codeOf(error: unknown): string {
  for (let current = error, depth = 0; depth < 5 && current instanceof Error; current = current.cause, depth += 1) {
    if ('code' in current && typeof current.code === 'string' && current.code !== '') return current.code;
  }
  return 'ECONNRESET';
}
