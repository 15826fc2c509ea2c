/**
 * Stands between a connector and an HTTP server (a simulator or a real one) and spoils what the test says. Addresses of the server in
 * its answers are replaced by the proxy's, so that a catalogue of endpoints leads through it too.
 */
import { createServer, request as forward, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TestCertificate } from './certificates.ts';

export type HttpFault =
  /** The connection ends after so many bytes of the body; null = before any answer. */
  | { kind: 'cut'; afterBytes: number | null }
  /** Nothing more is sent, and nothing is closed. */
  | { kind: 'stall'; afterBytes: number | null }
  /** The body comes in small pieces, with a pause between them. */
  | { kind: 'drip'; pieceBytes: number; pauseMs: number }
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** A 200 with a body that is no answer of this server. */
  | { kind: 'garbage'; body?: string };

export interface FaultRule {
  fault: HttpFault;
  /** Which requests; all where absent. */
  matches?: (request: { method: string; path: string }) => boolean;
  /** Requests that go through before the fault begins. Default 0. */
  after?: number;
  /** Requests that are spoiled; then the rule is over. Default: all. */
  times?: number;
}

interface LiveRule extends FaultRule {
  skipped: number;
  spoiled: number;
}

const garbage = '<html><body>502 Bad Gateway</body></html>\0\u{1F4A5}{"images": [';

export class HttpFaultProxy {
  readonly #origins = new Map<string, string>();
  readonly #servers: (Server | TlsServer)[] = [];
  readonly #sockets = new Set<Socket>();
  #rules: LiveRule[] = [];
  /** The one that the listeners began with; null where they speak no TLS. */
  readonly certificate: TestCertificate | null;
  /** Every request that came, also those that were spoiled: `GET /v2/images?…`. */
  readonly seen: string[] = [];

  private constructor(certificate: TestCertificate | null) {
    this.certificate = certificate;
  }

  /** @param origins of the server: `http://127.0.0.1:9292`; one listener for each @param certificate makes the listeners speak TLS */
  static async start(origins: readonly string[], certificate: TestCertificate | null = null): Promise<HttpFaultProxy> {
    const proxy = new HttpFaultProxy(certificate);
    for (const origin of origins) await proxy.#listen(origin, certificate);
    return proxy;
  }

  /** Where the proxy stands for an origin. */
  origin(of: string): string {
    const found = this.#origins.get(of);
    if (found === undefined) throw new Error(`The proxy does not stand before ${of}.`);
    return found;
  }

  /** Adds a rule; the first that matches and is not over decides. @returns how many requests it has spoiled, as it goes on */
  spoil(rule: FaultRule): { readonly spoiled: number } {
    const live = { ...rule, skipped: 0, spoiled: 0 };
    this.#rules.push(live);
    return live;
  }

  /** From now on everything goes through. */
  heal(): void {
    this.#rules = [];
  }

  /** New connections are shown another certificate; open ones end. */
  changeCertificate(certificate: TestCertificate): void {
    for (const server of this.#servers) if ('setSecureContext' in server) server.setSecureContext(certificate);
    this.cutAll();
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async dispose(): Promise<void> {
    this.cutAll();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(origin: string, certificate: TestCertificate | null): Promise<void> {
    const handle: RequestListener = (request, response) => {
      this.#handle(origin, request, response).catch(() => response.destroy());
    };
    const server = certificate === null ? createServer(handle) : createTlsServer(certificate, handle);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#servers.push(server);
    const { port } = server.address() as AddressInfo;
    this.#origins.set(origin, `${certificate === null ? 'http' : 'https'}://127.0.0.1:${String(port)}`);
  }

  #faultFor(method: string, path: string): HttpFault | null {
    for (const rule of this.#rules) {
      if (rule.matches?.({ method, path }) === false || rule.spoiled >= (rule.times ?? Infinity)) continue;
      if (rule.skipped < (rule.after ?? 0)) {
        rule.skipped += 1;
        continue;
      }
      rule.spoiled += 1;
      return rule.fault;
    }
    return null;
  }

  async #handle(origin: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const method = request.method ?? 'GET';
    this.seen.push(`${method} ${path}`);
    const fault = this.#faultFor(method, path);
    if (fault?.kind === 'status') { this.#answer(request, response, fault.status, fault.headers ?? {}, fault.body ?? ''); return; }
    if (fault?.kind === 'garbage') { this.#answer(request, response, 200, { 'content-type': 'application/json' }, fault.body ?? garbage); return; }
    if ((fault?.kind === 'cut' || fault?.kind === 'stall') && fault.afterBytes === null) {
      if (fault.kind === 'cut') request.socket.destroy();
      return;
    }
    const { status, headers, body } = await passOn(origin, request);
    const text = this.#rewritten(body, headers['content-type'] ?? '');
    for (const [name, value] of Object.entries(headers)) if (value !== undefined && !hopByHop.has(name)) response.setHeader(name, this.#rewrittenHeader(value));
    response.writeHead(status, { 'content-length': text.length });
    await send(response, text, fault);
  }

  #answer(request: IncomingMessage, response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
    request.resume();
    response.writeHead(status, headers).end(body);
  }

  #rewritten(body: Buffer, type: string): Buffer {
    if (!/json|text/.test(type)) return body;
    return Buffer.from(this.#replaceOrigins(body.toString('utf8')), 'utf8');
  }

  #rewrittenHeader(value: string | string[]): string | string[] {
    return Array.isArray(value) ? value.map((one) => this.#replaceOrigins(one)) : this.#replaceOrigins(value);
  }

  #replaceOrigins(text: string): string {
    let replaced = text;
    for (const [from, to] of this.#origins) replaced = replaced.replaceAll(from, to);
    return replaced;
  }
}

/** Belong to one connection, or are made anew. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding']);

function passOn(origin: string, request: IncomingMessage): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const headers: IncomingMessage['headers'] = { ...request.headers, host: `${hostname}:${port}` };
    // Bodies are read and rewritten as text.
    delete headers['accept-encoding'];
    const onward = forward({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(pieces) }));
      answer.on('error', reject);
    });
    onward.on('error', reject);
    request.pipe(onward);
  });
}

async function send(response: ServerResponse, body: Buffer, fault: HttpFault | null): Promise<void> {
  if (fault === null) {
    response.end(body);
    return;
  }
  if (fault.kind === 'drip') {
    for (let at = 0; at < body.length && !response.destroyed; at += fault.pieceBytes) {
      response.write(body.subarray(at, at + fault.pieceBytes));
      await new Promise((resolve) => setTimeout(resolve, fault.pauseMs));
    }
    response.end();
    return;
  }
  if (fault.kind !== 'cut' && fault.kind !== 'stall') return;
  response.write(body.subarray(0, Math.min(fault.afterBytes ?? 0, Math.max(0, body.length - 1))), () => {
    if (fault.kind === 'cut') response.destroy();
  });
}
