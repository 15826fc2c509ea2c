/**
 * How far a run is. Owns the arithmetic (rate, time left, share of the whole) and the throttle: at most four events a second,
 * one write in two seconds; what ends a step is told at once.
 */
import type { Clock } from '../../clock.ts';
import type { Message } from '../../../shared/model/message.ts';
import type { Progress } from '../../../shared/model/task.ts';

const emitEveryMs = 250;
const persistEveryMs = 2000;
/** Time constant of the rate's moving average. */
const rateWindowMs = 8000;
/** Two reports closer than this are one sample: a rate over a few milliseconds is noise. */
const sampleMs = 200;
/** A time left computed from the first moments is wrong more often than not. */
const remainingHiddenMs = 5000;

/** Exponentially weighted rate of one step's bytes. */
export class RateMeter {
  readonly #clock: Clock;
  #startedAt: number | null = null;
  #sampleAt = 0;
  #sampleBytes = 0;
  /** Weighted rates and the weights so far; their quotient is the mean. A slow beginning then counts for as long as it lasted, no longer. */
  #weighted = 0;
  #weights = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first report is where counting starts: a transfer that was resumed does not count what was there. */
  report(doneBytes: number): void {
    const now = this.#clock.now();
    if (this.#startedAt === null || doneBytes < this.#sampleBytes) {
      this.#startedAt = now;
      this.#sampleAt = now;
      this.#sampleBytes = doneBytes;
      this.#weighted = 0;
      this.#weights = 0;
      return;
    }
    const elapsed = now - this.#sampleAt;
    if (elapsed < sampleMs) return;
    const rate = ((doneBytes - this.#sampleBytes) / elapsed) * 1000;
    const weight = 1 - Math.exp(-elapsed / rateWindowMs);
    this.#weighted += weight * (rate - this.#weighted);
    this.#weights += weight * (1 - this.#weights);
    this.#sampleAt = now;
    this.#sampleBytes = doneBytes;
  }

  get bytesPerSecond(): number | null {
    return this.#weights === 0 ? null : Math.round(this.#weighted / this.#weights);
  }

  /** Null in the first five seconds, and while nothing moves. */
  remainingSeconds(doneBytes: number, totalBytes: number): number | null {
    if (this.#startedAt === null || this.#clock.now() - this.#startedAt < remainingHiddenMs) return null;
    const rate = this.bytesPerSecond;
    if (rate === null || rate < 1) return null;
    return Math.ceil(Math.max(0, totalBytes - doneBytes) / rate);
  }
}

export interface ProgressReport {
  phase: Message;
  doneBytes?: number;
  totalBytes?: number;
}

export interface ProgressOutlets {
  clock: Clock;
  /** For clients. */
  emit(progress: Progress): void;
  /** For the database; not awaited by the step. */
  persist(progress: Progress): void;
}

/** The share of the whole that ended steps make up. */
export function fractionOf(steps: readonly { key: string; weight: number }[], ended: ReadonlySet<string>): number {
  let total = 0;
  let done = 0;
  for (const step of steps) {
    total += step.weight;
    if (ended.has(step.key)) done += step.weight;
  }
  return total === 0 ? 0 : Math.min(1, done / total);
}

export class RunProgress {
  readonly #steps: readonly { key: string; weight: number }[];
  readonly #outlets: ProgressOutlets;
  #meter: RateMeter;
  #latest: Progress | null;
  #emittedAt = Number.NEGATIVE_INFINITY;
  #persistedAt = Number.NEGATIVE_INFINITY;
  #emitTimer: NodeJS.Timeout | null = null;
  #persistTimer: NodeJS.Timeout | null = null;

  constructor(steps: readonly { key: string; weight: number }[], initial: Progress | null, outlets: ProgressOutlets) {
    this.#steps = steps;
    this.#latest = initial;
    this.#outlets = outlets;
    this.#meter = new RateMeter(outlets.clock);
  }

  get latest(): Progress | null {
    return this.#latest;
  }

  /** A step begins or has ended: its bytes are counted afresh, and what is answered is stored with the step. */
  turn(title: Message, ended: ReadonlySet<string>): Progress {
    this.#meter = new RateMeter(this.#outlets.clock);
    this.#latest = { phase: title, doneBytes: null, totalBytes: null, bytesPerSecond: null, remainingSeconds: null, fraction: fractionOf(this.#steps, ended) };
    this.#persistedAt = this.#outlets.clock.now();
    this.#schedule();
    return this.#latest;
  }

  report(stepKey: string, report: ProgressReport, ended: ReadonlySet<string>): void {
    const doneBytes = report.doneBytes ?? null;
    const totalBytes = report.totalBytes ?? null;
    if (doneBytes !== null) this.#meter.report(doneBytes);
    const base = fractionOf(this.#steps, ended);
    const share = fractionOf(this.#steps, new Set([stepKey]));
    const part = doneBytes !== null && totalBytes !== null && totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 0;
    this.#latest = {
      phase: report.phase,
      doneBytes,
      totalBytes,
      bytesPerSecond: this.#meter.bytesPerSecond,
      remainingSeconds: doneBytes !== null && totalBytes !== null ? this.#meter.remainingSeconds(doneBytes, totalBytes) : null,
      fraction: Math.min(1, base + share * part),
    };
    this.#schedule();
  }

  /** Tells the latest value now; what is stored is the caller's transaction. */
  flush(): void {
    this.dispose();
    if (this.#latest === null) return;
    this.#emittedAt = this.#outlets.clock.now();
    this.#outlets.emit(this.#latest);
  }

  dispose(): void {
    if (this.#emitTimer !== null) clearTimeout(this.#emitTimer);
    if (this.#persistTimer !== null) clearTimeout(this.#persistTimer);
    this.#emitTimer = null;
    this.#persistTimer = null;
  }

  #schedule(): void {
    this.#emitTimer ??= this.#after(this.#emittedAt + emitEveryMs, () => {
      this.#emitTimer = null;
      this.#emittedAt = this.#outlets.clock.now();
      if (this.#latest !== null) this.#outlets.emit(this.#latest);
    });
    this.#persistTimer ??= this.#after(this.#persistedAt + persistEveryMs, () => {
      this.#persistTimer = null;
      this.#persistedAt = this.#outlets.clock.now();
      if (this.#latest !== null) this.#outlets.persist(this.#latest);
    });
  }

  /** Does it now when its time has come (null), else then. The last value wins either way. */
  #after(due: number, act: () => void): NodeJS.Timeout | null {
    const wait = due - this.#outlets.clock.now();
    if (wait <= 0) {
      act();
      return null;
    }
    return setTimeout(act, wait).unref();
  }
}
