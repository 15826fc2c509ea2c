/**
 * Starts the built app as a user's machine would, in the browser shell, on a data directory of its own. The process is real:
 * tests may kill it and start it again on the same directory.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type Page } from '@playwright/test';

const root = join(import.meta.dirname, '..', '..', '..');
const startTimeoutMs = 60_000;

export class RunningApp {
  readonly dataDirectory: string;
  readonly #environment: Record<string, string>;
  #child: ChildProcess | null = null;
  #url = '';
  #output = '';

  constructor(dataDirectory: string, environment: Record<string, string> = {}) {
    this.dataDirectory = dataDirectory;
    this.#environment = environment;
  }

  /** The address that was printed; its token can be used once. */
  get url(): string {
    return this.#url;
  }

  async start(words: readonly string[] = [], environment: Record<string, string> = {}): Promise<void> {
    this.#output = '';
    const child = spawn(process.execPath, [join(root, 'out/main/index.js'), '--data-dir', this.dataDirectory, '--no-open', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, GOLDPRESS_TESTING: '1', ...this.#environment, ...environment },
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

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

/** A test with an app that has the sample site, and a page that is signed in to it. */
export const test = base.extend<{ app: RunningApp; window: Page }>({
  // Playwright reads the fixture's dependencies from this pattern, empty or not.
  // eslint-disable-next-line no-empty-pattern
  app: async ({}, use) => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'goldpress-e2e-'));
    const app = new RunningApp(dataDirectory);
    await app.start();
    await use(app);
    await app.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  },
  window: async ({ app, page }, use) => {
    await page.goto(app.url);
    await use(page);
  },
});

export { expect } from '@playwright/test';
