/**
 * Finds a browser for the end-to-end tests, in this order: GOLDPRESS_BROWSER, an installed Chromium, Chrome or Edge,
 * Playwright's own (downloaded where that is allowed), and on Linux x64 the Chromium that lies inside an npm package.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

export interface TestBrowser {
  executablePath: string;
  args: string[];
  /** Where it came from, for the test report. */
  origin: string;
}

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge'];
const fixedPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Chromium cannot use its own sandbox as root; the tests only open pages that this machine serves. */
const sandboxArgs = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const quietArgs = [
  ...sandboxArgs, '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

function installed(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).flatMap((directory) => names.map((name) => join(directory, name)));
  return [...onPath, ...fixedPlaces].find(isExecutable);
}

async function playwrightsOwn(): Promise<string | undefined> {
  const path = chromium.executablePath();
  if (existsSync(path)) return path;
  try {
    const cli = join(import.meta.dirname, '..', 'node_modules', 'playwright-core', 'cli.js');
    await promisify(execFile)(process.execPath, [cli, 'install', 'chromium'], { timeout: 120_000 });
  } catch {
    return undefined; // No way to the download server: the next place may have one.
  }
  return existsSync(path) ? path : undefined;
}

/** The Chromium inside @sparticuz/chromium: unpacked to the temporary folder; needs only libnss3. */
async function fromPackage(): Promise<TestBrowser | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const { default: packaged } = await import('@sparticuz/chromium');
  return { executablePath: await packaged.executablePath(), args: [...packaged.args, ...quietArgs], origin: '@sparticuz/chromium' };
}

/** @returns the browser, or null with nothing found (the caller says what to install). */
export async function findBrowser(): Promise<TestBrowser | null> {
  const chosen = process.env['GOLDPRESS_BROWSER'];
  if (chosen !== undefined) return { executablePath: chosen, args: quietArgs, origin: 'GOLDPRESS_BROWSER' };
  const present = installed();
  if (present !== undefined) return { executablePath: present, args: quietArgs, origin: 'installed' };
  const own = await playwrightsOwn();
  if (own !== undefined) return { executablePath: own, args: quietArgs, origin: 'Playwright' };
  return (await fromPackage()) ?? null;
}
