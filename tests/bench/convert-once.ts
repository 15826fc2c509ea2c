/**
 * One conversion by the built disk engine (`out/main`), in a process of its own; says how long it took. It speaks to the lead thread
 * as the engine does and loads nothing else of the app.
 *
 * With `warm` the threads are started before the clock, by converting an empty disk of some blocks: as in an app that is running.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ConvertJob } from '../../src/main/disks/disk-engine.ts';
import { withFiles, type FromLead, type LeadRequest, type ToLead } from '../../src/main/disks/lead-protocol.ts';

const lead = new Worker(new URL('../../out/main/disk-worker.js', import.meta.url));

function carryOut(request: LeadRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (message: FromLead): void => {
      if (message.kind === 'progress') return;
      lead.off('message', hear).off('error', reject);
      if (message.kind === 'done') resolve();
      else reject(new Error(JSON.stringify(message.error)));
    };
    lead.on('message', hear).on('error', reject);
    lead.postMessage({ kind: 'start', request: withFiles(request, ({ place: _place, ...file }) => ({ ...file, place: null })) } satisfies ToLead);
  });
}

async function warm(job: ConvertJob): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'goldpress-warm-'));
  try {
    writeFileSync(join(folder, 'empty'), '');
    truncateSync(join(folder, 'empty'), 64 * 1024 ** 2);
    await carryOut({ kind: 'convert', job: { ...job, source: { path: join(folder, 'empty'), policy: { roots: [] } }, targetPath: join(folder, 'out') } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const job = JSON.parse(process.argv[2] ?? '{}') as ConvertJob;
if (process.argv[3] === 'warm') await warm(job);
const startedAt = performance.now();
await carryOut({ kind: 'convert', job });
console.log(`seconds=${(performance.now() - startedAt) / 1000}`);
await lead.terminate();
