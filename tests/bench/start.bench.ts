/**
 * `npm run bench:start`: from the launch of the browser shell to the painted list of image source VMs, with 5 000 cached VMs and no
 * platform reachable. Goal: at most 1.5 s (median). `--quick` takes one run and judges nothing.
 *
 * The browser is started before the clock: a person's browser runs already. The page is a new context each time: no cache.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { chromium, type Browser } from 'playwright-core';
import { findBrowser } from '../../scripts/find-browser.ts';
import { systemClock } from '../../src/main/clock.ts';
import { openStore } from '../../src/main/store/store.ts';
import { fillInventory } from './fill-inventory.ts';

const root = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, vms: { type: 'string', default: '5000' } } });
const runs = values.quick ? 1 : 7;
const goalMs = 1500;

interface Timing {
  addressMs: number;
  paintedMs: number;
}

async function measure(browser: Browser, dataDirectory: string): Promise<Timing> {
  const startedAt = performance.now();
  const app = spawn(process.execPath, [join(root, 'out/main/index.js'), '--data-dir', dataDirectory, '--no-open', '--no-sample'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let output = '';
      app.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(output)?.[0];
        if (found !== undefined) resolve(found);
      });
      app.once('exit', (code) => reject(new Error(`The app ended with ${String(code)}:\n${output}`)));
    });
    const addressMs = performance.now() - startedAt;
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(url, { waitUntil: 'commit' });
    await page.getByRole('row', { name: /vm-0000/ }).first().waitFor();
    // The frame after the next one: by then the row has been painted. A string, because this file is not compiled for the DOM.
    await page.evaluate('new Promise((painted) => requestAnimationFrame(() => setTimeout(painted, 0)))');
    const paintedMs = performance.now() - startedAt;
    await context.close();
    return { addressMs, paintedMs };
  } finally {
    const exited = once(app, 'exit');
    app.kill('SIGTERM');
    await exited;
  }
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const found = await findBrowser();
if (found === null) throw new Error('No browser found: install Chromium.');
const dataDirectory = await mkdtemp(join(tmpdir(), 'goldpress-bench-'));
const store = await openStore(dataDirectory, { log: pino({ level: 'silent' }), clock: systemClock });
await fillInventory(store, Number(values.vms));
await store.close();

const browser = await chromium.launch({ executablePath: found.executablePath, args: found.args });
try {
  const timings: Timing[] = [];
  for (let run = 0; run < runs; run += 1) timings.push(await measure(browser, dataDirectory));
  const painted = timings.map((timing) => timing.paintedMs);
  console.log(`browser shell, ${values.vms} cached VMs, ${String(runs)} run(s)`);
  console.log(`  address printed  median ${median(timings.map((timing) => timing.addressMs)).toFixed(0)} ms`);
  console.log(`  list painted     median ${median(painted).toFixed(0)} ms  min ${Math.min(...painted).toFixed(0)}  max ${Math.max(...painted).toFixed(0)}  (goal ${String(goalMs)} ms)`);
} finally {
  await browser.close();
  await rm(dataDirectory, { recursive: true, force: true });
}
