/** Plans and starts a task as a person would who reads and acknowledges every finding, and waits for its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CoreClient } from '../../src/main/host/client.ts';
import type { RunId } from '../../src/shared/model/ids.ts';
import { endedStatuses, type TaskDetail } from '../../src/shared/model/task.ts';
import type { WorkflowRequest } from '../../src/shared/model/workflow-request.ts';

/** @throws where a finding blocks the plan */
export async function startTask(client: CoreClient, request: WorkflowRequest): Promise<RunId> {
  const plan = await client.invoke('tasks.plan', request);
  const blocking = plan.findings.filter((finding) => finding.severity === 'blocking');
  if (blocking.length > 0) throw new Error(`Blocked: ${JSON.stringify(blocking)}`);
  return (await client.invoke('tasks.start', { planId: plan.id, acknowledged: plan.findings.map((finding) => finding.id), typedName: plan.typedName })).runId;
}

export async function runTask(client: CoreClient, request: WorkflowRequest): Promise<TaskDetail> {
  const id = await startTask(client, request);
  for (;;) {
    const task = await client.invoke('tasks.show', { id });
    if (await goesOn(client, task)) continue;
    if (endedStatuses.includes(task.status) || task.question !== null) return task;
    await sleep(100);
  }
}

/** A disk that can only be looked into as a copy may have more to tell than the plan knew: a person is asked, and publishes. */
export async function goesOn(client: CoreClient, { id, question }: Pick<TaskDetail, 'id' | 'question'>): Promise<boolean> {
  const isKnown = question?.choices.some(({ key }) => key === 'publish') === true;
  if (isKnown) await client.invoke('tasks.decide', { id, choice: 'publish' });
  return isKnown;
}
