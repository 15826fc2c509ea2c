/**
 * What becomes, at start, of the runs that an earlier process left behind. Decides from the rows alone; what really happened
 * to an interrupted step is found out by its probe when the run goes on.
 */
import { say } from '../../../shared/model/message.ts';
import type { JournalChange, Pending } from './journal.ts';
import type { LiveRun } from './live-run.ts';
import { askResume, askTooManyResumes, askVersionUnknown } from './questions.ts';

/** More interruptions than this without getting further, and a person is asked. */
export const maxResumes = 5;

/** The change that puts a run on its way again, or before a person; null = it stays as it is. */
export function recoveryOf(live: LiveRun): JournalChange | null {
  const run = live.record;
  if (run.pending !== null) {
    const isKnownAgain = run.pending.kind === 'version-unknown' && live.definition !== null;
    return isKnownAgain ? goOn(live, run.pending.resumesAs) : null;
  }
  switch (run.status) {
    case 'queued':
      return live.definition === null ? versionUnknown('queued') : null;
    case 'interrupted':
      return live.definition === null ? versionUnknown('queued') : goOn(live, 'queued');
    case 'running':
      return found(live, 'queued');
    case 'cancelling':
    case 'compensating':
      return found(live, run.status);
    case 'waiting':
    case 'needs-attention':
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return null;
  }
}

/** The change that puts every run before a person, whatever its workflow wants: what it knows of the world may be out of date. */
export function askedRecoveryOf(live: LiveRun): JournalChange | null {
  const change = recoveryOf(live);
  const status = change?.run?.status;
  if (status !== 'queued' && status !== 'cancelling' && status !== 'compensating' && live.record.status !== 'queued') return change;
  const resumesAs = status === 'cancelling' || status === 'compensating' ? status : 'queued';
  return { run: { status: 'interrupted', pending: askResume(resumesAs, canUndo(live, resumesAs)) }, events: change?.events ?? [] };
}

/** The process ended without a word: counted, because something about this run may be what ends it. */
function found(live: LiveRun, resumesAs: Pending['resumesAs']): JournalChange {
  if (live.definition === null) return versionUnknown(resumesAs);
  const run = live.record;
  const fraction = run.progress?.fraction ?? 0;
  const hasGotFurther = run.resumedAtFraction === null || fraction > run.resumedAtFraction;
  const resumes = hasGotFurther ? 1 : run.resumes + 1;
  const events = [live.event(say('TASK_EVENT_INTERRUPTED'))];
  if (resumes > maxResumes) {
    return { run: { status: 'needs-attention', resumes, pending: askTooManyResumes(resumes, resumesAs, canUndo(live, resumesAs)) }, events };
  }
  const change = goOn(live, resumesAs);
  return { ...change, run: { ...change.run, resumes, resumedAtFraction: fraction }, events: [...events, ...(change.events ?? [])] };
}

/** Going back needs no permission; going forward asks where the workflow wants it. */
function goOn(live: LiveRun, resumesAs: Pending['resumesAs']): JournalChange {
  if (resumesAs === 'queued' && live.definition?.resume === 'ask') {
    return { run: { status: 'interrupted', pending: askResume(resumesAs, canUndo(live, resumesAs)) } };
  }
  return { run: { status: resumesAs, pending: null }, events: [live.event(say('TASK_EVENT_RESUMED'))] };
}

function versionUnknown(resumesAs: Pending['resumesAs']): JournalChange {
  return { run: { status: 'needs-attention', pending: askVersionUnknown(resumesAs) } };
}

/** Whether the way back is open: before the pivot, and not already on it. */
export function canUndo(live: LiveRun, resumesAs: Pending['resumesAs']): boolean {
  return resumesAs === 'queued' && live.pivotIndex === -1 && !live.isPastCancel;
}
