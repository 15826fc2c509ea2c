/**
 * Starts the built app as a user's machine would, in the browser shell, on a data directory of its own. The process is real:
 * tests may kill it and start it again on the same directory.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cookie, Page } from '@playwright/test';
import { secretStorageKey } from '../../../src/shared/contract/stream.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const startTimeoutMs = 90_000;

export interface StartOptions {
  /** Options of the app itself, such as `--no-sample`. */
  words?: readonly string[];
  environment?: Record<string, string>;
}

/** What a browser keeps of a session: good for as many pages as a test needs. */
interface BrowserSession {
  origin: string;
  cookies: Cookie[];
  secret: string;
}

/** The first page has its heading: from here on addresses are followed. */
async function shown(page: Page): Promise<void> {
  await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor();
}

export class RunningApp {
  readonly dataDirectory: string;
  #child: ChildProcess | null = null;
  #url = '';
  #output = '';
  #session: BrowserSession | null = null;

  private constructor(dataDirectory: string) {
    this.dataDirectory = dataDirectory;
  }

  /** @param dataDirectory a directory of that name, where it can be seen in a picture; by default a new one */
  static async create(dataDirectory?: string): Promise<RunningApp> {
    return new RunningApp(dataDirectory ?? (await mkdtemp(join(tmpdir(), 'goldpress-e2e-'))));
  }

  /** The address that was printed; its token can be used once. */
  get url(): string {
    return this.#url;
  }

  get origin(): string {
    return new URL(this.#url).origin;
  }

  async start({ words = [], environment = {} }: StartOptions = {}): Promise<void> {
    this.#output = '';
    this.#session = null;
    const child = spawn(process.execPath, [join(root, 'out/main/index.js'), '--data-dir', this.dataDirectory, '--no-open', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, GOLDPRESS_TESTING: '1', ...environment },
    });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`The app printed no address:\n${this.#output}`)), startTimeoutMs);
      child.stdout.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        const url = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(this.#output)?.[0];
        if (url !== undefined) {
          clearTimeout(timer);
          resolve(url);
        }
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`The app ended with ${String(code)} before it printed an address:\n${this.#output}`));
      });
    });
  }

  /** Opens the app in a page: the first time by the printed address, then with the session that it gave. */
  async enter(page: Page): Promise<void> {
    if (this.#session === null) {
      await page.goto(this.url);
      await shown(page);
      const secret: string = await page.evaluate(`sessionStorage.getItem(${JSON.stringify(secretStorageKey)})`);
      this.#session = { origin: this.origin, cookies: await page.context().cookies(), secret };
      return;
    }
    const { origin, cookies, secret } = this.#session;
    await page.context().addCookies(cookies);
    await page.addInitScript(`if (location.origin === ${JSON.stringify(origin)}) sessionStorage.setItem(${JSON.stringify(secretStorageKey)}, ${JSON.stringify(secret)})`);
    await page.goto(origin);
    await shown(page);
  }

  /** Asks the app to end, as Ctrl-C would. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** The power cut. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Waits until the process has ended by itself (killed at a failpoint). */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.dataDirectory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
