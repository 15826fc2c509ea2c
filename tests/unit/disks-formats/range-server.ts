/** A real HTTP server that delivers ranges of some bytes, and misbehaves when told to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request itself and returns true, or leaves it to the server. `count` counts requests from 1. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, range: { first: number; last: number }, count: number) => boolean;

export class RangeServer {
  bytes: Buffer;
  etag: string | null = '"one"';
  misbehave: Misbehaviour = () => false;
  readonly requests: { range: string; headers: IncomingMessage['headers'] }[] = [];
  inFlight = 0;
  mostInFlight = 0;
  readonly #server: Server;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async start(): Promise<URL> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/images/disk.img?token=query-secret`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The headers of a right answer. */
  headersOf({ first, last }: { first: number; last: number }): Record<string, string> {
    return {
      'content-range': `bytes ${first}-${last}/${this.bytes.length}`, 'content-length': String(last - first + 1),
      ...(this.etag === null ? {} : { etag: this.etag }),
    };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const text = request.headers.range ?? '';
    this.requests.push({ range: text, headers: request.headers });
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(text) ?? [];
    const range = { first: Number(first), last: Math.min(Number(last), this.bytes.length - 1) };
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    response.on('close', () => (this.inFlight -= 1));
    if (this.misbehave(request, response, range, this.requests.length)) return;
    if (range.first >= this.bytes.length) response.writeHead(416, { 'content-range': `bytes */${this.bytes.length}` }).end();
    else response.writeHead(206, this.headersOf(range)).end(this.bytes.subarray(range.first, range.last + 1));
  }
}
