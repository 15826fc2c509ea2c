/** The moving threads of one job: one a processor, kept while the lead thread lives, all stopped when one of them fails. */
import { availableParallelism } from 'node:os';
import { Worker, type MessagePort } from 'node:worker_threads';
import { CodedError } from '../../shared/model/coded-error.ts';
import { workerEntry } from '../worker-entry.ts';
import { unpackError, type PackedError } from './error-transfer.ts';
import { withTaskFiles, type MoverTask } from './mover-task.ts';
import type { PortableFile } from './places/place-link.ts';
import { forkFile } from './places/port-place.ts';
import { counter, type SharedState } from './shared-state.ts';

/** More threads than this only compete for the drive. */
const maxMovers = 8;
/** Small, so that it is cleared often: what a codec call returns lies outside the heap, and waits there for the clearing. */
const maxYoungGenerationSizeMb = 1;

export type MoverReply = { ok: true; answer: number | null } | { ok: false; error: PackedError };

export class Crew {
  readonly #idle: Worker[] = [];

  /** Runs the task in every thread and gives their answers. The first error stops the others and is thrown once all have stopped. */
  async run(task: MoverTask, blocks: number): Promise<(number | null)[]> {
    const count = Math.max(1, Math.min(crewSize(), blocks));
    const ended = await Promise.allSettled(Array.from({ length: count }, () => this.#runOne(task)));
    const failed = ended.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return ended.map((end) => (end.status === 'fulfilled' ? end.value : null));
  }

  /** Starts the threads while the lead thread still looks at the metadata. */
  warm(): void {
    while (this.#idle.length < crewSize()) this.#idle.push(startMover());
  }

  async #runOne(task: MoverTask): Promise<number | null> {
    const worker = this.#idle.pop() ?? startMover();
    try {
      const ports: MessagePort[] = [];
      const portable = withTaskFiles(task, (file) => {
        const forked = forkFile(file);
        if (forked.place !== null) ports.push(forked.place.port);
        return forked;
      });
      const reply = await exchange(worker, portable, ports);
      if (!reply.ok) throw unpackError(reply.error, CodedError);
      this.#idle.push(worker);
      return reply.answer;
    } catch (error) {
      stopAll(task.state);
      // An error may have left the thread in any state; a new one is started when needed.
      await worker.terminate();
      throw error;
    }
  }
}

function crewSize(): number {
  return Math.min(availableParallelism(), maxMovers);
}

function startMover(): Worker {
  return new Worker(workerEntry('mover'), { resourceLimits: { maxYoungGenerationSizeMb } });
}

/** One task, one reply. Only its own listeners are taken off again: removing all of a worker's listeners silences it for good. */
async function exchange(worker: Worker, task: MoverTask<PortableFile>, ports: MessagePort[]): Promise<MoverReply> {
  let leave = (): void => undefined;
  try {
    return await new Promise<MoverReply>((resolve, reject) => {
      const fail = (error: Error): void => reject(error);
      const end = (code: number): void => reject(new Error(`a disk thread ended with status ${code}`));
      worker.on('message', resolve).on('error', fail).on('exit', end);
      leave = () => void worker.off('message', resolve).off('error', fail).off('exit', end);
      worker.postMessage(task, ports);
    });
  } finally {
    leave();
  }
}

function stopAll(state: SharedState): void {
  Atomics.store(state.control, counter.stop, 1);
}
