/**
 * One host a data directory: takes the lock or finds who holds it. Owns the lock, `host.json` and the local socket; what is
 * served on the socket is given to it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { AppError } from '../../shared/model/app-error.ts';
import { createContractServer } from '../contract/http-server.ts';
import { contractRoutes, refusal, type TransportEnv, type TransportOptions } from '../contract/http-transport.ts';
import { newUuid } from '../clock.ts';
import { systemReason } from '../diagnostics/system-reason.ts';
import { takeHostLock, type HostLock } from '../store/host-lock.ts';
import { isHostAnswering } from './client.ts';
import { prepareDataDirectory } from './data-directory.ts';
import { chooseSocketPath, readHostAddress, removeHostAddress, writeHostAddress, type HostAddress, type HostLifetime } from './host-address.ts';
import { hostKeyHeader, sessionHeader, sessionKindHeader } from './host-protocol.ts';

export type HostOpening = { role: 'host'; host: Host } | { role: 'client'; address: HostAddress };

export interface OpenOptions {
  version: string;
  lifetime?: HostLifetime;
  /** How long to wait for a holder that is still starting, or ending, in milliseconds. */
  waitMs?: number;
  /** Holders that are waited for instead of being talked to, because they end before the one who asks. */
  outlasts?: readonly HostLifetime[];
  /** How long to wait for those, in milliseconds. */
  outlastMs?: number;
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
}

/** A task must not be given to a process that ends with its own short call. */
const usuallyOutlasts: Record<HostLifetime, readonly HostLifetime[]> = { command: [], task: ['command'], stays: ['command'] };

/** What the socket offers besides the contract. */
export interface HostServices extends Omit<TransportOptions, 'bootId'> {
  /** The user whose process this is. */
  user: string;
  /** A fresh one-time address of the browser shell, which is started when it is not running. */
  newBrowserAddress(): Promise<string>;
}

const retryMs = 60;
/** Longer than any short call; one that lasts ends with the host. */
const answerGraceMs = 2000;

export class Host {
  readonly dataDirectory: string;
  readonly bootId = newUuid();
  readonly #lock: HostLock;
  readonly #key = randomBytes(32).toString('base64url');
  readonly #version: string;
  readonly #lifetime: HostLifetime;
  /** Requests that wait for their answer; the endless stream of events is none. */
  readonly #answers = new Set<Promise<unknown>>();
  #server: Server | null = null;

  private constructor(dataDirectory: string, lock: HostLock, version: string, lifetime: HostLifetime) {
    this.dataDirectory = dataDirectory;
    this.#lock = lock;
    this.#version = version;
    this.#lifetime = lifetime;
  }

