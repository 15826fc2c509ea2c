/**
 * Waiting for a cloud to end what it was asked. It ends in three ways: it is so, it has failed, or nothing has moved for so long that a
 * person has to know.
 */
import type { AppError } from '../../../shared/model/app-error.ts';
import type { Clock } from '../../clock.ts';

export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** What one look saw: the result, or a text that changes whenever something has moved. */
export type Look<T> = { done: T } | { progress: string };

export interface WaiterOptions {
  clock: Clock;
  sleep: Sleep;
  /** For an image without any progress. */
  imageLimitMs: number;
}

const firstPauseMs = 1_000;
const longestPauseMs = 10_000;
/** For a server to start, stop or go. */
export const serverLimitMs = 600_000;

export class Waiter {
  readonly imageLimitMs: number;
  readonly #clock: Clock;
  readonly #sleep: Sleep;

  constructor({ clock, sleep, imageLimitMs }: WaiterOptions) {
    this.#clock = clock;
    this.#sleep = sleep;
    this.imageLimitMs = imageLimitMs;
  }

  /**
   * @param look throws where it has failed
   * @param stuck what to say when the progress has been the same for `limitMs`
   */
  async until<T>(look: () => Promise<Look<T>>, limitMs: number, stuck: (progress: string) => AppError, signal: AbortSignal): Promise<T> {
    let last: string | null = null;
    let movedAt = this.#clock.now();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
      signal.throwIfAborted();
      const seen = await look();
      if ('done' in seen) return seen.done;
      const now = this.#clock.now();
      if (seen.progress !== last) {
        last = seen.progress;
        movedAt = now;
      } else if (now - movedAt >= limitMs) throw stuck(seen.progress);
      await this.#sleep(pauseMs, signal);
    }
  }
}
