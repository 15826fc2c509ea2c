/**
 * The program of every disk thread. A *lead* thread carries out one operation at a time for the engine and keeps its event loop free
 * for the abort; it starts *mover* threads of its own for the bytes.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { checkStructure } from './check-structure.ts';
import { convert, fingerprintOf } from './convert.ts';
import { answerTasks, Crew } from './crew.ts';
import type { DiskFile } from './disk-engine.ts';
import { packError } from './error-transfer.ts';
import { inspectDisk } from './inspect/inspect-disk.ts';
import type { Job } from './job.ts';
import type { FromLead, LeadRequest, ToLead } from './lead-protocol.ts';
import { mapDisk } from './map.ts';
import { runMover } from './mover.ts';
import { openDisk, type OpenDisk } from './open-disk.ts';
import { createOverlay } from './overlay.ts';
import { firstDifference, identify } from './read-back.ts';

async function withDisk<T>(file: DiskFile, signal: AbortSignal, use: (disk: OpenDisk) => Promise<T>): Promise<T> {
  const disk = await openDisk(file, signal);
  try {
    return await use(disk);
  } finally {
    await disk.reader.close();
  }
}

function carryOut(request: LeadRequest, job: Job): Promise<unknown> {
  const { signal } = job;
  switch (request.kind) {
    case 'chain':
      return withDisk(request.file, signal, (disk) => Promise.resolve(disk.layers));
    case 'inspect':
      return withDisk(request.file, signal, async (disk) => {
        const inspection = await inspectDisk(disk.reader, disk.layers, signal);
        return { ...inspection, internalSnapshots: disk.snapshots.map(({ id, name }) => ({ id, name })) };
      });
    case 'map':
      return withDisk(request.file, signal, (disk) => mapDisk(disk.reader, request.partCount, signal));
    case 'fingerprint':
      return withDisk(request.file, signal, (disk) => fingerprintOf(disk.sources));
    case 'check':
      return checkStructure(request.path, signal);
    case 'overlay':
      return createOverlay(request, signal);
    case 'convert':
      return convert(request.job, job);
    case 'identify':
      return identify(request.file, request.level, job);
    case 'difference':
      return firstDifference(request.first, request.second, job);
  }
}

function lead(port: NonNullable<typeof parentPort>): void {
  const crew = new Crew();
  let abort = new AbortController();
  const tell = (message: FromLead): void => port.postMessage(message);
  port.on('message', (message: ToLead) => {
    if (message.kind === 'abort') {
      abort.abort();
      return;
    }
    abort = new AbortController();
    const job: Job = { crew, signal: abort.signal, progress: (report) => tell({ kind: 'progress', report }) };
    carryOut(message.request, job).then(
      (value) => tell({ kind: 'done', value }),
      (error: unknown) => tell({ kind: 'failed', error: packError(error) }),
    );
  });
}

if (parentPort !== null) {
  if ((workerData as { role?: unknown } | null)?.role === 'mover') answerTasks(parentPort, runMover);
  else lead(parentPort);
}
