/** Whether a run can be stopped or gone on with, and why not. Cancelling is a request: the run ends once what it made is undone. */
import { AppError } from '../../../shared/model/app-error.ts';
import { available, unavailable, type Availability } from '../../../shared/model/capability.ts';
import { say } from '../../../shared/model/message.ts';
import { endedStatuses } from '../../../shared/model/task.ts';
import type { PendingKind, RunRecord } from './journal.ts';
import type { LiveRun } from './live-run.ts';

/** Kinds of waiting that can still be answered by going back. */
const undoableKinds: readonly PendingKind[] = ['asked', 'resume', 'outcome-unknown', 'probe-failed', 'too-many-resumes'];

/** Whether the run may be asked to stop now. */
export function cancelAvailability(live: LiveRun): Availability {
  const run = live.record;
  if (live.hasEnded) return unavailable(say('TASK_ENDED'));
  if (run.status === 'cancelling') return unavailable(say('TASK_STOPPING'));
  if (run.status === 'compensating') return unavailable(say('TASK_UNDOING'));
  if (live.definition === null) return unavailable(say('TASK_VERSION_UNKNOWN', { type: run.type, version: run.version }));
  if (run.pending !== null && (!undoableKinds.includes(run.pending.kind) || run.pending.resumesAs !== 'queued')) {
    return unavailable(say('TASK_DECIDE_FIRST'));
  }
  if (live.isPastCancel) return unavailable(say('TASK_FINISHING'));
  return available;
}

/** Whether going on can be asked for: an interrupted run, or one that failed where it can be tried again. */
export function resumeAvailability(run: RunRecord): Availability {
  if (endedStatuses.includes(run.status)) return unavailable(say('TASK_ENDED'));
  if (run.pending === null) return unavailable(say('TASK_NOT_WAITING'));
  if (run.pending.question.choices.some((choice) => choice.key === 'resume')) return available;
  return unavailable(say('TASK_DECIDE_FIRST'));
}

/** Throws the reason as an error where something is not available. */
export function demand(availability: Availability): void {
  if (!availability.isAvailable) throw new AppError(availability.reason.code, availability.reason.params);
}
