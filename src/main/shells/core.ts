/**
 * What every shell begins with: the core of a data directory, either in this process (which then is its host) or in the one that
 * already runs. Owns the order of starting and ending.
 */
import type { Logger } from 'pino';
import { createApp, type App, type AppOptions } from '../app.ts';
import { appVersion, rendererDirectory } from '../app-paths.ts';
import { newUuid } from '../clock.ts';
import { Gate } from '../contract/gate.ts';
import { currentUser, type ShellKind } from '../contract/handlers/system.handlers.ts';
import { openLog } from '../diagnostics/log.ts';
import { Redactor } from '../diagnostics/redaction.ts';
import { HostClient, type CoreClient } from '../host/client.ts';
import type { HostLifetime } from '../host/host-address.ts';
import { Host } from '../host/host.ts';
import { LocalClient } from '../host/local-client.ts';
import { markCacheDamaged } from '../store/data-files.ts';
import { BrowserShell } from './browser/browser-shell.ts';
import { hasDisplay, revealInFileManager } from './open-external.ts';

export interface CoreOptions {
  dataDirectory: string;
  shell: ShellKind;
  hasSample: boolean;
  /** How long this process stays if it becomes the host; a window's until it is closed. */
  lifetime?: HostLifetime;
  /** A host in the background waits for whoever is there, as long as it takes. */
  isPatient?: boolean;
  signal?: AbortSignal;
  /** Only for the shell that has them (Electron: the system's key store). */
  extra?: Partial<Pick<AppOptions, 'canReveal' | 'reveal' | 'safeStorage'>>;
}

export interface Core {
  /** Whether this process holds the data directory. */
  readonly isHost: boolean;
  readonly hostPid: number;
  readonly dataDirectory: string;
  /** A client of the core. `window`: for calls of a page, which may not name paths. */
  client(kind: 'cli' | 'window'): CoreClient;
  /** Whether a page of this process's own browser shell is open; false in a client. */
  isWatched(): boolean;
  /** Ends this process's part: the whole core when it is the host. Runs stay resumable. */
  dispose(): Promise<void>;
}

/** Outside a packaged app and whenever asked for, answers are checked against the contract as well. */
const isOutputChecked = process.env['GOLDPRESS_CHECK_OUTPUT'] === '1' || process.env['NODE_ENV'] === 'test';

/** Becomes the host of the data directory or a client of its host. @throws AppError in plain words when neither can be. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { lifetime = 'stays', isPatient = false, signal } = options;
  const patience = isPatient ? ({ outlasts: ['command', 'task'], outlastMs: Infinity } as const) : {};
  const opening = await Host.open(options.dataDirectory, { version: appVersion, lifetime, signal, ...patience });
  if (opening.role === 'host') return hostCore(opening.host, options);
  const { address } = opening;
  const clients: CoreClient[] = [];
  return {
    isHost: false,
    hostPid: address.pid,
    dataDirectory: options.dataDirectory,
    client(kind) {
      const client = new HostClient(address, kind);
      clients.push(client);
      return client;
    },
    isWatched: () => false,
    dispose() {
      for (const client of clients) client.close();
      return Promise.resolve();
    },
  };
}

async function hostCore(host: Host, { shell, hasSample, lifetime = 'stays', extra }: CoreOptions): Promise<Core> {
  const { dataDirectory } = host;
  // Undone in reverse, also when starting fails half-way: the lock is the last to go.
  const endings: (() => Promise<void>)[] = [() => host.dispose()];
  const dispose = async (): Promise<void> => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const redactor = new Redactor();
    const log = openLog({ dataDirectory, redactor });
    endings.push(() => {
      log.close();
      return Promise.resolve();
    });
    const { logger } = log;
    logger.info({ version: appVersion, shell, lifetime, node: process.versions.node }, 'starting');
    const app = await createApp({
      version: appVersion, dataDirectory, hasSample, shell, isTakingUpRuns: lifetime !== 'command', log: logger, redactor,
      canReveal: hasDisplay(), reveal: revealInFileManager, safeStorage: null, ...extra,
    });
    endings.push(() => app.dispose(), () => host.stopServing());
    const gate = new Gate({ handlers: app.handlers, runningCalls: app.runningCalls, scopes: app.scopes, log: logger, isOutputChecked, onCacheDamage: () => markCacheDamaged(dataDirectory) });
    const browser = lazyBrowser(app, gate, host.bootId);
    endings.push(browser.dispose);
    // First what the app begins by itself: whoever connects finds the sample site of a first run, or sees it being made.
    await app.start();
    await host.serve({ gate, events: app.events, user: currentUser(), newBrowserAddress: browser.newAddress });
    return {
      isHost: true,
      hostPid: process.pid,
      dataDirectory,
      client: (kind) =>
        new LocalClient({
          gate, events: app.events, bootId: host.bootId, newBrowserAddress: browser.newAddress,
          session: { id: `${kind}-${newUuid()}`, kind, user: currentUser() },
          cancelAll: (sessionId) => app.runningCalls.cancelAll(sessionId),
        }),
      isWatched: browser.isWatched,
      dispose: () => disposeLogged(dispose, logger),
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function disposeLogged(dispose: () => Promise<void>, log: Logger): Promise<void> {
  log.info('ending');
  await dispose();
}

/** The browser shell starts with the first address that is asked for. */
function lazyBrowser(app: App, gate: Gate, bootId: string): { newAddress: () => Promise<string>; isWatched: () => boolean; dispose: () => Promise<void> } {
  let started: Promise<BrowserShell> | null = null;
  let running: BrowserShell | null = null;
  const start = async (): Promise<BrowserShell> => {
    const shell = new BrowserShell({ gate, events: app.events, bootId, rendererDirectory, user: currentUser(), port: app.pagePort });
    await shell.start();
    running = shell;
    return shell;
  };
  return {
    async newAddress() {
      started ??= start();
      try {
        return (await started).newAddress();
      } catch (error) {
        started = null;
        throw error;
      }
    },
    isWatched: () => running?.isWatched === true,
    async dispose() {
      if (started !== null) await (await started).dispose();
    },
  };
}
