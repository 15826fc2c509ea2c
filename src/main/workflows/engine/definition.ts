/**
 * What a workflow is: a plan computed once as data, and the actions its steps name. The engine executes the stored plan; the
 * code of a newer version never changes it (an unknown version waits for a person instead).
 *
 * One step runs like this: (1) one transaction: status `running`, attempt + 1, intent stored; (2) `run`; (3) one transaction:
 * output and status `done`. A crash between (1) and (3) is found at the next start: `probe` says what happened.
 */
import type { Finding } from '../../../shared/model/finding.ts';
import type { Message } from '../../../shared/model/message.ts';
import type { PlannedStep, Progress, Question, TaskSubject } from '../../../shared/model/task.ts';
import type { WorkflowRequest, WorkflowType } from '../../../shared/model/workflow-request.ts';
import type { RunId } from '../../../shared/model/ids.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

type RequestByType = { [R in WorkflowRequest as R['type']]: R };
/** By look-up and not by `Extract`: so a definition of one type is also one of “any type”, as the engine's list holds them. */
export type RequestOf<T extends WorkflowType> = RequestByType[T];

/** A step of a stored plan. `action` names the code, `args` is all it gets besides earlier outputs. */
export interface StepPlan extends PlannedStep {
  action: string;
  args: JsonObject;
}

/** What `plan` computes and the person sees; stored whole with the run. */
export interface PlanDraft {
  title: Message;
  steps: StepPlan[];
  findings: Finding[];
  /** Must be typed before the start, where something is destroyed. */
  typedName: string | null;
  facts: Record<string, string | number | boolean | null>;
  /** Of source and target: planned again at start, a different one refuses (`PLAN_DRIFTED`). */
  fingerprint: string;
  subject: TaskSubject | null;
  /** Locked with the run, in one transaction, until it ends: `vm:<id>`, `disk:<path>`, `name:<pool>/<name>`. */
  locks: string[];
  /** A second live run with the same key is refused (`TASK_DUPLICATE`). */
  dedupKey: string | null;
}

export interface ArtifactLedger {
  /**
   * Records, in its own transaction and before it is made, a thing that the run is about to make. Asked again for the same step,
   * kind and ref (the step goes on after a crash) it answers the same id. Whatever is still `expected` after the run has ended,
   * or `created` after it was undone, is shown to the person as left behind; `created` after success counts as kept.
   */
  expect(kind: string, description: Message, ref: JsonObject): Promise<string>;
  /** Marks it as made (it now exists for sure), removed, or kept for good (no longer the run's to remove). */
  mark(artifactId: string, status: 'created' | 'removed' | 'kept' | 'unknown'): Promise<void>;
  list(): Promise<{ id: string; kind: string; ref: JsonObject; status: 'expected' | 'created' | 'removed' | 'kept' | 'unknown' }[]>;
}

export interface StepContext {
  readonly runId: RunId;
  readonly stepKey: string;
  /** Unique to this run and step: the idempotency key for platforms. */
  readonly key: string;
  readonly args: JsonObject;
  /** Outputs of the steps before this one, by step key. */
  readonly outputs: Readonly<Record<string, JsonObject>>;
  readonly createdBy: string;
  readonly signal: AbortSignal;
  readonly artifacts: ArtifactLedger;
  /** Throttled by the engine (≤ 4/s to clients, ≤ 1 per 2 s to the database). Rate, time left and fraction are the engine's work. */
  progress(report: Pick<Progress, 'phase'> & { doneBytes?: number; totalBytes?: number }): void;
  /** A line of the run's history. */
  note(message: Message): Promise<void>;
  /**
   * Stops the run with a question; the run goes on with this step (`run` with the same intent, and `answer` set) once the person
   * has chosen. Never returns. `undo` and `keep` (end here, leave everything as it is) need not be among the choices; a choice
   * that is named so goes to the step like any other.
   */
  ask(question: Question): Promise<never>;
  /** The choice made for this step's question, if it was asked one. */
  readonly answer: string | null;
  /** A named place where tests kill the process; does nothing otherwise. Inside a step: `failpoint('half-deleted')`. */
  failpoint(name: string): Promise<void>;
}

export type ProbeAnswer = { state: 'done'; output: JsonObject } | { state: 'absent' } | { state: 'partial' } | { state: 'unknown'; question: Question };

export interface StepAction {
  /**
   * `signal`: `run` gets the abort and ends soon; `before`: cancel is looked at before the step only; `never`: once it has begun,
   * the step and all after it finish first (after a pivot that is done, the steps behind it decide for themselves). A cancel after
   * the pivot undoes only what came after the pivot: the rest is skipped.
   */
  cancel: 'signal' | 'before' | 'never';
  /** For errors with `isRetryable`; the pause doubles each time. `probe` is asked before `run` is tried again. */
  retry?: { maxAttempts: number; backoffMs: number };
  /** Data written before the side effect: enough to find out later what happened. */
  intent?(ctx: StepContext): Promise<JsonObject>;
  run(ctx: StepContext, intent: JsonObject): Promise<JsonObject>;
  /**
   * After a crash, before a retry, and for a pivot that failed: did it happen? Without it, the step is taken to have no effect
   * outside and is run again. `absent` and `partial`: `run` is called with the stored intent and goes on from what is there;
   * `unknown`: the person chooses, then `run` is called with `answer`.
   */
  probe?(ctx: StepContext, intent: JsonObject): Promise<ProbeAnswer>;
  /** Undoes what this step did, from its intent (and output when it ended). Removes only what the ledger lists. Idempotent. */
  compensate?(ctx: StepContext, intent: JsonObject, output: JsonObject | null): Promise<void>;
  /**
   * Gives back what this step made for the run's own use only, when the run ends past its pivot without having done so in a later step.
   * From the ledger, like `compensate`, and idempotent; what it cannot remove is listed as left behind.
   */
  release?(ctx: StepContext, intent: JsonObject, output: JsonObject | null): Promise<void>;
  /** Names given to `ctx.failpoint` inside `run`, so that the crash suite knows to visit them; each run must pass all of them. */
  failpoints?: readonly string[];
}

export interface WorkflowDefinition<T extends WorkflowType = WorkflowType> {
  readonly type: T;
  /** Grows whenever stored plans of the old version could not be executed any more. */
  readonly version: number;
  readonly resume: 'auto' | 'ask';
  plan(request: RequestOf<T>, signal: AbortSignal): Promise<PlanDraft>;
  readonly actions: Readonly<Record<string, StepAction>>;
  /** The object made, once the run has succeeded. */
  result?(outputs: Readonly<Record<string, JsonObject>>): TaskSubject | null;
}
