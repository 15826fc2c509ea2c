/**
 * One run that has not ended, in memory: the journal's rows and the two signals (cancel, pause). Every change goes through
 * `update`, one after the other: it is decided on the latest state, written in one transaction, and only then seen in memory.
 */
import type { Clock } from '../../clock.ts';
import type { EventBus } from '../../events.ts';
import { endedStatuses } from '../../../shared/model/task.ts';
import type { Message } from '../../../shared/model/message.ts';
import type { Json, JsonObject, StepAction, StepPlan, WorkflowDefinition } from './definition.ts';
import type { ArtifactRecord, EventRecord, JournalChange, RunRecord, StepRecord, WorkflowJournal } from './journal.ts';
import { RunProgress } from './progress.ts';

export interface LiveRunDeps {
  journal: WorkflowJournal;
  events: EventBus;
  clock: Clock;
}

/** The store did not take a change: what the run did is not in doubt, only what is written of it. */
export class JournalFailure extends Error {
  constructor(cause: unknown) {
    super('The journal of a run could not be written.', { cause });
    this.name = 'JournalFailure';
  }
}

/** Decides a change on the latest state; null = nothing is to be written. */
export type Decide = (run: RunRecord) => JournalChange | null;

export class LiveRun {
  /** Null when this program has not the version that the plan was made with. */
  readonly definition: WorkflowDefinition | null;
  readonly progress: RunProgress;
  readonly #deps: LiveRunDeps;
  #cancel = new AbortController();
  readonly #pause = new AbortController();
  #run: RunRecord;
  #steps: StepRecord[];
  #artifacts: ArtifactRecord[];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    rows: { run: RunRecord; steps: StepRecord[]; artifacts: ArtifactRecord[] },
    definition: WorkflowDefinition | null,
    deps: LiveRunDeps,
  ) {
    this.#run = rows.run;
    this.#steps = rows.steps;
    this.#artifacts = rows.artifacts;
    this.definition = definition;
    this.#deps = deps;
    this.progress = new RunProgress(rows.run.plan.steps, rows.run.progress, {
      clock: deps.clock,
      emit: (progress) => deps.events.emit('task.progress', { runId: rows.run.id, progress }),
      persist: (progress) => void this.#persistProgress(progress),
    });
  }

  get record(): RunRecord {
    return this.#run;
  }

  get steps(): readonly StepRecord[] {
    return this.#steps;
  }

  get artifacts(): readonly ArtifactRecord[] {
    return this.#artifacts;
  }

  get hasEnded(): boolean {
    return endedStatuses.includes(this.#run.status);
  }

  get cancelSignal(): AbortSignal {
    return this.#cancel.signal;
  }

  get pauseSignal(): AbortSignal {
    return this.#pause.signal;
  }

  get now(): number {
    return this.#deps.clock.now();
  }

  step(key: string): StepRecord {
    const step = this.#steps.find((item) => item.key === key);
    if (step === undefined) throw new Error(`The run ${this.#run.id} has no step “${key}”.`);
    return step;
  }

  action(step: StepPlan): StepAction {
    const action = this.definition?.actions[step.action];
    if (action === undefined) throw new Error(`The workflow ${this.#run.type} has no action “${step.action}”.`);
    return action;
  }

  /** Steps that will not be worked on again, for the share of the whole. */
  get endedSteps(): ReadonlySet<string> {
    return new Set(this.#steps.filter((step) => step.status === 'done' || step.status === 'skipped').map((step) => step.key));
  }

  /** Outputs of the steps that are done, by step key. */
  get outputs(): Record<string, JsonObject> {
    const outputs: Record<string, JsonObject> = {};
    for (const step of this.#steps) if (step.status === 'done' && step.output !== null) outputs[step.key] = step.output;
    return outputs;
  }

  /** Where the way back ends: the place of the last pivot that is done; -1 when there is none. */
  get pivotIndex(): number {
    return this.#run.plan.steps.findLastIndex((step) => step.isPivot && this.step(step.key).status === 'done');
  }

  /** True once a step that must not be stopped has begun. A pivot that is done holds nothing back: what comes after it may be left undone. */
  get isPastCancel(): boolean {
    const actions = this.definition?.actions;
    return this.#run.plan.steps.some((step) => {
      const { intent, status } = this.step(step.key);
      return actions?.[step.action]?.cancel === 'never' && intent !== null && !(step.isPivot && status === 'done');
    });
  }

  /**
   * Changes the run. Waits for the changes before it, so `decide` sees their result.
   * @returns what was written, or null when `decide` wanted nothing; throws `JournalFailure` when the store refuses.
   */
  update(decide: Decide): Promise<JournalChange | null> {
    const turn = this.#turn.then(async () => {
      const change = decide(this.#run);
      if (change === null) return null;
      try {
        await this.#deps.journal.commit(this.#run.id, change);
      } catch (error) {
        throw new JournalFailure(error);
      }
      this.#apply(change);
      this.#deps.events.emit('tasks.changed', { runId: this.#run.id, status: this.#run.status });
      return change;
    });
    // The chain goes on after a failed write; who asked for it gets the error.
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** A line of the history. */
  event(message: Message, stepKey: string | null = null): EventRecord {
    return { at: this.now, stepKey, message };
  }

  async note(message: Message, stepKey: string | null): Promise<void> {
    await this.update(() => ({ events: [this.event(message, stepKey)] }));
  }

  /** Aborts what runs because the run was cancelled; the request has been written before. */
  abortForCancel(): void {
    this.#cancel.abort(new DOMException('The task was cancelled.', 'AbortError'));
  }

  /** Aborts what runs because the program ends; the next start goes on. */
  abortForPause(): void {
    this.#pause.abort(new DOMException('Goldpress is closing; the task goes on at the next start.', 'AbortError'));
  }

  /** Progress is a hint: a write that fails costs nothing that the next one does not bring. It raises no `tasks.changed`. */
  async #persistProgress(progress: RunRecord['progress']): Promise<void> {
    const turn = this.#turn.then(async () => {
      if (this.hasEnded) return;
      await this.#deps.journal.commit(this.#run.id, { run: { progress } });
      this.#apply({ run: { progress } });
    });
    this.#turn = turn.catch(() => undefined);
    await this.#turn;
  }

  #apply(change: JournalChange): void {
    this.#run = { ...this.#run, ...change.run };
    // A run that goes forward again after a cancel needs a signal that can abort again.
    if (change.run?.cancelRequestedAt === null && this.#cancel.signal.aborted) this.#cancel = new AbortController();
    for (const changed of change.steps ?? []) {
      this.#steps = this.#steps.map((step) => (step.key === changed.key ? { ...step, ...changed } : step));
    }
    this.#artifacts = [...this.#artifacts, ...(change.newArtifacts ?? [])];
    for (const changed of change.artifacts ?? []) {
      this.#artifacts = this.#artifacts.map((item) => (item.id === changed.id ? { ...item, ...changed } : item));
    }
  }
}

/** Equal as JSON, whatever the order of keys. */
export function isSameJson(a: Json, b: Json): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => isSameJson(item, b[index] ?? null));
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && isSameJson(a[key] ?? null, b[key] ?? null));
}
