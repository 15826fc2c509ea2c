/** The little HTTP that the simulated services are written in. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface SimRequest {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** Throws a 400 for what is no JSON. */
  json: () => Record<string, unknown>;
}

export interface SimAnswer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  bytes?: Buffer;
}

/** Ends a request with an error as the service would say it. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function readRequest(incoming: IncomingMessage, origin: string): Promise<SimRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return {
    method: incoming.method ?? 'GET', url: new URL(incoming.url ?? '/', origin), headers: incoming.headers, body,
    json: () => {
      try {
        return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
      } catch {
        throw new Refusal(400, 'Malformed request body');
      }
    },
  };
}

let requests = 0;

export function sendAnswer(response: ServerResponse, { status, headers = {}, json, bytes }: SimAnswer): void {
  requests += 1;
  const body = bytes ?? (json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(json)));
  response.writeHead(status, {
    'x-openstack-request-id': `req-simulator-${requests}`, 'content-length': String(body.length), ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers,
  });
  response.end(body);
}

/** One page of things in a fixed order, behind a marker. @throws 400 for a marker that is not there */
export function pageOf<T extends { id: string }>(all: readonly T[], query: URLSearchParams, longest: number): { items: T[]; hasMore: boolean } {
  const marker = query.get('marker');
  const from = marker === null ? 0 : all.findIndex(({ id }) => id === marker) + 1;
  if (marker !== null && from === 0) throw new Refusal(400, `marker [${marker}] not found`);
  const limit = Math.min(longest, Number(query.get('limit') ?? longest));
  return { items: all.slice(from, from + limit), hasMore: all.length > from + limit };
}

export function nextLink(url: URL, last: string): string {
  const next = new URL(url);
  next.searchParams.set('marker', last);
  return next.href;
}
