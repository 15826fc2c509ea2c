/**
 * The workflow engine: holds every run that has not ended, lets at most N of them work at a time in the order they came, and
 * takes a person's requests. What a run does is `run-driver.ts`; what is known of it is the journal.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { newId, type Clock } from '../../clock.ts';
import type { EventBus } from '../../events.ts';
import { AppError, viewError } from '../../../shared/model/app-error.ts';
import type { RunId } from '../../../shared/model/ids.ts';
import { decisionOf, requestCancel } from './decisions.ts';
import { demand, resumeAvailability } from './cancel.ts';
import type { WorkflowDefinition } from './definition.ts';
import { Failpoints } from './failpoints.ts';
import type { Pending, RunRecord, StepRecord, WorkflowJournal } from './journal.ts';
import { LiveRun } from './live-run.ts';
import { askResume } from './questions.ts';
import { askedRecoveryOf, canUndo, recoveryOf } from './recovery.ts';
import { RunDriver } from './run-driver.ts';

/** Transfers share one disk and one network: more at a time makes each slower, not all faster. */
const defaultConcurrency = 2;
/** How long `dispose` waits for steps that must not be stopped. Those it leaves are found by the next start. */
const disposeGraceMs = 10_000;
const storeRetryMs = 5000;

export interface WorkflowEngineDeps {
  journal: WorkflowJournal;
  definitions: readonly WorkflowDefinition[];
  events: EventBus;
  clock: Clock;
  log: Logger;
  /** Runs that go forward at a time. Going back needs no place: what a person cancels must not wait for a transfer. */
  concurrency?: number;
  failpoints?: Failpoints;
}

export class WorkflowEngine {
  readonly #deps: WorkflowEngineDeps;
  readonly #concurrency: number;
  readonly #driver: RunDriver;
  readonly #runs = new Map<RunId, LiveRun>();
  /** Runs being worked on, with what they take a place for. */
  readonly #working = new Map<RunId, { isForward: boolean; ended: Promise<void> }>();
  readonly #closing = new AbortController();
  #isResting = false;

  constructor(deps: WorkflowEngineDeps) {
    this.#deps = deps;
    this.#concurrency = deps.concurrency ?? defaultConcurrency;
    this.#driver = new RunDriver({ failpoints: deps.failpoints ?? new Failpoints(), log: deps.log, bootId: newId('boot') });
  }

  /**
   * Takes over what an earlier process left behind, then goes on with it. Called once, before anything is started.
   * @param isTakingUp false: the engine rests. Requests are written and what is started is queued, for the next process to work on.
   * @param isAsking nothing goes on by itself: a person is asked about every run.
   */
  async start({ isTakingUp = true, isAsking = false }: { isTakingUp?: boolean; isAsking?: boolean } = {}): Promise<void> {
    const { journal } = this.#deps;
    this.#isResting = !isTakingUp;
    for (const run of await journal.liveRuns()) {
      const [steps, artifacts] = await Promise.all([journal.steps(run.id), journal.artifacts(run.id)]);
      const live = this.#open(run, steps, artifacts);
      if (isTakingUp) await live.update(() => (isAsking ? askedRecoveryOf(live) : recoveryOf(live)));
    }
    this.#pump();
  }

  /** Takes a run that was just inserted. */
  adopt(run: RunRecord): void {
    const steps = run.plan.steps.map(
      ({ key }): StepRecord => ({ key, status: 'pending', attempt: 0, intent: null, output: null, error: null, startedAt: null, endedAt: null }),
    );
    this.#open(run, steps, []);
    this.#deps.events.emit('tasks.changed', { runId: run.id, status: run.status });
    this.#pump();
  }

  /** The run if it has not ended. */
  find(id: RunId): LiveRun | null {
    return this.#runs.get(id) ?? null;
  }

  /** How many runs have not ended: asked before the program is closed. */
  get liveCount(): number {
    return this.#runs.size;
  }

