/** The questions that the engine itself asks. Steps ask their own through `ctx.ask`. */
import { say } from '../../../shared/model/message.ts';
import type { Question } from '../../../shared/model/task.ts';
import type { Pending } from './journal.ts';

type Choice = Question['choices'][number];

const resume: Choice = { key: 'resume', label: say('TASK_CHOICE_RESUME'), isDestructive: false };
const tryAgain: Choice = { key: 'resume', label: say('TASK_CHOICE_TRY_AGAIN'), isDestructive: false };
const undo: Choice = { key: 'undo', label: say('TASK_CHOICE_UNDO'), isDestructive: false };
const keep: Choice = { key: 'keep', label: say('TASK_CHOICE_KEEP'), isDestructive: false };
const leaveBehind: Choice = { key: 'keep', label: say('TASK_CHOICE_LEAVE_BEHIND'), isDestructive: false };

export function askResume(resumesAs: Pending['resumesAs'], canUndo: boolean): Pending {
  return { kind: 'resume', stepKey: null, question: { text: say('TASK_ASK_RESUME'), choices: canUndo ? [resume, undo] : [resume, keep] }, resumesAs };
}

export function askTooManyResumes(count: number, resumesAs: Pending['resumesAs'], canUndo: boolean): Pending {
  const text = say('TASK_ASK_TOO_MANY_RESUMES', { count });
  return { kind: 'too-many-resumes', stepKey: null, question: { text, choices: canUndo ? [resume, undo] : [resume, keep] }, resumesAs };
}

export function askAfterPivot(stepKey: string): Pending {
  const question = { text: say('TASK_ASK_AFTER_PIVOT'), choices: [tryAgain, keep] };
  return { kind: 'failed-after-pivot', stepKey, question, resumesAs: 'queued' };
}

export function askProbeFailed(stepKey: string, resumesAs: Pending['resumesAs'], canUndo: boolean): Pending {
  const question = { text: say('TASK_ASK_PROBE_FAILED'), choices: canUndo ? [tryAgain, undo] : [tryAgain, keep] };
  return { kind: 'probe-failed', stepKey, question, resumesAs };
}

export function askUndoFailed(stepKey: string, resumesAs: 'cancelling' | 'compensating'): Pending {
  return { kind: 'undo-failed', stepKey, question: { text: say('TASK_ASK_UNDO_FAILED'), choices: [tryAgain, leaveBehind] }, resumesAs };
}

/** Nothing of the plan can be executed, so nothing can be undone either: another version of Goldpress goes on, or it ends here. */
export function askVersionUnknown(resumesAs: Pending['resumesAs']): Pending {
  return { kind: 'version-unknown', stepKey: null, question: { text: say('TASK_ASK_VERSION_UNKNOWN'), choices: [keep] }, resumesAs };
}
