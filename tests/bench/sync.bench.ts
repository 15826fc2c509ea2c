/**
 * `npm run bench:sync`: 8 platforms with 50 000 images and 100 000 VMs read into an empty cache, again with nothing changed, and by a quick
 * pass. Goals on two cores: the first at most 60 s, at most 400 MB of memory, no task of the main thread longer than 50 ms.
 * `--quick` reads a fiftieth and judges nothing. `--glance`: against a real image service instead (`glance.bench.ts`).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createInventoryApp } from '../fixtures/inventory-app.ts';
import { bigInventory } from '../simulators/big-inventory/big-inventory.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, glance: { type: 'boolean', default: false } } });
if (values.glance) {
  const { benchGlance } = await import('./glance.bench.ts');
  await benchGlance(values.quick ? 100 : 3000);
  process.exit(0);
}
const platforms = 8;
const share = values.quick ? 50 : 1;
const size = { vms: 100_000 / platforms / share, images: 50_000 / platforms / share };
const goals = { ms: 60_000, bytes: 400 * 1024 ** 2, taskMs: 50 };

const app = await createInventoryApp([bigInventory(size)]);
const never = new AbortController().signal;
const delay = monitorEventLoopDelay({ resolution: 5 });
let peakBytes = 0;
const sampling = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 100);

/** Reads all platforms at once. @returns milliseconds */
async function readAll(ids: readonly Parameters<typeof app.syncs.sync>[0][], kind: 'complete' | 'quick'): Promise<number> {
  const startedAt = performance.now();
  const results = await Promise.all(ids.map((id) => app.syncs.sync(id, kind)));
  const bad = results.find((result) => result.status !== 'ok' || result.kind !== kind);
  if (bad !== undefined) throw new Error(`A sync went wrong: ${JSON.stringify(bad)}`);
  return performance.now() - startedAt;
}

try {
  delay.enable();
  const startedAt = performance.now();
  const added = [];
  // Adding a platform starts its first sync; `readAll` joins those that run.
  for (let number = 0; number < platforms; number += 1) {
    added.push(await app.service.add({ kind: 'manifest', name: `Cloud ${String(number)}`, settings: { number }, secrets: {} }, never));
  }
  const ids = added.map(({ id }) => id);
  await readAll(ids, 'complete');
  const firstMs = performance.now() - startedAt;
  const firstTaskMs = delay.max / 1e6;
  const againMs = await readAll(ids, 'complete');
  const quickMs = await readAll(ids, 'quick');
  delay.disable();
  const counts = await Promise.all([app.vms.counts(), app.images.counts()]);
  const total = counts.map((byPlatform) => [...byPlatform.values()].reduce((sum, count) => sum + count, 0));
  const line = (what: string, value: string, isMet: boolean): void => console.log(`${what.padEnd(44)} ${value.padStart(10)}  ${values.quick ? '' : isMet ? 'met' : 'MISSED'}`);
  console.log(`${String(platforms)} platforms, ${String(total[1])} images, ${String(total[0])} VMs`);
  line('first sync (goal 60 s)', `${(firstMs / 1000).toFixed(1)} s`, firstMs <= goals.ms);
  line('complete sync, nothing changed', `${(againMs / 1000).toFixed(1)} s`, againMs <= goals.ms);
  line('quick pass, nothing changed', `${(quickMs / 1000).toFixed(2)} s`, quickMs <= firstMs / 2);
  line('longest task in main, first sync (goal 50 ms)', `${firstTaskMs.toFixed(0)} ms`, firstTaskMs <= goals.taskMs);
  line('longest task in main, all', `${(delay.max / 1e6).toFixed(0)} ms`, delay.max / 1e6 <= goals.taskMs);
  line('peak memory (goal 400 MB)', `${(peakBytes / 1024 ** 2).toFixed(0)} MB`, peakBytes <= goals.bytes);
} finally {
  clearInterval(sampling);
  await app.dispose();
}
