/**
 * What the engine needs from the store: plans, runs, steps, the history and the artifact ledger. Everything that the engine
 * knows about a run is here; a process killed at any moment finds its way from these rows alone.
 * The store implements it (`store/repositories/workflow-journal.repo.ts`); it holds no rule of the engine.
 */
import type { ListQuery, Page } from '../../../shared/contract/command.ts';
import type { ErrorView } from '../../../shared/model/error-view.ts';
import type { PlanId, RunId } from '../../../shared/model/ids.ts';
import type { Message } from '../../../shared/model/message.ts';
import type { Progress, Question, RunStatus, StepStatus, TaskSubject } from '../../../shared/model/task.ts';
import type { WorkflowRequest } from '../../../shared/model/workflow-request.ts';
import type { JsonObject, PlanDraft } from './definition.ts';

/** A plan as shown to a person, kept until it is started or expires. */
export interface PlanRecord {
  id: PlanId;
  type: string;
  version: number;
  request: WorkflowRequest;
  draft: PlanDraft;
  createdBy: string;
  createdAt: number;
  expiresAt: number;
}

/** Why a run waits for a person. */
export type PendingKind =
  /** A step asked (`ctx.ask`). */
  | 'asked'
  /** Found at start, and its workflow wants to be asked before it goes on. */
  | 'resume'
  /** The probe could not tell whether the step happened. */
  | 'outcome-unknown'
  /** The probe itself failed (the storage is not reachable): asked again, or undone. */
  | 'probe-failed'
  /** A step after the pivot failed: forward or stop, never back. */
  | 'failed-after-pivot'
  /** Something the run made could not be removed. */
  | 'undo-failed'
  /** Interrupted too often without getting further. */
  | 'too-many-resumes'
  /** Planned by a version of the workflow that this program does not have. */
  | 'version-unknown';

export interface Pending {
  kind: PendingKind;
  stepKey: string | null;
  question: Question;
  /** Where the run goes on from once it is allowed to. */
  resumesAs: 'queued' | 'cancelling' | 'compensating';
}

export interface RunRecord {
  id: RunId;
  planId: PlanId;
  type: string;
  version: number;
  status: RunStatus;
  title: Message;
  subject: TaskSubject | null;
  result: TaskSubject | null;
  request: WorkflowRequest;
  /** As shown and confirmed; what is executed. `locks` and `dedupKey` of it were taken with the run. */
  plan: PlanDraft;
  createdBy: string;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  cancelRequestedAt: number | null;
  /** Of the process that last worked on it. */
  bootId: string | null;
  /** Times it was found interrupted since it last got further. */
  resumes: number;
  /** How far it was (0 … 1) when it was last found interrupted. */
  resumedAtFraction: number | null;
  pending: Pending | null;
  /** Choices made so far, by step key. */
  answers: Record<string, string>;
  error: ErrorView | null;
  progress: Progress | null;
}

export interface StepRecord {
  key: string;
  status: StepStatus;
  attempt: number;
  /** Not null = it has begun at least once; compensation goes over these. */
  intent: JsonObject | null;
  output: JsonObject | null;
  error: ErrorView | null;
  startedAt: number | null;
  endedAt: number | null;
}

export interface EventRecord {
  at: number;
  stepKey: string | null;
  message: Message;
}

/** `expected` = written down before it is made, so it may or may not exist. */
export type ArtifactStatus = 'expected' | 'created' | 'removed' | 'kept' | 'unknown';

export interface ArtifactRecord {
  id: string;
  stepKey: string;
  kind: string;
  description: Message;
  ref: JsonObject;
  status: ArtifactStatus;
  at: number;
}

/** Columns of a run that change after it was inserted. Absent keys stay as they are. */
export type RunChange = Partial<
  Pick<
    RunRecord,
    | 'status' | 'result' | 'startedAt' | 'endedAt' | 'cancelRequestedAt' | 'bootId' | 'resumes' | 'resumedAtFraction' | 'pending' | 'answers'
    | 'error' | 'progress'
  >
>;

export type StepChange = { key: string } & Partial<Omit<StepRecord, 'key'>>;

/** Everything in one change is written in one transaction, or nothing of it. */
export interface JournalChange {
  run?: RunChange;
  steps?: readonly StepChange[];
  events?: readonly EventRecord[];
  newArtifacts?: readonly ArtifactRecord[];
  artifacts?: readonly { id: string; status: ArtifactStatus; at: number }[];
  /** Frees the run's resource locks and its dedup key: set together with an ended status. */
  areLocksReleased?: boolean;
}

export type InsertOutcome =
  | { state: 'inserted' }
  /** The plan was started before: the same run, not a second one. */
  | { state: 'started-before'; runId: RunId }
  /** A live run holds `resource`. */
  | { state: 'busy'; resource: string; holder: { runId: RunId; title: Message; subject: TaskSubject | null } }
  /** A live run has the same dedup key. */
  | { state: 'duplicate'; holder: { runId: RunId; title: Message; subject: TaskSubject | null } };

export interface WorkflowJournal {
  savePlan(plan: PlanRecord): Promise<void>;
  /** Also finds an expired one, until it is swept. */
  findPlan(id: PlanId): Promise<PlanRecord | null>;
  sweepPlans(expiredBefore: number): Promise<void>;

  /**
   * The run, its steps (from `plan.steps`, all `pending`), its locks (`plan.locks`) and its dedup key (`plan.dedupKey`) in one
   * transaction; inserts nothing unless the outcome is `inserted`. Unique by `planId`.
   */
  insertRun(run: RunRecord): Promise<InsertOutcome>;
  findRun(id: RunId): Promise<RunRecord | null>;
  findRunByPlan(id: PlanId): Promise<RunRecord | null>;
  /** Runs that have not ended, oldest first. */
  liveRuns(): Promise<RunRecord[]>;
  /** A window, newest first unless sorted otherwise (`createdAt`, `status`, `type`, `subject`). */
  listRuns(query: ListQuery & { isLiveOnly: boolean }): Promise<Page<RunRecord>>;

  /** In the order of the plan. */
  steps(runId: RunId): Promise<StepRecord[]>;
  /** Oldest first. */
  events(runId: RunId): Promise<EventRecord[]>;
  /** In the order they were expected. */
  artifacts(runId: RunId): Promise<ArtifactRecord[]>;

  /** One transaction. Rejects when the run is not there. */
  commit(runId: RunId, change: JournalChange): Promise<void>;
}
