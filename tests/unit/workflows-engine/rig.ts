/** A real store, a real engine, and a workflow of the test's own making. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach } from 'vitest';
import { EventBus } from '../../../src/main/events.ts';
import { systemClock, type Clock } from '../../../src/main/clock.ts';
import { openStore, type Store } from '../../../src/main/store/store.ts';
import { WorkflowJournalRepository } from '../../../src/main/store/repositories/workflow-journal.repo.ts';
import type { JsonObject, PlanDraft, StepAction, StepPlan, WorkflowDefinition } from '../../../src/main/workflows/engine/definition.ts';
import { WorkflowEngine } from '../../../src/main/workflows/engine/engine.ts';
import type { Failpoints } from '../../../src/main/workflows/engine/failpoints.ts';
import type { WorkflowJournal } from '../../../src/main/workflows/engine/journal.ts';
import { Planner } from '../../../src/main/workflows/engine/planner.ts';
import type { EventMessage } from '../../../src/shared/contract/events.ts';
import type { RunId, SourceVmId } from '../../../src/shared/model/ids.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { RunStatus } from '../../../src/shared/model/task.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';

export const title = say('TASK_EVENT_SUCCEEDED');

/** The steps' order is the order of the keys; each step runs the action of its own name. */
export type TestActions = Record<string, Partial<StepAction> & { isPivot?: boolean; weight?: number; args?: JsonObject }>;

export function workflow(actions: TestActions, draft: Partial<PlanDraft> | (() => Partial<PlanDraft>) = {}, over: Partial<WorkflowDefinition> = {}): WorkflowDefinition {
  const steps = Object.entries(actions).map(([key, { isPivot = false, weight = 1, args = {} }]): StepPlan => (
    { key, title, weight, isDestructive: false, isPivot, action: key, args }
  ));
  return {
    type: 'vm.edit',
    version: 1,
    resume: 'auto',
    plan: () => Promise.resolve({
      title, steps, findings: [], typedName: null, facts: {}, fingerprint: 'same', subject: { kind: 'source-vm', id: 'vm-1', name: 'Gold 金' },
      locks: [], dedupKey: null, ...(typeof draft === 'function' ? draft() : draft),
    }),
    actions: Object.fromEntries(
      Object.entries(actions).map(([key, action]): [string, StepAction] => [key, { cancel: 'signal', run: () => Promise.resolve({}), ...action }]),
    ),
    ...over,
  };
}

export const request: WorkflowRequest = { type: 'vm.edit', vmId: 'vm-1' as SourceVmId, change: { vcpus: 2 } };

type StartHow = Parameters<WorkflowEngine['start']>[0];

export interface Rig {
  engine: WorkflowEngine;
  planner: Planner;
  journal: WorkflowJournal;
  seen: EventMessage[];
  /** Plans and starts. */
  run(): Promise<RunId>;
  /** Waits until the run has one of the statuses. */
  until(id: RunId, ...statuses: RunStatus[]): Promise<void>;
  /** A second engine over the same store, as after a restart; the first is left where it is. */
  reboot(definition: WorkflowDefinition, how?: StartHow): Promise<Rig>;
}

export interface RigOptions {
  concurrency?: number;
  failpoints?: Failpoints;
  clock?: Clock;
  wrap?: (journal: WorkflowJournal) => WorkflowJournal;
}

/** One store a file: opening one costs more than all that a test does with it. */
let opened: { directory: string; store: Promise<Store> } | null = null;

function sharedStore(): Promise<Store> {
  if (opened === null) {
    const directory = mkdtempSync(join(tmpdir(), 'goldpress-engine-'));
    opened = { directory, store: openStore(directory, { log: pino({ enabled: false }), clock: systemClock }) };
  }
  return opened.store;
}

const engines: WorkflowEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose(50);
  const { state } = await sharedStore();
  await state.write.deleteFrom('workflow_run').execute();
  await state.write.deleteFrom('workflow_plan').execute();
});
afterAll(async () => {
  if (opened === null) return;
  await (await opened.store).close();
  rmSync(opened.directory, { recursive: true, force: true });
});

export async function rig(definition: WorkflowDefinition, options: RigOptions = {}): Promise<Rig> {
  return boot(await sharedStore(), definition, options);
}

async function boot(store: Store, definition: WorkflowDefinition, options: RigOptions, how: StartHow = {}): Promise<Rig> {
  const clock = options.clock ?? systemClock;
  const events = new EventBus();
  const seen: EventMessage[] = [];
  const stored: WorkflowJournal = new WorkflowJournalRepository(store.state);
  const journal = options.wrap?.(stored) ?? stored;
  const definitions = [definition];
  const { concurrency, failpoints } = options;
  const engine = new WorkflowEngine({
    journal, definitions, events, clock, log: pino({ enabled: false }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(failpoints === undefined ? {} : { failpoints }),
  });
  const planner = new Planner({ journal, definitions, engine, clock });
  events.subscribe((event) => seen.push(event));
  engines.push(engine);
  await engine.start(how);
  return {
    engine, planner, journal, seen,
    run: async () => {
      const plan = await planner.plan(request, 'tester', new AbortController().signal);
      return planner.start({ planId: plan.id, acknowledged: [], typedName: null }, 'tester', new AbortController().signal);
    },
    until: (id, ...statuses) =>
      new Promise((resolve, reject) => {
        const stop = events.subscribe((event) => {
          if (event.topic === 'tasks.changed' && event.payload.runId === id && statuses.includes(event.payload.status)) finish();
        });
        const finish = (): void => {
          stop();
          resolve();
        };
        journal.findRun(id).then((run) => { if (run !== null && statuses.includes(run.status)) finish(); }, reject);
      }),
    reboot: (next, started) => boot(store, next, { ...options, wrap: (plain) => plain }, started),
  };
}

/** A promise with its handle: a step that goes on when the test says so. */
export function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** Waits for the abort, as a step that moves bytes does. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
}
