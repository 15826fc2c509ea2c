import { z } from 'zod';
import { planId, runId } from '../model/ids.ts';
import { plan, task, taskDetail } from '../model/task.ts';
import { workflowRequest } from '../model/workflow-request.ts';
import { defineCommands, done, listQuery, page } from './command.ts';

export const taskCommands = defineCommands({
  'tasks.plan': {
    summary: 'Plans a piece of work: its steps and what was found; changes nothing.',
    input: workflowRequest,
    output: plan,
  },
  'tasks.start': {
    summary: 'Starts a plan. Refused when source or target have changed since, or a finding is not acknowledged.',
    input: z.strictObject({
      planId,
      /** Ids of the `error` and `warning` findings that the person has read. */
      acknowledged: z.array(z.string().max(200)).max(200).default([]),
      typedName: z.string().max(300).nullable().default(null),
    }),
    output: z.object({ runId }),
  },
  'tasks.list': {
    summary: 'A window of the tasks, newest first.',
    input: listQuery.extend({ isLiveOnly: z.boolean().default(false) }),
    output: page(task),
  },
  'tasks.show': { summary: 'One task with its steps, events and artifacts.', input: z.strictObject({ id: runId }), output: taskDetail },
  'tasks.cancel': { summary: 'Asks a task to stop; it ends once what it made is undone.', input: z.strictObject({ id: runId }), output: done },
  'tasks.resume': { summary: 'Goes on with an interrupted task, or one that waits.', input: z.strictObject({ id: runId }), output: done },
  'tasks.decide': {
    summary: 'Answers the question a task waits with (`keep`, `undo`, or a choice of its own).',
    input: z.strictObject({ id: runId, choice: z.string().max(50) }),
    output: done,
  },
});
