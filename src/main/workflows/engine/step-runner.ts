/**
 * Takes one step forward. Owns the order of the three moments: the intent is written, the step acts, the output is written; and
 * what is asked in between: is the run cancelled, has the step happened already, may it be tried again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AppError, viewError } from '../../../shared/model/app-error.ts';
import { say } from '../../../shared/model/message.ts';
import type { Question } from '../../../shared/model/task.ts';
import type { JsonObject, ProbeAnswer, StepAction, StepContext, StepPlan } from './definition.ts';
import type { Failpoints } from './failpoints.ts';
import { JournalFailure, type LiveRun } from './live-run.ts';
import { Asked, forwardSignal, stepContext } from './step-context.ts';

const maxBackoffMs = 5 * 60_000;

export type StepOutcome =
  | { state: 'done' }
  /** The run is to be undone; the step has stopped, or never began. */
  | { state: 'cancelled' }
  /** The program ends; the step is left as it is, for the next start. */
  | { state: 'paused' }
  | { state: 'asked'; question: Question }
  | { state: 'unknown'; question: Question }
  /** Whether it happened could not be asked. */
  | { state: 'probe-failed'; error: unknown }
  | { state: 'failed'; error: unknown };

/** What a probe threw: the step's outcome is not known, which is not the same as failed. */
class ProbeFailure extends Error {
  constructor(cause: unknown) {
    super('The probe of a step failed.', { cause });
    this.name = 'ProbeFailure';
  }
}

export interface StepRunnerDeps {
  failpoints: Failpoints;
  log: Logger;
}

export class StepRunner {
  readonly #deps: StepRunnerDeps;

  constructor(deps: StepRunnerDeps) {
    this.#deps = deps;
  }

