/**
 * One life of the app as a real process: the same composition as the command line's host, over one data directory. Goes on with the
 * run it finds there or starts the stored request, and ends once the run has ended or waits for a person. `GOLDPRESS_FAILPOINT` kills it.
 *
 * Arguments: `prepare <scenario> <directory>` or `run <directory>`. `GOLDPRESS_CRASH_CANCEL` names a file: when a paused failpoint has
 * written it, the run is cancelled and the file removed.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import '../../../src/shared/contract/jitless.ts';
import { systemClock } from '../../../src/main/clock.ts';
import type { CoreClient } from '../../../src/main/host/client.ts';
import { openCore, type Core } from '../../../src/main/shells/core.ts';
import { WorkflowJournalRepository } from '../../../src/main/store/repositories/workflow-journal.repo.ts';
import { openStore } from '../../../src/main/store/store.ts';
import { workflowDefinitions } from '../../../src/main/workflows/definitions.ts';
import { failpointsOf } from '../../../src/main/workflows/engine/failpoints.ts';
import type { PublishDeps } from '../../../src/main/workflows/publish/deps.ts';
import type { PlanId, RunId } from '../../../src/shared/model/ids.ts';
import { endedStatuses, type TaskDetail } from '../../../src/shared/model/task.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';
import type { Answer, Ended, Prepared } from './protocol.ts';
import { scenarios, type Scenario, type ScenarioName, type Setup } from './scenarios.ts';
import { layOut, settle, worldIn } from './world.ts';

const requestFile = (directory: string): string => join(directory, 'request.json');
const open = (directory: string): Promise<Core> => openCore({ dataDirectory: worldIn(directory).data, shell: 'cli', hasSample: false });

const grant = async (client: CoreClient, path: string): Promise<never> => (await client.invoke('files.grantPath', { path })).grantId as never;

async function start(client: CoreClient, stored: WorkflowRequest): Promise<RunId> {
  const request = stored.type === 'desktop-image.copy' ? { ...stored, target: await grant(client, stored.target) } : stored;
  const plan = await client.invoke('tasks.plan', request);
  const blocking = plan.findings.filter((finding) => finding.severity === 'blocking');
  if (blocking.length > 0) throw new Error(`Blocked: ${JSON.stringify(blocking)}`);
  return (await client.invoke('tasks.start', { planId: plan.id, acknowledged: plan.findings.map((finding) => finding.id), typedName: plan.typedName })).runId;
}

async function settled(client: CoreClient, id: RunId): Promise<TaskDetail> {
  for (;;) {
    const task = await client.invoke('tasks.show', { id });
    if (endedStatuses.includes(task.status) || task.question !== null) return task;
    await sleep(20);
  }
}

async function prepare(name: ScenarioName, directory: string): Promise<Prepared> {
  const scenario: Scenario = scenarios[name];
  await layOut(directory, scenario.extraBytes ?? 0);
  const { data, library, pool } = worldIn(directory);
  const core = await open(directory);
  const client = core.client('cli');
  const platform = await client.invoke('platforms.add', { kind: 'local', name: 'Library', settings: { path: await grant(client, library) }, secrets: {} });
  await client.invoke('platforms.sync', { id: platform.id });
  const made = await client.invoke('imagePools.add', { name: 'Pool', directory: await grant(client, pool) });
  const [vm] = (await client.invoke('sourceVms.list', { offset: 0, limit: 10, filter: '', sort: null, platformId: null })).rows;
  if (vm === undefined) throw new Error('The library lists no VM.');
  await client.invoke('sourceVms.check', { id: vm.id });
  const setup: Setup = {
    directory, vmId: vm.id, platformId: platform.id, poolId: made.id,
    invoke: (command, input) => client.invoke(command, input),
    run: async (request) => {
      const task = await settled(client, await start(client, request));
      if (task.status !== 'succeeded') throw new Error(`${request.type} ended as ${JSON.stringify(task)}`);
    },
  };
  const stored = await scenario.request(setup);
  writeFileSync(requestFile(directory), JSON.stringify(stored));
  await settle(library);
  const planned = stored.type === 'desktop-image.copy' ? { ...stored, target: await grant(client, stored.target) } : stored;
  const plan = await client.invoke('tasks.plan', planned);
  await core.dispose();
  return enumerate(data, plan.id);
}

/** Asked of the stored plan itself: what a run can reach is decided by what was planned. */
async function enumerate(data: string, id: PlanId): Promise<Prepared> {
  const store = await openStore(data, { log: pino({ level: 'silent' }), clock: systemClock });
  const stored = await new WorkflowJournalRepository(store.state).findPlan(id);
  await store.close();
  // Only the names of actions and failpoints are read of these; none of them is run.
  const definition = workflowDefinitions({} as PublishDeps).find((item) => item.type === stored?.type);
  if (stored === null || definition === undefined) throw new Error('The plan was not written.');
  return {
    kind: 'prepared',
    failpoints: failpointsOf(stored.draft, definition),
    steps: stored.draft.steps.map(({ key, isPivot, action }) => ({ key, isPivot, cancel: definition.actions[action]?.cancel ?? 'signal' })),
  };
}

async function theRun(client: CoreClient, type: string): Promise<RunId | null> {
  const { rows } = await client.invoke('tasks.list', { offset: 0, limit: 50, filter: '', sort: null, isLiveOnly: false });
  const mine = rows.filter((row) => row.type === type);
  if (mine.length > 1) throw new Error('A restart made a second run.');
  return mine[0]?.id ?? null;
}

async function cancelAtPause(client: CoreClient, id: RunId, file: string): Promise<void> {
  while (!existsSync(file)) await sleep(10);
  await client.invoke('tasks.cancel', { id });
  rmSync(file);
}

async function run(directory: string): Promise<Ended> {
  const core = await open(directory);
  const client = core.client('cli');
  const request = JSON.parse(readFileSync(requestFile(directory), 'utf8')) as WorkflowRequest;
  const id = (await theRun(client, request.type)) ?? (await start(client, request));
  const cancelFile = process.env['GOLDPRESS_CRASH_CANCEL'];
  if (cancelFile !== undefined) void cancelAtPause(client, id, cancelFile);
  const task = await settled(client, id);
  await core.dispose();
  return { kind: 'ended', task };
}

const [mode, ...words] = process.argv.slice(2);
const answer: Answer = mode === 'prepare' ? await prepare(words[0] as ScenarioName, words[1] ?? '') : await run(words[0] ?? '');
process.stdout.write(`${JSON.stringify(answer)}\n`);
// The watcher of the cancel file may still be waiting.
process.exit(0);
