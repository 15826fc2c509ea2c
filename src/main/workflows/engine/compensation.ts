/**
 * The way back: undoes the steps of a cancelled or failed run in reverse order, down to the pivot and never past it. What can not
 * be removed stays in the ledger as `unknown`, and the run waits for a person.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AppError, viewError } from '../../../shared/model/app-error.ts';
import { say } from '../../../shared/model/message.ts';
import { openAsUnknown, settleKept } from './artifacts.ts';
import type { StepPlan } from './definition.ts';
import type { Failpoints } from './failpoints.ts';
import type { JournalChange, StepChange } from './journal.ts';
import { JournalFailure, type LiveRun } from './live-run.ts';
import { isKept, releaseAll } from './release.ts';
import { askProbeFailed, askUndoFailed } from './questions.ts';
import { stepContext } from './step-context.ts';
import type { StepRunner } from './step-runner.ts';

export interface CompensationDeps {
  failpoints: Failpoints;
  log: Logger;
  /** Asks whether a pivot that was interrupted has happened. */
  steps: StepRunner;
}

export class Compensation {
  readonly #deps: CompensationDeps;

  constructor(deps: CompensationDeps) {
    this.#deps = deps;
  }

  /** Undoes a run in `cancelling` or `compensating`. Returns when it has ended, waits for a person, or the program ends. */
  async undo(live: LiveRun): Promise<void> {
    if (!(await this.#settlePivot(live))) return;
    const { steps } = live.record.plan;
    // Ended by a person's choice: what the steps after the pivot made stays.
    for (let index = steps.length - 1; index > live.pivotIndex && !isKept(live); index -= 1) {
      const step = steps[index];
      if (step === undefined || !hasToBeUndone(live, step.key)) continue;
      if (live.pauseSignal.aborted) return;
      if (!(await this.#undoStep(live, step))) return;
    }
    if (!(await releaseAll(live, this.#deps))) return;
    await live.update(() => (isKept(live) ? endOfKept(live) : endOfUndo(live)));
    live.progress.flush();
  }

  /** A cancel may have met the pivot half-way. @returns false when the run waits or the program ends. */
  async #settlePivot(live: LiveRun): Promise<boolean> {
    const pivot = live.record.plan.steps.find((step) => step.isPivot && live.step(step.key).status === 'running');
    if (pivot === undefined) return true;
    const settled = await this.#deps.steps.settle(live, pivot);
    if (settled === null || settled.state === 'done') return true;
    if (settled.state === 'unknown') {
      await live.update(() => ({
        run: { status: 'needs-attention', pending: { kind: 'outcome-unknown', stepKey: pivot.key, question: settled.question, resumesAs: 'queued' } },
      }));
    } else if (settled.state === 'probe-failed') {
      const error = viewError(settled.error, live.record.id);
      await live.update((run) => ({ run: { status: 'needs-attention', pending: askProbeFailed(pivot.key, undoStatus(run.status), false), error } }));
    }
    return false;
  }

  async #undoStep(live: LiveRun, step: StepPlan): Promise<boolean> {
    try {
      await this.#compensate(live, step);
    } catch (error) {
      if (error instanceof JournalFailure) throw error;
      if (live.pauseSignal.aborted) return false;
      this.#deps.log.warn({ runId: live.record.id, step: step.key, action: step.action, err: error }, 'undoing a step failed');
      await live.update((run) => ({
        run: { status: 'needs-attention', pending: askUndoFailed(step.key, undoStatus(run.status)) },
        steps: [{ key: step.key, error: viewError(error, run.id) }],
        artifacts: openAsUnknown(live, (item) => item.stepKey === step.key),
        events: [live.event(say('TASK_EVENT_UNDO_FAILED'), step.key)],
      }));
      return false;
    }
    await live.update(() => ({
      steps: [{ key: step.key, status: 'compensated', endedAt: live.now }],
      artifacts: openAsUnknown(live, (item) => item.stepKey === step.key),
    }));
    return true;
  }

  async #compensate(live: LiveRun, step: StepPlan): Promise<void> {
    const { failpoints } = this.#deps;
    const action = live.action(step);
    const { intent, output } = live.step(step.key);
    if (action.compensate === undefined || intent === null) return;
    const tries = Math.max(1, action.retry?.maxAttempts ?? 1);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await failpoints.hit(`in-compensate:${step.key}`);
        await action.compensate(stepContext(live, step, live.pauseSignal, null), intent, output);
        await failpoints.hit(`after-compensate:${step.key}`);
        return;
      } catch (error) {
        const isRetried = error instanceof AppError && error.isRetryable && attempt < tries && !live.pauseSignal.aborted;
        if (!isRetried) throw error;
        await sleep((action.retry?.backoffMs ?? 0) * 2 ** (attempt - 1), undefined, { signal: live.pauseSignal });
      }
    }
  }
}

/** Begun, and neither undone nor left behind as decided (`skipped`). */
function hasToBeUndone(live: LiveRun, key: string): boolean {
  const { intent, status } = live.step(key);
  return intent !== null && status !== 'compensated' && status !== 'skipped';
}

const undoStatus = (status: string): 'cancelling' | 'compensating' => (status === 'compensating' ? 'compensating' : 'cancelling');

/** The steps that will not be done any more. */
export function skipRest(live: LiveRun): StepChange[] {
  return live.steps.filter((step) => step.status === 'pending').map(({ key }) => ({ key, status: 'skipped' }));
}

/** What a run that passed its pivot has made, to open it from the task. */
export function resultOf(live: LiveRun): ReturnType<NonNullable<NonNullable<LiveRun['definition']>['result']>> {
  const hasPivot = live.record.plan.steps.some((step) => step.isPivot);
  if (hasPivot && live.pivotIndex === -1) return null;
  return live.definition?.result?.(live.outputs) ?? null;
}

function endOfUndo(live: LiveRun): JournalChange {
  const { pivotIndex } = live;
  const isBehindPivot = (stepKey: string): boolean => live.record.plan.steps.findIndex((step) => step.key === stepKey) <= pivotIndex;
  return {
    run: {
      status: live.record.status === 'compensating' ? 'failed' : 'cancelled',
      endedAt: live.now,
      pending: null,
      result: pivotIndex === -1 ? null : resultOf(live),
    },
    steps: skipRest(live),
    artifacts: [
      ...settleKept(live, (item) => isBehindPivot(item.stepKey)),
      ...openAsUnknown(live, (item) => !isBehindPivot(item.stepKey)),
    ],
    events: [live.event(say(pivotIndex === -1 ? 'TASK_EVENT_UNDONE' : 'TASK_EVENT_CANCEL_AFTER_PIVOT'))],
    areLocksReleased: true,
  };
}

/** Nothing more is done, forward or back; everything made stays and is listed. */
export function endOfKept(live: LiveRun): JournalChange {
  const result = resultOf(live);
  return {
    run: { status: live.record.error === null ? 'cancelled' : 'failed', endedAt: live.now, pending: null, result },
    steps: [
      ...skipRest(live),
      ...live.steps.filter((step) => step.status === 'running').map(({ key }) => ({ key, status: 'failed' as const, endedAt: live.now })),
    ],
    artifacts: settleKept(live),
    events: [live.event(result === null ? say('TASK_EVENT_KEPT') : say('TASK_EVENT_KEPT_RESULT', { name: result.name }))],
    areLocksReleased: true,
  };
}
