/**
 * The end of a run that passed its pivot and goes no further: what steps made for the run's own use only is given back. What cannot be
 * given back stays in the ledger as `unknown`, listed as left behind; it does not hold up the end.
 */
import type { Logger } from 'pino';
import { say } from '../../../shared/model/message.ts';
import { openAsUnknown } from './artifacts.ts';
import type { StepPlan } from './definition.ts';
import type { Failpoints } from './failpoints.ts';
import { JournalFailure, type LiveRun } from './live-run.ts';
import { stepContext } from './step-context.ts';

/** Kept with the answers of the run: a person chose to end it here. The word is no step's key. */
export const endKey = '@end';

export const isKept = (live: LiveRun): boolean => live.record.answers[endKey] === 'keep';

/** Steps up to the pivot whose things have to be given back. */
export function releasable(live: LiveRun): StepPlan[] {
  if (live.definition === null) return [];
  return live.record.plan.steps.filter((step, index) =>
    index <= live.pivotIndex && live.action(step).release !== undefined && live.step(step.key).intent !== null);
}

/** @returns false when the program ends meanwhile: the next start goes on here. */
export async function releaseAll(live: LiveRun, deps: { failpoints: Failpoints; log: Logger }): Promise<boolean> {
  for (const step of releasable(live).reverse()) {
    const { intent, output } = live.step(step.key);
    try {
      await deps.failpoints.hit(`in-release:${step.key}`);
      await live.action(step).release?.(stepContext(live, step, live.pauseSignal, null), intent ?? {}, output);
    } catch (error) {
      if (error instanceof JournalFailure) throw error;
      if (live.pauseSignal.aborted) return false;
      deps.log.warn({ runId: live.record.id, step: step.key, action: step.action, err: error }, 'giving back failed');
      await live.update(() => ({
        artifacts: openAsUnknown(live, (item) => item.stepKey === step.key),
        events: [live.event(say('TASK_EVENT_UNDO_FAILED'), step.key)],
      }));
    }
  }
  return true;
}
