/** A run as people see it: the task of `shared/model/task.ts`. */
import { unavailable } from '../../../shared/model/capability.ts';
import { say } from '../../../shared/model/message.ts';
import type { Artifact, RunStatus, Task, TaskDetail, TaskStep } from '../../../shared/model/task.ts';
import { cancelAvailability, resumeAvailability } from './cancel.ts';
import type { ArtifactRecord, EventRecord, RunRecord, StepRecord } from './journal.ts';
import type { LiveRun } from './live-run.ts';

/** What a run is called that nobody works on, because its process has ended. */
const atRest: Partial<Record<RunStatus, RunStatus>> = { running: 'interrupted', cancelling: 'interrupted', compensating: 'interrupted' };

/**
 * @param live the run in the engine, null once it has ended.
 * @param isResting whether the engine works on nothing.
 */
export function taskOf(run: RunRecord, live: LiveRun | null, isResting = false): Task {
  const record = live?.record ?? run;
  return {
    id: record.id,
    type: record.type,
    title: record.title,
    status: isResting ? (atRest[record.status] ?? record.status) : record.status,
    subject: record.subject,
    result: record.result,
    progress: live?.progress.latest ?? record.progress,
    question: record.pending?.question ?? null,
    error: record.error,
    createdBy: record.createdBy,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    cancelRequestedAt: record.cancelRequestedAt,
    actions: {
      cancel: live === null ? unavailable(say('TASK_ENDED')) : cancelAvailability(live),
      resume: resumeAvailability(record),
    },
  };
}

export function taskDetailOf(
  run: RunRecord, live: LiveRun | null, rows: { steps: StepRecord[]; events: EventRecord[]; artifacts: ArtifactRecord[] }, isResting = false,
): TaskDetail {
  const task = taskOf(run, live, isResting);
  return {
    ...task,
    steps: run.plan.steps.map(({ key, title, weight, isDestructive, isPivot }): TaskStep => {
      const row = rows.steps.find((step) => step.key === key);
      return {
        key, title, weight, isDestructive, isPivot,
        status: row?.status ?? 'pending',
        attempt: row?.attempt ?? 0,
        startedAt: row?.startedAt ?? null,
        endedAt: row?.endedAt ?? null,
        error: row?.error ?? null,
      };
    }),
    artifacts: rows.artifacts.flatMap((artifact) => viewArtifact(artifact, task.status === 'running')),
    events: rows.events.map(({ at, message }) => ({ at, message })),
  };
}

/** While its step works, a thing that is only expected is not news; once nothing works on it, it may exist and is listed. */
function viewArtifact({ id, kind, description, status }: ArtifactRecord, isWorking: boolean): Artifact[] {
  if (status !== 'expected') return [{ id, kind, description, status }];
  return isWorking ? [] : [{ id, kind, description, status: 'unknown' }];
}
