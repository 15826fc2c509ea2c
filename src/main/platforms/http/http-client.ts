/**
 * Requests to one platform. Answers are bounded, time is bounded, tries are bounded; what can be repeated without harm is repeated, and
 * what a platform asks to wait is waited. Signing in is the connector's matter.
 */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AxiosResponse } from 'axios';
import pRetry from 'p-retry';
import { AppError } from '../../../shared/model/app-error.ts';
import { ParallelLimit } from '../../disks/sources/parallel-limit.ts';
import { HttpFailure, noAnswer, refusal, wordsOf } from './http-failure.ts';
import type { Transport } from './transport.ts';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: URL;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it comes, opened anew for each try. Not under the limit of parallel requests: it may take hours. */
  body?: { open: () => Readable; sizeBytes: number };
  /** May be sent again after a broken connection. Default: all but POST. */
  isRepeatable?: boolean;
  /** Of the answer. */
  maxBytes?: number;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The parsed body; null where there was none, or none of JSON. Untrusted. */
  json: unknown;
}

export interface HttpClientOptions {
  transport: Transport;
  /** Requests at once. */
  parallel?: number;
  /** Silence of that length counts as a cut. */
  idleLimitMs?: number;
  /** For one request and its answer, however slowly it drips. */
  totalLimitMs?: number;
  tries?: number;
  firstDelayMs?: number;
  /** Longer waits that a platform asks for are not waited out: the error says so. */
  maxWaitMs?: number;
}

const defaults = { parallel: 6, idleLimitMs: 30_000, totalLimitMs: 300_000, tries: 4, firstDelayMs: 300, maxWaitMs: 60_000 };
/** After the last byte of an upload, a platform may take its time to hash and store it. */
const uploadIdleLimitMs = 600_000;
const defaultMaxBytes = 64 * 1024 ** 2;
const maxRedirects = 3;

export class HttpClient {
  readonly transport: Transport;
  readonly #options: Required<Omit<HttpClientOptions, 'transport'>>;
  readonly #limit: ParallelLimit;

  constructor({ transport, ...options }: HttpClientOptions) {
    this.transport = transport;
    this.#options = { ...defaults, ...options };
    this.#limit = new ParallelLimit(this.#options.parallel);
  }

  /** @throws AppError `PLATFORM_…` for every answer from 400 on and for none; the signal's reason when stopped */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { tries, firstDelayMs, maxWaitMs } = this.#options;
    const isRepeatable = request.isRepeatable ?? request.method !== 'POST';
    return pRetry(() => this.#inTurn(request, signal), {
      retries: tries - 1,
      minTimeout: firstDelayMs,
      maxTimeout: 15_000,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => {
        if (!(error instanceof AppError) || !error.isRetryable || signal.aborted) return false;
        const { cause } = error;
        if (cause instanceof HttpFailure && (cause.retryAfterMs ?? 0) > maxWaitMs) return false;
        // One that was turned away, or never left, was not done: it may be sent again whatever it is.
        const wasNotDone = error.code === 'PLATFORM_UNREACHABLE' || (cause instanceof HttpFailure && cause.status === 429);
        return isRepeatable || wasNotDone;
      },
      onFailedAttempt: async ({ error, retriesLeft }) => {
        const asked = error.cause instanceof HttpFailure ? error.cause.retryAfterMs : null;
        if (asked !== null && asked <= maxWaitMs && retriesLeft > 0) await sleep(asked, undefined, { signal }).catch(() => signal.throwIfAborted());
      },
    });
  }

  async #inTurn(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    if (request.body !== undefined) return this.#follow(request, signal);
    return this.#limit.run(() => {
      signal.throwIfAborted();
      return this.#follow(request, signal);
    });
  }

  /** Redirects are followed within the same origin only: what signs a request is for nobody else. */
  async #follow(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    let { url } = request;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const answer = await this.#once({ ...request, url }, signal);
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status === 300 || answer.status === 304 || location === undefined) return answer;
      const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
      if (next?.origin !== url.origin || request.method !== 'GET') throw new AppError('PLATFORM_REDIRECTED', { host: url.host, to: next?.host ?? '—' });
      url = next;
    }
    throw new AppError('PLATFORM_REDIRECTED', { host: url.host, to: url.host });
  }

  async #once(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, url, headers, json, body, maxBytes = defaultMaxBytes } = request;
    const agent = this.transport.agentFor(url);
    const { idleLimitMs, totalLimitMs } = this.#options;
    const stop = body === undefined ? AbortSignal.any([signal, AbortSignal.timeout(totalLimitMs)]) : signal;
    const stream = body?.open();
    try {
      // Loaded with the first request: the app starts without it.
      const { default: axios } = await import('axios');
      const response = await axios.request<ArrayBuffer>({
        method,
        url: url.href,
        headers: {
          accept: 'application/json',
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(body === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': String(body.sizeBytes) }),
          ...headers,
        },
        ...(json === undefined ? {} : { data: JSON.stringify(json) }),
        ...(stream === undefined ? {} : { data: stream }),
        responseType: 'arraybuffer',
        transformRequest: [(data: unknown) => data],
        timeout: body === undefined ? idleLimitMs : uploadIdleLimitMs,
        maxContentLength: maxBytes,
        maxBodyLength: Number.POSITIVE_INFINITY,
        maxRedirects: 0,
        validateStatus: null,
        // The agents know the proxy.
        proxy: false,
        httpAgent: agent,
        httpsAgent: agent,
        signal: stop,
      });
      return this.#read(request, response);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AppError) throw error;
      if (error instanceof Error && error.message.startsWith('maxContentLength')) throw new AppError('PLATFORM_ANSWER_TOO_LARGE', { host: url.host, limitBytes: maxBytes });
      throw noAnswer(stop.aborted ? Object.assign(new Error('took too long'), { code: 'ETIMEDOUT' }) : error, request);
    } finally {
      stream?.destroy();
    }
  }

  #read(request: HttpRequest, response: AxiosResponse<ArrayBuffer>): HttpAnswer {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) if (typeof value === 'string') headers[name.toLowerCase()] = value;
    const bytes = Buffer.from(response.data);
    const { status } = response;
    if (status >= 400) {
      const failure = new HttpFailure(request, status, requestIdOf(headers), wordsOf(bytes.subarray(0, 20_000).toString('utf8')), retryAfterOf(headers));
      throw refusal(failure, request);
    }
    return { status, headers, json: parse(bytes, headers, request.url) };
  }
}

function parse(bytes: Buffer, headers: Readonly<Record<string, string>>, url: URL): unknown {
  if (bytes.length === 0 || !/\bjson\b/i.test(headers['content-type'] ?? '')) return null;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Cut in the middle or changed on the way: asking again may bring it whole. The parser's own words would quote the body.
    throw new AppError('PLATFORM_ANSWER_UNREADABLE', { host: url.host, path: url.pathname }, { isRetryable: true });
  }
}

function requestIdOf(headers: Readonly<Record<string, string>>): string | null {
  const id = headers['x-openstack-request-id'] ?? headers['x-request-id'];
  return id !== undefined && /^[\w.:-]{1,100}$/.test(id) ? id : null;
}

/** In seconds, or as a date. */
function retryAfterOf(headers: Readonly<Record<string, string>>): number | null {
  const text = headers['retry-after'] ?? '';
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  const now = Date.parse(headers['date'] ?? '');
  return Number.isNaN(at) ? null : Math.max(0, at - (Number.isNaN(now) ? Date.now() : now));
}
