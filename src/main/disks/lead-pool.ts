/** Lead threads: started when needed, reused, ended after a while without work. Small operations wait for their turn, long jobs do not. */
import { Worker, type MessagePort } from 'node:worker_threads';
import { AppError } from '../../shared/model/app-error.ts';
import { workerEntry } from '../worker-entry.ts';
import type { ByteProgress } from './disk-engine.ts';
import { unpackError } from './error-transfer.ts';
import { withFiles, type FromLead, type LeadRequest, type ToLead } from './lead-protocol.ts';
import type { PortableFile } from './places/place-link.ts';
import { PlaceServer } from './places/place-server.ts';

/** Small operations at once: inspecting a library of a thousand disks must not start a thousand threads. */
const maxSmall = 3;
/** As many as small operations keep busy: with fewer, a long row of them would end and start a thread again and again. */
const maxIdle = maxSmall;
const idleMs = 15_000;

export class LeadPool {
  readonly #all = new Set<Worker>();
  readonly #idle: { worker: Worker; timer: NodeJS.Timeout }[] = [];
  readonly #waiting: (() => void)[] = [];
  #small = 0;
  #isDisposed = false;

  /** Chains, headers, inspections: at most a few at once. */
  async runSmall(request: LeadRequest, signal?: AbortSignal): Promise<unknown> {
    if (this.#small >= maxSmall) await this.#turn(signal);
    this.#small += 1;
    try {
      return await this.run(request, () => undefined, signal);
    } finally {
      this.#small -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Jobs that move bytes: each has a lead thread of its own. How many run at once is the caller's decision. */
  async run(request: LeadRequest, onProgress: (progress: ByteProgress) => void, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#isDisposed) throw new DOMException('The disk engine was disposed.', 'AbortError');
    const worker = this.#take();
    const places = new PlaceServer();
    const abort = (): void => {
      worker.postMessage({ kind: 'abort' } satisfies ToLead);
      places.abort();
    };
    signal?.addEventListener('abort', abort);
    try {
      const ports: MessagePort[] = [];
      const portable = withFiles(request, (file) => {
        const moved = places.portable(file);
        if (moved.place !== null) ports.push(moved.place.port);
        return moved;
      });
      return await converse(worker, portable, ports, onProgress);
    } catch (error) {
      // The caller's own reason says more than that of the thread's signal.
      if (signal?.aborted === true && error instanceof Error && error.name === 'AbortError') signal.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      await places.close();
      this.#give(worker);
    }
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const { timer } of this.#idle) clearTimeout(timer);
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
    this.#all.clear();
  }

  async #turn(signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal?.reason as Error);
      };
      this.#waiting.push(go);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #take(): Worker {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      clearTimeout(idle.timer);
      idle.worker.ref();
      return idle.worker;
    }
    const worker = new Worker(workerEntry('disk'));
    this.#all.add(worker);
    worker.on('exit', () => this.#forget(worker));
    // Also while it is idle: an error without a listener would take the process down.
    worker.on('error', () => this.#forget(worker));
    return worker;
  }

  #give(worker: Worker): void {
    if (!this.#all.has(worker) || this.#isDisposed) return;
    if (this.#idle.length >= maxIdle) {
      this.#end(worker);
      return;
    }
    // An idle thread must not keep the process alive.
    worker.unref();
    const timer = setTimeout(() => this.#end(worker), idleMs);
    timer.unref();
    this.#idle.push({ worker, timer });
  }

  #forget(worker: Worker): void {
    this.#all.delete(worker);
    const index = this.#idle.findIndex((idle) => idle.worker === worker);
    const [gone] = index === -1 ? [] : this.#idle.splice(index, 1);
    if (gone !== undefined) clearTimeout(gone.timer);
  }

  #end(worker: Worker): void {
    this.#forget(worker);
    void worker.terminate();
  }
}

/** One operation. Only its own listeners are taken off again: removing all of a worker's listeners silences it for good. */
async function converse(
  worker: Worker, request: LeadRequest<PortableFile>, ports: MessagePort[], onProgress: (progress: ByteProgress) => void,
): Promise<unknown> {
  let leave = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      const hear = (message: FromLead): void => {
        if (message.kind === 'progress') onProgress(message.report);
        else if (message.kind === 'done') resolve(message.value);
        else reject(unpackError(message.error, AppError));
      };
      const fail = (error: Error): void => reject(new AppError('DISK_ENGINE_STOPPED', {}, { cause: error }));
      const end = (): void => reject(new AppError('DISK_ENGINE_STOPPED'));
      worker.on('message', hear).on('error', fail).on('exit', end);
      leave = () => void worker.off('message', hear).off('error', fail).off('exit', end);
      worker.postMessage({ kind: 'start', request } satisfies ToLead, ports);
    });
  } finally {
    leave();
  }
}
