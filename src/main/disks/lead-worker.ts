/**
 * The program of a lead thread: carries out one operation at a time for the engine and keeps its event loop free for the abort; it
 * starts *mover* threads of its own for the bytes. What only some operations need is loaded when the first of them comes.
 */
import { parentPort } from 'node:worker_threads';
import { convert } from './convert.ts';
import { Crew } from './crew.ts';
import type { DiskFile } from './disk-engine.ts';
import { packError } from './error-transfer.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Job } from './job.ts';
import { withFiles, type FromLead, type LeadRequest, type ToLead } from './lead-protocol.ts';
import { openDisk, type OpenDisk } from './open-disk.ts';
import { attach, detach } from './places/port-place.ts';
import { firstDifference, identify } from './read-back.ts';

async function withDisk<T>(file: DiskFile, signal: AbortSignal, use: (disk: OpenDisk) => Promise<T>): Promise<T> {
  const disk = await openDisk(file, signal);
  try {
    return await use(disk);
  } finally {
    await disk.reader.close();
  }
}

async function carryOut(request: LeadRequest, job: Job): Promise<unknown> {
  const { signal } = job;
  switch (request.kind) {
    case 'chain':
      return withDisk(request.file, signal, (disk) => Promise.resolve(disk.layers));
    case 'members': {
      const { archivedDisks } = await import('./ova/archived-disks.ts');
      return archivedDisks(request.file, signal);
    }
    case 'inspect':
      return withDisk(request.file, signal, async (disk) => {
        const { inspectFile } = await import('./inspect/inspect-file.ts');
        return inspectFile(disk, signal);
      });
    case 'map': {
      const { mapDisk } = await import('./map.ts');
      return withDisk(request.file, signal, (disk) => mapDisk(disk.reader, request.partCount, signal));
    }
    case 'fingerprint':
      return withDisk(request.file, signal, (disk) => fingerprintOf(disk.sources));
    case 'check': {
      const { checkStructure } = await import('./check-structure.ts');
      return checkStructure(request.path, signal);
    }
    case 'overlay': {
      const { createOverlay } = await import('./overlay.ts');
      return createOverlay(request, signal);
    }
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
    const files: DiskFile[] = [];
    const request = withFiles(message.request, (portable) => {
      const file = attach(portable);
      files.push(file);
      return file;
    });
    carryOut(request, job)
      .finally(() => files.forEach(detach))
      .then(
        (value) => tell({ kind: 'done', value }),
        (error: unknown) => tell({ kind: 'failed', error: packError(error) }),
      );
  });
}

if (parentPort !== null) lead(parentPort);