  /** Nothing is worked on in this process: what the journal calls running was left so by another one. */
  get isResting(): boolean {
    return this.#isResting;
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Writes the request, then aborts. Throws the reason when the run cannot be stopped. */
  async cancel(id: RunId): Promise<void> {
    const live = await this.#demand(id);
    // Asked twice: it is on its way.
    if (live.record.status === 'cancelling') return;
    await live.update(() => requestCancel(live));
    live.abortForCancel();
    this.#pump();
  }

  /** Goes on with a run that was interrupted, or failed where it can be tried again. */
  async resume(id: RunId): Promise<void> {
    const live = await this.#demand(id);
    demand(resumeAvailability(live.record));
    await this.decide(id, 'resume');
  }

  /** Gives the answer that a waiting run asks for. */
  async decide(id: RunId, choice: string): Promise<void> {
    const live = await this.#demand(id);
    await live.update(() => decisionOf(live, choice));
    this.#pump();
  }

  /**
   * Pauses: steps that can be stopped are, without being cancelled; the others are waited for. The next start goes on.
   * @param graceMs how long at most.
   */
  async dispose(graceMs = disposeGraceMs): Promise<void> {
    this.#closing.abort();
    for (const live of this.#runs.values()) live.abortForPause();
    const timer = new AbortController();
    const ended = Promise.all([...this.#working.values()].map((work) => work.ended));
    await Promise.race([ended, sleep(graceMs, undefined, { signal: timer.signal, ref: false }).catch(() => undefined)]);
    timer.abort();
    for (const live of this.#runs.values()) live.progress.dispose();
  }

  #open(run: RunRecord, steps: StepRecord[], artifacts: Awaited<ReturnType<WorkflowJournal['artifacts']>>): LiveRun {
    const definition = this.#deps.definitions.find((item) => item.type === run.type && item.version === run.version) ?? null;
    const live = new LiveRun({ run, steps, artifacts }, definition, this.#deps);
    this.#runs.set(run.id, live);
    return live;
  }

  async #demand(id: RunId): Promise<LiveRun> {
    const live = this.#runs.get(id);
    if (live !== undefined && !live.hasEnded) return live;
    throw new AppError((await this.#deps.journal.findRun(id)) === null ? 'TASK_NOT_FOUND' : 'TASK_ENDED', { id });
  }

  /** Starts whatever may work now. Insertion order is the order of the queue. */
  #pump(): void {
    if (this.isClosing || this.#isResting) return;
    for (const live of [...this.#runs.values()]) {
      if (live.hasEnded && !this.#working.has(live.record.id)) this.#runs.delete(live.record.id);
      if (this.#working.has(live.record.id)) continue;
      const { status } = live.record;
      const isForward = status === 'queued';
      if (!isForward && status !== 'cancelling' && status !== 'compensating') continue;
      if (isForward && this.#forwardCount() >= this.#concurrency) continue;
      const ended = this.#work(live);
      this.#working.set(live.record.id, { isForward, ended });
    }
  }

  #forwardCount(): number {
    return [...this.#working.values()].filter((work) => work.isForward).length;
  }

  async #work(live: LiveRun): Promise<void> {
    // The caller notes the work first; a run that ends at once must find itself there.
    await Promise.resolve();
    try {
      await this.#driver.drive(live);
      if (live.record.status === 'running' && !this.isClosing) throw new Error(`The run ${live.record.id} was left running by nobody.`);
    } catch (error) {
      this.#deps.log.error({ runId: live.record.id, err: error }, 'a run cannot go on');
      await this.#stall(live, error);
    }
    this.#working.delete(live.record.id);
    this.#pump();
  }

  /** The store refused, or the engine is wrong: a person is asked, as soon as that can be written. */
  async #stall(live: LiveRun, error: unknown): Promise<void> {
    while (!this.isClosing) {
      try {
        await live.update((run) => {
          if (live.hasEnded || run.pending !== null) return null;
          const resumesAs: Pending['resumesAs'] = run.status === 'cancelling' || run.status === 'compensating' ? run.status : 'queued';
          return { run: { status: 'interrupted', pending: askResume(resumesAs, canUndo(live, resumesAs)), error: viewError(error, run.id) } };
        });
        return;
      } catch (failure) {
        this.#deps.log.error({ runId: live.record.id, err: failure }, 'the store still refuses');
        await sleep(storeRetryMs, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
      }
    }
  }
}
