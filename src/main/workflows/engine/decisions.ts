/** What a person's answer does to a run that waits: go on, go back, or end here and keep what was made. */
import { AppError } from '../../../shared/model/app-error.ts';
import { say } from '../../../shared/model/message.ts';
import { cancelAvailability, demand } from './cancel.ts';
import { endOfKept, skipRest } from './compensation.ts';
import type { EventRecord, JournalChange, Pending } from './journal.ts';
import type { LiveRun } from './live-run.ts';
import { endKey, releasable } from './release.ts';

/** The change that a choice makes. Throws when the run asks nothing, or not this. */
export function decisionOf(live: LiveRun, choice: string): JournalChange {
  const { pending } = live.record;
  if (pending === null) throw new AppError('TASK_NOT_WAITING');
  const isOffered = pending.question.choices.some((item) => item.key === choice);
  const isOwn = (pending.kind === 'asked' || pending.kind === 'outcome-unknown') && isOffered;
  if (choice === 'keep' && !isOwn) return pending.kind === 'undo-failed' ? leaveBehind(live, pending) : endHere(live);
  demandKnownVersion(live);
  if (isOwn) return answer(live, pending, choice);
  if (choice === 'resume' && isOffered) return goOn(live, pending);
  if (choice === 'undo' && cancelAvailability(live).isAvailable) return requestCancel(live);
  const choices = [...new Set([...pending.question.choices.map((item) => item.key), 'keep'])];
  throw new AppError('TASK_CHOICE_UNKNOWN', { choice, choices: choices.join(', ') });
}

/**
 * Asks a run to stop. The request is written first; the run ends once what it made is undone. One that never began ends here.
 * Throws the reason when it cannot be stopped now.
 */
export function requestCancel(live: LiveRun): JournalChange {
  demand(cancelAvailability(live));
  const events = [live.event(say('TASK_EVENT_CANCEL_REQUESTED'))];
  if (live.record.startedAt === null) {
    return {
      run: { status: 'cancelled', cancelRequestedAt: live.now, endedAt: live.now, pending: null },
      steps: skipRest(live),
      events,
      areLocksReleased: true,
    };
  }
  return { run: { status: 'cancelling', cancelRequestedAt: live.now, pending: null }, events };
}

function demandKnownVersion(live: LiveRun): void {
  const { type, version } = live.record;
  if (live.definition === null) throw new AppError('TASK_VERSION_UNKNOWN', { type, version });
}

const decided = (live: LiveRun, choice: string): EventRecord[] => [live.event(say('TASK_EVENT_DECIDED', { choice }))];

function answer(live: LiveRun, pending: Pending, choice: string): JournalChange {
  const { answers } = live.record;
  return {
    run: {
      status: pending.resumesAs,
      pending: null,
      cancelRequestedAt: null,
      answers: pending.stepKey === null ? answers : { ...answers, [pending.stepKey]: choice },
    },
    events: decided(live, choice),
  };
}

/** A person has looked at it: interruptions are counted afresh. The error of a run that goes back is why it does, and stays. */
function goOn(live: LiveRun, pending: Pending): JournalChange {
  const forward = { error: null, cancelRequestedAt: null };
  return {
    run: {
      status: pending.resumesAs,
      pending: null,
      resumes: 0,
      resumedAtFraction: null,
      ...(pending.resumesAs === 'queued' ? forward : {}),
    },
    events: decided(live, 'resume'),
  };
}

/** What could not be removed stays, listed; the rest of the way back goes on. */
function leaveBehind(live: LiveRun, pending: Pending): JournalChange {
  demandKnownVersion(live);
  const key = pending.stepKey;
  if (key === null) return endHere(live);
  return {
    run: { status: pending.resumesAs, pending: null },
    steps: [{ key, status: 'skipped' }],
    artifacts: live.artifacts.filter((item) => item.stepKey === key && item.status === 'unknown').map(({ id }) => ({ id, status: 'kept', at: live.now })),
    events: [live.event(say('TASK_EVENT_LEFT_BEHIND'), key)],
  };
}

/** Ends the run here. What it made stays; what it used for itself only is given back first, where there is such a thing. */
function endHere(live: LiveRun): JournalChange {
  const events = decided(live, 'keep');
  if (releasable(live).length === 0) {
    const end = endOfKept(live);
    return { ...end, events: [...events, ...(end.events ?? [])] };
  }
  const answers = { ...live.record.answers, [endKey]: 'keep' };
  return { run: { status: live.record.error === null ? 'cancelling' : 'compensating', pending: null, answers }, events };
}