  /**
   * Becomes the host of a data directory, or finds the one that runs. One that runs but ends sooner is waited for and followed.
   * @throws AppError `HOST_BUSY` when the holder of the lock does not answer, or not end, in time; `HOST_DATA_UNWRITABLE`, `ABORTED`
   */
  static async open(path: string, options: OpenOptions): Promise<HostOpening> {
    const { version, lifetime = 'stays', waitMs = 20_000, outlasts = usuallyOutlasts[lifetime], outlastMs = 120_000, signal } = options;
    const dataDirectory = prepareDataDirectory(path);
    const begun = Date.now();
    let lastAnswer = begun;
    for (;;) {
      const lock = lockOrThrow(dataDirectory);
      if (lock !== null) return { role: 'host', host: Host.#begin(dataDirectory, lock, version, lifetime) };
      const address = readHostAddress(dataDirectory);
      const isAnswering = address !== null && (await isHostAnswering(address));
      if (isAnswering) {
        if (address.version !== version) throw new AppError('HOST_OTHER_VERSION', { pid: String(address.pid), running: address.version, own: version });
        if (!outlasts.includes(address.lifetime)) return { role: 'client', address };
        lastAnswer = Date.now();
      }
      if (Date.now() > (isAnswering ? begun + outlastMs : lastAnswer + waitMs)) {
        throw new AppError('HOST_BUSY', { path: dataDirectory, pid: address === null ? '?' : String(address.pid) }, { isRetryable: true });
      }
      await sleep(retryMs);
      if (signal?.aborted === true) throw new AppError('ABORTED');
    }
  }

  static #begin(dataDirectory: string, lock: HostLock, version: string, lifetime: HostLifetime): Host {
    const host = new Host(dataDirectory, lock, version, lifetime);
    try {
      // Whatever a killed host left says nothing any more.
      writeHostAddress(dataDirectory, host.#address(null));
    } catch (error) {
      lock.release();
      throw new AppError('HOST_DATA_UNWRITABLE', { path: dataDirectory, reason: systemReason(error) }, { cause: error });
    }
    return host;
  }

  /** Listens on the local socket and says so in `host.json`. */
  async serve(services: HostServices): Promise<HostAddress> {
    const socketPath = chooseSocketPath(this.dataDirectory, this.bootId);
    const isFile = process.platform !== 'win32';
    if (isFile && existsSync(socketPath)) rmSync(socketPath);
    const server = createContractServer(this.#routes(services).fetch);
    this.#server = server;
    server.on('request', (request, response) => {
      if (request.url === '/events') return;
      const answer = once(response, 'close').finally(() => this.#answers.delete(answer));
      this.#answers.add(answer);
    });
    // A socket has its final mode from its first moment on: binding happens inside `listen`, before it returns.
    const before = isFile ? process.umask(0o177) : null;
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', resolve);
    });
    try {
      server.listen(socketPath);
    } finally {
      if (before !== null) process.umask(before);
    }
    try {
      await listening;
      if (isFile) chmodSync(socketPath, 0o600);
    } catch (error) {
      throw new AppError('HOST_SOCKET_FAILED', { path: socketPath, reason: systemReason(error) }, { cause: error });
    }
    const address = this.#address(socketPath);
    writeHostAddress(this.dataDirectory, address);
    return address;
  }

  /**
   * Stops listening; the data directory stays locked while the core ends its work. Calls that were begun get their answer, within reason;
   * a client that comes later finds nobody, and knows that nothing of its call was done.
   */
  async stopServing(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    removeHostAddress(this.dataDirectory);
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.race([Promise.all(this.#answers), sleep(answerGraceMs, undefined, { ref: false })]);
    server.closeAllConnections();
    await closed;
  }

  /** Gives the data directory free. What was served must have ended before. */
  async dispose(): Promise<void> {
    await this.stopServing();
    this.#lock.release();
  }

  #address(socketPath: string | null): HostAddress {
    return { pid: process.pid, bootId: this.bootId, version: this.#version, key: this.#key, socketPath, lifetime: this.#lifetime };
  }

  #routes(services: HostServices): Hono<TransportEnv> {
    const routes = new Hono<TransportEnv>();
    const key = Buffer.from(this.#key);
    routes.use(async (c, next) => {
      const given = Buffer.from(c.req.header(hostKeyHeader) ?? '');
      if (given.length !== key.length || !timingSafeEqual(given, key)) return c.json(refusal('HOST_KEY_WRONG'), 403);
      const kind = c.req.header(sessionKindHeader) === 'window' ? 'window' : 'cli';
      c.set('session', { id: `${kind}-${(c.req.header(sessionHeader) ?? '').slice(0, 60)}`, kind, user: services.user });
      return next();
    });
    routes.get('/host', (c) => c.json({ pid: process.pid, bootId: this.bootId, version: this.#version }));
    routes.post('/host/browser-address', async (c) => c.json({ url: await services.newBrowserAddress() }));
    routes.route('/', contractRoutes({ gate: services.gate, events: services.events, bootId: this.bootId }));
    return routes;
  }
}

function lockOrThrow(dataDirectory: string): HostLock | null {
  try {
    return takeHostLock(join(dataDirectory, 'host.lock'));
  } catch (error) {
    throw new AppError('HOST_DATA_UNWRITABLE', { path: dataDirectory, reason: systemReason(error) }, { cause: error });
  }
}
