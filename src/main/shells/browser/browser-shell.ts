/**
 * The browser shell: the built page and the contract on 127.0.0.1, on a port of the data directory's own. Owns who may come in: the exact Host and
 * Origin, a session cookie, and the secret header with every call.
 */
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { enterPath, noSessionPath, secretHeader, type EnteredSession } from '../../../shared/contract/stream.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { createContractServer } from '../../contract/http-server.ts';
import { contractRoutes, refusal, type TransportEnv, type TransportOptions } from '../../contract/http-transport.ts';
import { cacheHeader, pageHeaders, readPageFile } from '../page-files.ts';
import { localeOf, plainPage, plainStyle, plainStylePath } from './plain-pages.ts';
import { BrowserSessions } from './sessions.ts';

export interface BrowserShellOptions extends TransportOptions {
  /** The built page. */
  rendererDirectory: string;
  user: string;
  /** The port of the last start, so that a page that is still open finds its app again. */
  port: PortMemory;
}

/** Where a data directory keeps the port of its pages. */
export interface PortMemory {
  read(): Promise<number | null>;
  write(port: number): Promise<void>;
}

const tokenRequest = z.strictObject({ token: z.string().max(200) });
const maxTokenBytes = 1000;
/** Paths that only a page of this server may ask for; a page is allowed to be navigated to from anywhere. */
const calledPaths = new Set(['/call', '/events', '/session']);

export class BrowserShell {
  readonly #options: BrowserShellOptions;
  readonly #sessions = new BrowserSessions();
  #server: Server | null = null;
  /** Pages that listen to events now. */
  #pageCount = 0;
  #port = 0;

  constructor(options: BrowserShellOptions) {
    this.#options = options;
  }

  /**
   * Listens on the port of the last start; on any other where that is taken or there was none.
   * @throws AppError `PAGE_NOT_BUILT`, `BROWSER_PORT_FAILED`
   */
  async start(): Promise<void> {
    const { rendererDirectory, port } = this.#options;
    if (!existsSync(join(rendererDirectory, 'index.html'))) throw new AppError('PAGE_NOT_BUILT', { path: rendererDirectory });
    const before = await port.read();
    this.#server = (before === null ? null : await this.#listen(before).catch(() => null)) ?? (await this.#listen(0));
    this.#port = (this.#server.address() as AddressInfo).port;
    if (this.#port !== before) await port.write(this.#port);
  }

  /** Whether somebody has a page of it open. */
  get isWatched(): boolean {
    return this.#pageCount > 0;
  }

  async #listen(port: number): Promise<Server> {
    const server = createContractServer(this.#routes().fetch);
    server.on('request', (request, response) => {
      if (request.url !== '/events') return;
      this.#pageCount += 1;
      response.once('close', () => (this.#pageCount -= 1));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(new AppError('BROWSER_PORT_FAILED', {}, { cause: error })));
      server.listen(port, '127.0.0.1', resolve);
    });
    return server;
  }

  /** An address that lets one browser in, once. */
  newAddress(): string {
    return `${this.#origin}/enter?token=${this.#sessions.issueToken()}`;
  }

  async dispose(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  get #host(): string {
    return `127.0.0.1:${String(this.#port)}`;
  }

  get #origin(): string {
    return `http://${this.#host}`;
  }

  /** Cookies ignore ports: the name keeps two hosts of one machine apart. */
  get #cookieName(): string {
    return `goldpress-${String(this.#port)}`;
  }

  #routes(): Hono<TransportEnv> {
    const routes = new Hono<TransportEnv>();
    routes.use(async (c, next) => {
      await next();
      for (const [name, value] of Object.entries(pageHeaders)) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    });
    // A name that points at 127.0.0.1 (DNS rebinding) arrives with its own Host; another page arrives with its own Origin.
    routes.use(async (c, next) => {
      if (c.req.header('host') !== this.#host) return c.json(refusal('ORIGIN_REFUSED'), 403);
      if (calledPaths.has(c.req.path)) {
        const origin = c.req.header('origin');
        const site = c.req.header('sec-fetch-site');
        const isForeign = (origin !== undefined && origin !== this.#origin) || (site !== undefined && site !== 'same-origin');
        if (isForeign || (c.req.method === 'POST' && origin === undefined)) return c.json(refusal('ORIGIN_REFUSED'), 403);
      }
      return next();
    });
    this.#addEntrance(routes);
    this.#addContract(routes);
    this.#addPage(routes);
    return routes;
  }

  #addEntrance(routes: Hono<TransportEnv>): void {
    const used = (c: { header: (name: string) => string | undefined }): string =>
      plainPage({ locale: localeOf(c.header('accept-language')), title: 'NO_SESSION_TITLE', text: 'NO_SESSION_TEXT' });
    routes.get(enterPath, (c) => (this.#sessions.isTokenUnused(c.req.query('token') ?? '') ? this.#page(c, '/') : c.html(used(c.req), 403)));
    routes.get(noSessionPath, (c) => c.html(used(c.req), 403));
    routes.get(plainStylePath, (c) => c.body(plainStyle, 200, { 'content-type': 'text/css; charset=utf-8' }));
    routes.post('/session', bodyLimit({ maxSize: maxTokenBytes, onError: (c) => c.json(refusal('INPUT_TOO_LARGE'), 413) }), async (c) => {
      const request = tokenRequest.safeParse(await c.req.json().catch(() => null));
      const session = request.success ? this.#sessions.exchange(request.data.token) : null;
      if (session === null) return c.json(refusal('SESSION_UNKNOWN'), 403);
      setCookie(c, this.#cookieName, session.cookie, { httpOnly: true, sameSite: 'Strict', path: '/' });
      const { bootId, events } = this.#options;
      return c.json({ secret: session.secret, hello: { type: 'hello', bootId, seq: events.seq } } satisfies EnteredSession);
    });
  }

  #addContract(routes: Hono<TransportEnv>): void {
    routes.use(async (c, next) => {
      if (c.req.path !== '/call' && c.req.path !== '/events') return next();
      const session = this.#sessions.authenticate(getCookie(c, this.#cookieName), c.req.header(secretHeader));
      if (session === null) return c.json(refusal('SESSION_UNKNOWN'), 401);
      c.set('session', { id: session.id, kind: 'browser', user: this.#options.user });
      return next();
    });
    const { gate, events, bootId } = this.#options;
    routes.route('/', contractRoutes({ gate, events, bootId }));
  }

  #addPage(routes: Hono<TransportEnv>): void {
    // Browsers ask for it on their own, also for the plain pages.
    routes.get('/favicon.ico', (c) => c.body(null, 204));
    routes.get('*', (c) => this.#page(c, new URL(c.req.url).pathname));
    routes.all('*', (c) => c.text('Not found', 404));
  }

  /** A file of the page. The document needs a session, or the unused token of the address that leads to one. */
  async #page(c: Context<TransportEnv>, path: string): Promise<Response> {
    const file = await readPageFile(this.#options.rendererDirectory, path);
    if (file === null) return c.text('Not found', 404);
    const isEntering = c.req.path === enterPath;
    const isDocument = file.type.startsWith('text/html');
    if (isDocument && !isEntering && this.#sessions.byCookie(getCookie(c, this.#cookieName)) === null) return c.redirect(noSessionPath);
    return c.body(file.content, 200, { 'content-type': file.type, ...cacheHeader(path) });
  }
}
