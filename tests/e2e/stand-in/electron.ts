/**
 * A stand-in for the `electron` module: the part of its main-process API that Goldpress uses, with a real Chromium behind it.
 * A BrowserWindow is a page; `app://` is answered by the handler that the app registered; the preload bundle runs in the page
 * with `contextBridge` and `ipcRenderer` over a binding. Prints the address of the browser's debugging port for the tests.
 */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { bridgeScript } from './preload-bridge.ts';

/** `app://goldpress` cannot be a page's origin in a plain Chromium; the page lies here, and the app sees its own address. */
const pageOrigin = 'https://goldpress.invalid';
const appOrigin = 'app://goldpress';

type Handler = (event: unknown, ...args: unknown[]) => unknown;
type ProtocolHandler = (request: Request) => Promise<Response>;

let answerPage: ProtocolHandler = () => Promise.resolve(new Response('no handler', { status: 500 }));
const quitting = { isAsked: false };
const windows = new Set<BrowserWindow>();

class App extends EventEmitter {
  readonly #paths = new Map<string, string>();
  /** Ready at once: the real one waits for the entry file to be run, and so does a promise. */
  readonly #ready = new Promise<void>((resolve) => setImmediate(resolve));

  enableSandbox(): void {
    this.emit('sandbox-enabled');
  }
  whenReady(): Promise<void> {
    return this.#ready;
  }
  isReady(): boolean {
    return true;
  }
  setPath(name: string, path: string): void {
    this.#paths.set(name, path);
  }
  getLocale(): string {
    return process.env['GOLDPRESS_STAND_IN_LOCALE'] ?? 'en-US';
  }
  requestSingleInstanceLock(): boolean {
    return true;
  }
  quit(): void {
    quitting.isAsked = true;
    for (const window of windows) window.close();
    this.finishQuit();
  }
  /** Quits once no window is left and nobody holds it back. */
  finishQuit(): void {
    if (windows.size > 0) return;
    const event = cancellable();
    this.emit('will-quit', event);
    if (!event.isPrevented()) void closeBrowser().then(() => process.exit(0));
  }
  exit(code: number): void {
    process.exit(code);
  }
}

export const app = new App();

function cancellable() {
  let isPrevented = false;
  return {
    preventDefault: () => {
      isPrevented = true;
    },
    isPrevented: () => isPrevented,
  };
}

let browser: Browser | null = null;

async function openBrowser(): Promise<Browser> {
  const port = Number(process.env['GOLDPRESS_STAND_IN_PORT'] ?? '0');
  const args = JSON.parse(process.env['GOLDPRESS_BROWSER_ARGS'] ?? '[]') as string[];
  const executablePath = process.env['GOLDPRESS_BROWSER'];
  browser ??= await chromium.launch({
    args: [...args, `--remote-debugging-port=${String(port)}`],
    // The app ends the browser when it ends; by default the browser goes first, under the feet of the app.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    ...(executablePath === undefined ? {} : { executablePath }),
  });
  return browser;
}

async function closeBrowser(): Promise<void> {
  await browser?.close();
}

class WebContents extends EventEmitter {
  page: Page | null = null;

  send(channel: string, ...args: unknown[]): void {
    // A page that is going away cannot take it; the real one drops it too.
    this.page?.evaluate(([name, values]) => {
      (globalThis as unknown as { standInReceive: (channel: string, values: unknown[]) => void }).standInReceive(name, values);
    }, [channel, args] as const).catch(() => undefined);
  }
  setWindowOpenHandler(): void {
    this.emit('window-open-handler-set');
  }
}

interface WindowOptions {
  width?: number;
  height?: number;
  webPreferences: { preload: string };
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly #options: WindowOptions;
  #isDestroyed = false;

