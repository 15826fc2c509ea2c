/**
 * One host a data directory: takes the lock or finds who holds it. Owns the lock, `host.json` and the local socket; what is
 * served on the socket is given to it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
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
import { chooseSocketPath, readHostAddress, removeHostAddress, writeHostAddress, type HostAddress } from './host-address.ts';
import { hostKeyHeader, sessionHeader, sessionKindHeader } from './host-protocol.ts';

export type HostOpening = { role: 'host'; host: Host } | { role: 'client'; address: HostAddress };

export interface OpenOptions {
  version: string;
  /** How long to wait for a holder that is still starting, or ending, in milliseconds. */
  waitMs?: number;
}

/** What the socket offers besides the contract. */
export interface HostServices extends Omit<TransportOptions, 'bootId'> {
  /** The user whose process this is. */
  user: string;
  /** A fresh one-time address of the browser shell, which is started when it is not running. */
  newBrowserAddress(): Promise<string>;
}

const retryMs = 60;

export class Host {
  readonly dataDirectory: string;
  readonly bootId = newUuid();
  readonly #lock: HostLock;
  readonly #key = randomBytes(32).toString('base64url');
  readonly #version: string;
  #server: Server | null = null;

  private constructor(dataDirectory: string, lock: HostLock, version: string) {
    this.dataDirectory = dataDirectory;
    this.#lock = lock;
    this.#version = version;
  }

  /**
   * Becomes the host of a data directory, or finds the one that runs.
   * @throws AppError `HOST_BUSY` when the holder of the lock does not answer in time, `HOST_DATA_UNWRITABLE`
   */
  static async open(path: string, { version, waitMs = 20_000 }: OpenOptions): Promise<HostOpening> {
    const dataDirectory = prepareDataDirectory(path);
    const deadline = Date.now() + waitMs;
    for (;;) {
      const lock = lockOrThrow(dataDirectory);
      if (lock !== null) return { role: 'host', host: Host.#begin(dataDirectory, lock, version) };
      const address = readHostAddress(dataDirectory);
      if (address !== null && (await isHostAnswering(address))) {
        if (address.version !== version) throw new AppError('HOST_OTHER_VERSION', { pid: String(address.pid), running: address.version, own: version });
        return { role: 'client', address };
      }
      if (Date.now() > deadline) throw new AppError('HOST_BUSY', { path: dataDirectory, pid: address === null ? '?' : String(address.pid) }, { isRetryable: true });
      await sleep(retryMs);
    }
  }

  static #begin(dataDirectory: string, lock: HostLock, version: string): Host {
    const host = new Host(dataDirectory, lock, version);
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

  /** Stops listening; the data directory stays locked while the core ends its work. */
  async stopServing(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    removeHostAddress(this.dataDirectory);
    if (server === null) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Gives the data directory free. What was served must have ended before. */
  async dispose(): Promise<void> {
    await this.stopServing();
    this.#lock.release();
  }

  #address(socketPath: string | null): HostAddress {
    return { pid: process.pid, bootId: this.bootId, version: this.#version, key: this.#key, socketPath };
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
