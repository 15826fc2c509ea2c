/**
 * One life of a host, as a real process: opens the data directory, goes on with what it finds there or starts the scenario's work,
 * and ends once the run has ended or waits for a person. Killed at a failpoint by `GOLDPRESS_FAILPOINT`.
 *
 * Arguments: scenario, directory, `plan` (print the failpoints) or `run`. `GOLDPRESS_CRASH_CANCEL` names a file: when a paused
 * failpoint has written it, the run is cancelled and the file removed.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import '../../src/shared/contract/jitless.ts';
import { systemClock } from '../../src/main/clock.ts';
import { EventBus } from '../../src/main/events.ts';
import { WorkflowJournalRepository } from '../../src/main/store/repositories/workflow-journal.repo.ts';
import { openStore } from '../../src/main/store/store.ts';
import { WorkflowEngine } from '../../src/main/workflows/engine/engine.ts';
import { failpointsFromEnv, failpointsOf } from '../../src/main/workflows/engine/failpoints.ts';
import type { RunRecord } from '../../src/main/workflows/engine/journal.ts';
import { Planner } from '../../src/main/workflows/engine/planner.ts';
import { endedStatuses } from '../../src/shared/model/task.ts';
import type { ChildAnswer } from './harness.ts';
import { scenarios } from './scenarios/scenarios.ts';

const [scenarioName = '', directory = '', mode = ''] = process.argv.slice(2);
const scenario = scenarios[scenarioName];
if (scenario === undefined) throw new Error(`There is no scenario “${scenarioName}”.`);

const log = pino({ level: 'warn' }, pino.destination({ dest: join(directory, 'log.txt'), sync: true }));
const store = await openStore(join(directory, 'data'), { log, clock: systemClock });
const events = new EventBus();
const world = await scenario.open(directory, store, events);
const journal = new WorkflowJournalRepository(store.state);
const { definitions, request } = world;
const engine = new WorkflowEngine({ journal, definitions, events, clock: systemClock, log, failpoints: failpointsFromEnv(process.env) });
const planner = new Planner({ journal, definitions, engine, clock: systemClock });
const signal = new AbortController().signal;

const hasSettled = (run: RunRecord): boolean => endedStatuses.includes(run.status) || run.pending !== null;

async function theRun(): Promise<RunRecord | undefined> {
  const { rows } = await journal.listRuns({ filter: '', sort: null, offset: 0, limit: 2, isLiveOnly: false });
  if (rows.length > 1) throw new Error('A restart made a second run.');
  return rows[0];
}

async function startOrGoOn(): Promise<RunRecord> {
  await engine.start();
  const found = await theRun();
  if (found !== undefined) return found;
  const plan = await planner.plan(request, 'crash', signal);
  const acknowledged = plan.findings.map((finding) => finding.id);
  await planner.start({ planId: plan.id, acknowledged, typedName: plan.typedName }, 'crash', signal);
  const run = await theRun();
  if (run === undefined) throw new Error('The run was not written.');
  return run;
}

async function cancelAtPause(run: RunRecord, file: string): Promise<void> {
  while (!existsSync(file)) await sleep(10);
  await engine.cancel(run.id);
  rmSync(file);
}

async function runToItsEnd(): Promise<ChildAnswer> {
  let run = await startOrGoOn();
  const cancelFile = process.env['GOLDPRESS_CRASH_CANCEL'];
  if (cancelFile !== undefined) void cancelAtPause(run, cancelFile);
  while (!hasSettled(run)) {
    await sleep(10);
    run = (await journal.findRun(run.id)) ?? run;
  }
  const artifacts = await journal.artifacts(run.id);
  return {
    kind: 'ended',
    run: { id: run.id, status: run.status, pending: run.pending?.kind ?? null, resumes: run.resumes, error: run.error?.message ?? null, result: run.result?.id ?? null },
    steps: (await journal.steps(run.id)).map(({ key, status }) => ({ key, status })),
    artifacts: artifacts.map(({ kind, ref, status }) => ({ kind, path: typeof ref['path'] === 'string' ? ref['path'] : null, status })),
  };
}

async function enumerate(): Promise<ChildAnswer> {
  const plan = await planner.plan(request, 'crash', signal);
  const stored = await journal.findPlan(plan.id);
  const definition = definitions.find((item) => item.type === request.type);
  if (stored === null || definition === undefined) throw new Error('The plan was not written.');
  const steps = stored.draft.steps.map(({ key, isPivot, action }) => ({ key, isPivot, cancel: definition.actions[action]?.cancel ?? 'signal' }));
  return { kind: 'planned', failpoints: failpointsOf(stored.draft, definition), steps, findings: plan.findings.map((item) => `${item.severity} ${item.id}`) };
}

const answer = mode === 'plan' ? await enumerate() : await runToItsEnd();
await engine.dispose();
await world.dispose();
await store.close();
process.stdout.write(`${JSON.stringify(answer)}\n`);
// The watcher of the cancel file may still be waiting.
process.exit(0);