  constructor(options: WindowOptions) {
    super();
    this.#options = options;
    windows.add(this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  async loadURL(url: string): Promise<void> {
    const { width = 1280, height = 800, webPreferences } = this.#options;
    const context = await (await openBrowser()).newContext({ viewport: { width, height } });
    const page = await context.newPage();
    this.webContents.page = page;
    await context.route(`${pageOrigin}/**`, async (route) => {
      const address = route.request().url().replace(pageOrigin, appOrigin);
      const answer = await answerPage(new Request(address, { method: route.request().method() }));
      // A page that has gone meanwhile wants no answer.
      await route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body: Buffer.from(await answer.arrayBuffer()) }).catch(() => undefined);
    });
    const sent = (kind: string, channel: string, args: unknown[]): unknown => {
      const event = { sender: this.webContents, senderFrame: { url: page.url().replace(pageOrigin, appOrigin), parent: null } };
      if (kind === 'invoke') return ipcMain.invoked(channel, event, args);
      ipcMain.emit(channel, event, ...args);
      return null;
    };
    await page.exposeBinding('standInSend', (_source, kind: string, channel: string, args: unknown[]) => sent(kind, channel, args));
    await page.addInitScript(bridgeScript(readFileSync(webPreferences.preload, 'utf8')));
    page.on('close', () => this.#destroyed());
    await page.goto(url.replace(appOrigin, pageOrigin));
    this.emit('ready-to-show');
    process.stdout.write('stand-in window open\n');
  }

  close(): void {
    const event = cancellable();
    this.emit('close', event);
    if (event.isPrevented()) return;
    // The browser may already be going with the app: then there is nothing left to close.
    this.webContents.page?.context().close().catch(() => undefined);
    this.#destroyed();
  }
  #destroyed(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    windows.delete(this);
    if (windows.size === 0) app.emit('window-all-closed');
    if (quitting.isAsked) app.finishQuit();
  }
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  isMinimized(): boolean {
    return false;
  }
  isVisible(): boolean {
    return true;
  }
  restore(): void {
    this.emit('restore');
  }
  show(): void {
    this.emit('show');
  }
  hide(): void {
    this.emit('hide');
  }
  focus(): void {
    this.emit('focus');
  }
}

class IpcMain extends EventEmitter {
  readonly #handlers = new Map<string, Handler>();

  handle(channel: string, handler: Handler): void {
    this.#handlers.set(channel, handler);
  }
  removeHandler(channel: string): void {
    this.#handlers.delete(channel);
  }
  /** @returns what the handler returns, a promise mostly. */
  invoked(channel: string, event: unknown, args: readonly unknown[]): unknown {
    const handler = this.#handlers.get(channel);
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
    return handler(event, ...args);
  }
}

export const ipcMain = new IpcMain();

export const protocol = {
  registerSchemesAsPrivileged: (): void => undefined,
  handle: (_scheme: string, handler: ProtocolHandler): void => {
    answerPage = handler;
  },
};

export const session = {
  defaultSession: { setPermissionRequestHandler: (): void => undefined, setPermissionCheckHandler: (): void => undefined },
};

export const Menu = { setApplicationMenu: (): void => undefined };

export const dialog = {
  showMessageBox: (): Promise<{ response: number }> => Promise.resolve({ response: Number(process.env['GOLDPRESS_STAND_IN_ANSWER'] ?? '1') }),
  showErrorBox: (title: string, text: string): void => {
    process.stderr.write(`${title}: ${text}\n`);
  },
};

export const shell = { showItemInFolder: (): void => undefined, openExternal: (): Promise<void> => Promise.resolve() };

export const powerSaveBlocker = { start: (): number => 1, stop: (): void => undefined };

/** No key store: what the app does without one is what the tests see. */
export const safeStorage = {
  isAsyncEncryptionAvailable: (): Promise<boolean> => Promise.resolve(false),
  getSelectedStorageBackend: (): string => 'unknown',
  encryptStringAsync: (): Promise<Buffer> => Promise.reject(new Error('no key store')),
  decryptStringAsync: (): Promise<{ result: string }> => Promise.reject(new Error('no key store')),
};

// A window that the person closes ends the page; the process is asked to end by the tests.
process.once('SIGTERM', () => app.quit());
