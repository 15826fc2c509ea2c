/** What a step gets to see and to call while it runs, is probed or is undone. */
import type { Question } from '../../../shared/model/task.ts';
import type { StepContext, StepPlan } from './definition.ts';
import { StepLedger } from './artifacts.ts';
import { failpointInside, type Failpoints } from './failpoints.ts';
import type { LiveRun } from './live-run.ts';

/** Thrown by `ctx.ask` to leave the step; the engine turns it into a waiting run. */
export class Asked extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super('The step asks a question.');
    this.name = 'Asked';
    this.question = question;
  }
}

/** Never aborts: for steps that finish whatever happens. */
const noSignal = new AbortController().signal;

/** The signal of a step going forward: cancel and pause reach only the steps that said they end soon. */
export function forwardSignal(live: LiveRun, step: StepPlan): AbortSignal {
  return live.action(step).cancel === 'signal' ? AbortSignal.any([live.cancelSignal, live.pauseSignal]) : noSignal;
}

export function stepContext(live: LiveRun, step: StepPlan, signal: AbortSignal, failpoints: Failpoints | null): StepContext {
  const run = live.record;
  return {
    runId: run.id,
    stepKey: step.key,
    key: `${run.id}/${step.key}`,
    args: step.args,
    outputs: live.outputs,
    createdBy: run.createdBy,
    signal,
    artifacts: new StepLedger(live, step.key),
    progress: (report) => live.progress.report(step.key, report, live.endedSteps),
    note: (message) => live.note(message, step.key),
    ask: (question) => Promise.reject(new Asked(question)),
    answer: run.answers[step.key] ?? null,
    failpoint: async (name) => {
      if (failpoints === null) return;
      if (failpoints.isActive && live.action(step).failpoints?.includes(name) !== true) {
        throw new Error(`The step “${step.key}” does not declare the failpoint “${name}”.`);
      }
      await failpoints.hit(failpointInside(step.key, name));
    },
  };
}
