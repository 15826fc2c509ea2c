/** What the lead thread of a job shares with its steps: the crew, abort, progress. */
import type { ByteProgress } from './disk-engine.ts';
import { blockBytes } from './blocks.ts';
import type { Crew } from './crew.ts';
import { counter, type SharedState } from './shared-state.ts';

/** How often progress is told. */
export const progressEveryMs = 200;

export interface Job {
  crew: Crew;
  signal: AbortSignal;
  progress(report: ByteProgress): void;
}

/** Tells progress while `work` runs, and sets the stop flag when the job is aborted. `tick` runs as often as progress is told. */
export async function watched<T>(job: Job, state: SharedState, totalBlocks: number, work: () => Promise<T>, tick: () => void = () => undefined): Promise<T> {
  const stop = (): void => {
    Atomics.store(state.control, counter.stop, 1);
  };
  const report = (): void => {
    const done = Math.min(Atomics.load(state.control, counter.doneBlocks), totalBlocks);
    job.progress({ doneBytes: done * blockBytes, totalBytes: totalBlocks * blockBytes });
    tick();
  };
  job.signal.throwIfAborted();
  job.signal.addEventListener('abort', stop);
  report();
  const timer = setInterval(report, progressEveryMs);
  try {
    const result = await work();
    job.signal.throwIfAborted();
    report();
    return result;
  } finally {
    clearInterval(timer);
    job.signal.removeEventListener('abort', stop);
  }
}
