/**
 * Drives one run: forward step by step, back when it is cancelled or fails before its pivot, to a person when neither is safe.
 * Works from the journal alone, so a run that was found interrupted is driven like a new one.
 */
import type { Logger } from 'pino';
import { viewError } from '../../../shared/model/app-error.ts';
import { say } from '../../../shared/model/message.ts';
import { settleKept } from './artifacts.ts';
import { Compensation, resultOf } from './compensation.ts';
import type { StepPlan } from './definition.ts';
import type { Failpoints } from './failpoints.ts';
import type { Pending, RunRecord } from './journal.ts';
import type { LiveRun } from './live-run.ts';
import { askAfterPivot, askProbeFailed } from './questions.ts';
import { StepRunner, type StepOutcome } from './step-runner.ts';

export interface RunDriverDeps {
  failpoints: Failpoints;
  log: Logger;
  bootId: string;
}

export class RunDriver {
  readonly #bootId: string;
  readonly #steps: StepRunner;
  readonly #compensation: Compensation;

  constructor({ failpoints, log, bootId }: RunDriverDeps) {
    this.#bootId = bootId;
    this.#steps = new StepRunner({ failpoints, log });
    this.#compensation = new Compensation({ failpoints, log, steps: this.#steps });
  }

  /** Returns when the run has ended, waits for a person, or the program ends. Throws `JournalFailure` when the store does. */
  async drive(live: LiveRun): Promise<void> {
    if (live.record.status === 'queued' && !(await this.#forward(live))) return;
    if (isUndoing(live.record) && !live.pauseSignal.aborted) {
      await live.update(() => ({ run: { bootId: this.#bootId }, events: [live.event(say('TASK_EVENT_UNDO_BEGUN'))] }));
      await this.#compensation.undo(live);
    }
  }

  /** @returns true when the run has to be undone now. */
  async #forward(live: LiveRun): Promise<boolean> {
    await live.update((run) => {
      if (run.status !== 'queued') return null;
      const isFirst = run.startedAt === null;
      return {
        run: { status: 'running', bootId: this.#bootId, startedAt: run.startedAt ?? live.now, pending: null },
        events: isFirst ? [live.event(say('TASK_EVENT_STARTED', { user: run.createdBy }))] : [],
      };
    });
    for (const step of live.record.plan.steps) {
      if (live.step(step.key).status === 'done') continue;
      if (isUndoing(live.record)) return true;
      if (live.pauseSignal.aborted) {
        await this.#pause(live);
        return false;
      }
      const outcome = await this.#steps.run(live, step);
      if (outcome.state !== 'done') return this.#leaveForward(live, step, outcome);
    }
    // A cancel that comes when all is done comes too late.
    return this.#succeed(live);
  }

  /** @returns true when the run has to be undone now. */
  async #leaveForward(live: LiveRun, step: StepPlan, outcome: Exclude<StepOutcome, { state: 'done' }>): Promise<boolean> {
    switch (outcome.state) {
      case 'cancelled':
        return true;
      case 'paused':
        await this.#pause(live);
        return false;
      case 'asked':
        return this.#wait(live, step, 'waiting', { kind: 'asked', stepKey: step.key, question: outcome.question, resumesAs: 'queued' });
      case 'unknown':
        return this.#wait(live, step, 'needs-attention', { kind: 'outcome-unknown', stepKey: step.key, question: outcome.question, resumesAs: 'queued' });
      case 'probe-failed':
        return this.#wait(live, step, 'needs-attention', askProbeFailed(step.key, 'queued', live.pivotIndex === -1), outcome.error);
      case 'failed':
        return this.#fail(live, step, outcome.error);
    }
  }

  /** A cancel that was written before the question wins over it. */
  async #wait(live: LiveRun, step: StepPlan, status: 'waiting' | 'needs-attention', pending: Pending, error?: unknown): Promise<boolean> {
    const written = await live.update((run) => {
      if (run.cancelRequestedAt !== null && pending.kind === 'asked') return null;
      return {
        run: { status, pending, ...(error === undefined ? {} : { error: viewError(error, run.id) }) },
        // After the answer the step is run with it, not probed.
        steps: pending.kind === 'probe-failed' ? [] : [{ key: step.key, status: 'pending' }],
        events: [live.event(say('TASK_EVENT_ASKED'), step.key)],
      };
    });
    live.progress.flush();
    return written === null;
  }

  async #fail(live: LiveRun, step: StepPlan, error: unknown): Promise<boolean> {
    const isAfterPivot = live.pivotIndex !== -1;
    await live.update((run) => {
      const view = viewError(error, run.id);
      return {
        run: isAfterPivot
          ? { status: 'needs-attention', error: view, pending: askAfterPivot(step.key) }
          : { status: 'compensating', error: view },
        steps: [{ key: step.key, status: 'failed', error: view, endedAt: live.now }],
        events: [live.event(say('TASK_EVENT_STEP_FAILED'), step.key)],
      };
    });
    live.progress.flush();
    return !isAfterPivot;
  }

  /** The step keeps what is written of it: the next start probes it. A run on its way back simply stays so. */
  async #pause(live: LiveRun): Promise<void> {
    await live.update((run) => (run.status === 'running' ? { run: { status: 'interrupted' }, events: [live.event(say('TASK_EVENT_PAUSED'))] } : null));
    live.progress.dispose();
  }

  /** @returns false: there is nothing to undo. */
  async #succeed(live: LiveRun): Promise<false> {
    await live.update((run) => ({
      run: { status: 'succeeded', endedAt: live.now, pending: null, error: null, result: resultOf(live) },
      artifacts: settleKept(live),
      events: [live.event(say(run.cancelRequestedAt === null ? 'TASK_EVENT_SUCCEEDED' : 'TASK_EVENT_CANCEL_TOO_LATE'))],
      areLocksReleased: true,
    }));
    live.progress.flush();
    return false;
  }
}

const isUndoing = (run: RunRecord): boolean => run.status === 'cancelling' || run.status === 'compensating';
