/**
 * `npm run bench:start`: from the launch of the browser shell to the painted list of image source VMs, with 5 000 cached VMs and no
 * platform reachable. `--inventory large`: to the painted list of VDI images, with 50 000 cached images and 100 000 cached VMs. Goal of
 * both: at most 1.5 s (median). `--quick` takes one run and judges nothing.
 *
 * The browser is started before the clock: a person's browser runs already. The page is a new context each time: no cache.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { chromium, type Browser } from 'playwright-core';
import { findBrowser } from '../../scripts/find-browser.ts';
import { systemClock } from '../../src/main/clock.ts';
import { SettingsRepository } from '../../src/main/store/repositories/settings.repo.ts';
import { openStore } from '../../src/main/store/store.ts';
import { startApp } from './bench-app.ts';
import { fillImages, fillInventory } from './fill-inventory.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, inventory: { type: 'string', default: 'small' } } });
const isLarge = values.inventory === 'large';
const inventory = isLarge ? { vms: 100_000, images: 50_000, row: /image-0000/ } : { vms: 5000, images: 0, row: /vm-0000/ };
const runs = values.quick ? 1 : 7;
const goalMs = 1500;

interface Timing {
  addressMs: number;
  paintedMs: number;
}

async function measure(browser: Browser, dataDirectory: string): Promise<Timing> {
  const startedAt = performance.now();
  const app = await startApp(dataDirectory);
  try {
    const addressMs = performance.now() - startedAt;
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(app.url, { waitUntil: 'commit' });
    await page.getByRole('row', { name: inventory.row }).first().waitFor();
    // The frame after the next one: by then the row has been painted. A string, because this file is not compiled for the DOM.
    await page.evaluate('new Promise((painted) => requestAnimationFrame(() => setTimeout(painted, 0)))');
    const paintedMs = performance.now() - startedAt;
    await context.close();
    return { addressMs, paintedMs };
  } finally {
    await app.stop();
  }
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const found = await findBrowser();
if (found === null) throw new Error('No browser found: install Chromium.');
const dataDirectory = await mkdtemp(join(tmpdir(), 'goldpress-bench-'));
const store = await openStore(dataDirectory, { log: pino({ level: 'silent' }), clock: systemClock });
await fillInventory(store, inventory.vms);
await fillImages(store, inventory.images);
// Where the window was left.
if (isLarge) await new SettingsRepository(store.state).set({ window: { grids: { 'window.place': '/images/vdi' } } });
await store.close();

const browser = await chromium.launch({ executablePath: found.executablePath, args: found.args });
try {
  const timings: Timing[] = [];
  for (let run = 0; run < runs; run += 1) timings.push(await measure(browser, dataDirectory));
  const painted = timings.map((timing) => timing.paintedMs);
  console.log(`browser shell, ${String(inventory.vms)} cached VMs and ${String(inventory.images)} images, ${String(runs)} run(s)`);
  console.log(`  address printed  median ${median(timings.map((timing) => timing.addressMs)).toFixed(0)} ms`);
  console.log(`  list painted     median ${median(painted).toFixed(0)} ms  min ${Math.min(...painted).toFixed(0)}  max ${Math.max(...painted).toFixed(0)}  (goal ${String(goalMs)} ms)`);
} finally {
  await browser.close();
  await rm(dataDirectory, { recursive: true, force: true });
}