  async run(live: LiveRun, step: StepPlan): Promise<StepOutcome> {
    const action = live.action(step);
    const tries = Math.max(1, action.retry?.maxAttempts ?? 1);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(live, step, action);
      } catch (error) {
        if (error instanceof JournalFailure) throw error;
        if (error instanceof Asked) return { state: 'asked', question: error.question };
        const outcome = await this.#afterError(live, step, error, attempt < tries);
        if (outcome !== null) return outcome;
        const isGoingOn = await this.#backOff(live, step, action, error, attempt);
        if (isGoingOn !== null) return isGoingOn;
      }
    }
  }

  /** One attempt; throws what the step throws. */
  async #attempt(live: LiveRun, step: StepPlan, action: StepAction): Promise<StepOutcome> {
    const { failpoints } = this.#deps;
    await failpoints.hit(`before:${step.key}`);
    const before = live.step(step.key);
    // `pending` with an intent is a step that asked and was answered: it is run, not probed.
    const mayHaveHappened = before.intent !== null && before.status !== 'pending';
    const ctx = stepContext(live, step, forwardSignal(live, step), failpoints);
    const intent = before.intent ?? (await action.intent?.(ctx)) ?? {};

    const begun = await live.update((run) => {
      if (run.cancelRequestedAt !== null) return null;
      const { attempt, startedAt } = live.step(step.key);
      const progress = live.progress.turn(step.title, live.endedSteps);
      return { run: { progress }, steps: [{ key: step.key, status: 'running', attempt: attempt + 1, intent, error: null, startedAt: startedAt ?? live.now, endedAt: null }] };
    });
    if (begun === null) return { state: 'cancelled' };
    await failpoints.hit(`after-intent:${step.key}`);

    const found = mayHaveHappened && action.probe !== undefined ? await probe(action.probe.bind(action), ctx, intent) : null;
    if (found?.state === 'unknown') return { state: 'unknown', question: found.question };
    if (found?.state === 'done') await this.record(live, step, found.output, true);
    else {
      // A cancel that came with the intent just written: the step has not acted yet.
      if (ctx.signal.aborted) return this.#stopped(live);
      const output = await action.run(ctx, intent);
      await failpoints.hit(`after-run:${step.key}`);
      await this.record(live, step, output, false);
    }
    return { state: 'done' };
  }

  /** The third moment: the step has happened. */
  async record(live: LiveRun, step: StepPlan, output: JsonObject, wasFound: boolean): Promise<void> {
    await live.update(() => ({
      run: { progress: live.progress.turn(step.title, new Set([...live.endedSteps, step.key])) },
      steps: [{ key: step.key, status: 'done', output, error: null, endedAt: live.now }],
      events: wasFound ? [live.event(say('TASK_EVENT_FOUND_DONE'), step.key)] : [],
    }));
    live.progress.flush();
  }

  /**
   * Asks whether a step that stopped half-way has happened after all, and records it when it has.
   * @returns null when it has not, or there is no way to ask: then it may be undone.
   */
  async settle(live: LiveRun, step: StepPlan): Promise<StepOutcome | null> {
    const action = live.action(step);
    const { intent } = live.step(step.key);
    if (action.probe === undefined || intent === null) return null;
    try {
      const found = await probe(action.probe.bind(action), stepContext(live, step, live.pauseSignal, null), intent);
      if (found.state === 'unknown') return { state: 'unknown', question: found.question };
      if (found.state !== 'done') return null;
      await this.record(live, step, found.output, true);
      return { state: 'done' };
    } catch (error) {
      if (live.pauseSignal.aborted) return { state: 'paused' };
      if (error instanceof ProbeFailure) return { state: 'probe-failed', error: error.cause };
      throw error;
    }
  }

  /** @returns null when the step may be tried again. */
  async #afterError(live: LiveRun, step: StepPlan, error: unknown, hasTriesLeft: boolean): Promise<StepOutcome | null> {
    const { log } = this.#deps;
    if (live.pauseSignal.aborted) {
      log.info({ runId: live.record.id, step: step.key, err: error }, 'step paused');
      return { state: 'paused' };
    }
    const reason = error instanceof ProbeFailure ? error.cause : error;
    const isCancelled = live.record.cancelRequestedAt !== null;
    if (!isCancelled && hasTriesLeft && reason instanceof AppError && reason.isRetryable) return null;
    if (error instanceof ProbeFailure) return { state: 'probe-failed', error: reason };
    // A registration may have gone through before its answer was lost: then the way is forward.
    const settled = step.isPivot ? await this.settle(live, step) : null;
    if (settled !== null) return settled;
    if (isCancelled) return { state: 'cancelled' };
    log.warn({ runId: live.record.id, step: step.key, action: step.action, err: reason }, 'step failed');
    return { state: 'failed', error: reason };
  }

  /** Waits before the next attempt; a cancel or the program's end stops the waiting. */
  async #backOff(live: LiveRun, step: StepPlan, action: StepAction, error: unknown, attempt: number): Promise<StepOutcome | null> {
    const reason = error instanceof ProbeFailure ? error.cause : error;
    const waitMs = Math.min(maxBackoffMs, (action.retry?.backoffMs ?? 0) * 2 ** (attempt - 1));
    await live.update(() => ({
      steps: [{ key: step.key, error: viewError(reason, live.record.id) }],
      events: [live.event(say('TASK_EVENT_RETRY', { attempt, waitSeconds: waitMs / 1000 }), step.key)],
    }));
    const signal = action.cancel === 'never' ? live.pauseSignal : AbortSignal.any([live.cancelSignal, live.pauseSignal]);
    try {
      await sleep(waitMs, undefined, { signal });
      return null;
    } catch (stop) {
      if (!signal.aborted) throw stop;
      return this.#stopped(live);
    }
  }

  #stopped(live: LiveRun): StepOutcome {
    return live.pauseSignal.aborted ? { state: 'paused' } : { state: 'cancelled' };
  }
}

async function probe(
  ask: (ctx: StepContext, intent: JsonObject) => Promise<ProbeAnswer>,
  ctx: StepContext,
  intent: JsonObject,
): Promise<ProbeAnswer> {
  try {
    return await ask(ctx, intent);
  } catch (error) {
    throw new ProbeFailure(error);
  }
}
