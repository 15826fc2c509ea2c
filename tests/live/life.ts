/**
 * One life of the app as a process of its own: goes on with the run that it finds in the data directory, or starts the request, and
 * ends once the run has ended or waits for a person. Arguments: the data directory, the file with the request.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import '../../src/shared/contract/jitless.ts';
import { openCore } from '../../src/main/shells/core.ts';
import { endedStatuses } from '../../src/shared/model/task.ts';
import type { WorkflowRequest } from '../../src/shared/model/workflow-request.ts';
import { goesOn, startTask } from './tasks.ts';

const [dataDirectory = '', requestFile = ''] = process.argv.slice(2);
const request = JSON.parse(readFileSync(requestFile, 'utf8')) as WorkflowRequest;
const core = await openCore({ dataDirectory, shell: 'cli', hasSample: false });
const client = core.client('cli');
const { rows } = await client.invoke('tasks.list', { offset: 0, limit: 10, filter: '', sort: null, isLiveOnly: true });
const id = rows[0]?.id ?? (await startTask(client, request));
let said = '';
for (;;) {
  const task = await client.invoke('tasks.show', { id });
  const line = JSON.stringify({ status: task.status, progress: task.progress, steps: task.steps.map((step) => [step.key, step.status]), question: task.question, error: task.error });
  if (line !== said) process.stdout.write(`${line}\n`);
  said = line;
  if (await goesOn(client, task)) continue;
  if (endedStatuses.includes(task.status) || task.question !== null) break;
  if (task.status === 'interrupted') await client.invoke('tasks.resume', { id });
  await sleep(50);
}
await core.dispose();
