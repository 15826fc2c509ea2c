import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import '../../../src/shared/contract/jitless.ts';
import { taskHandlers } from '../../../src/main/contract/handlers/tasks.handlers.ts';
import type { CallContext } from '../../../src/main/contract/handler.ts';
import { taskCommands } from '../../../src/shared/contract/tasks.ts';
import type { RunId } from '../../../src/shared/model/ids.ts';
import { gate, request, rig, title, untilAborted, workflow } from './rig.ts';

const call: CallContext = {
  session: { id: 's', kind: 'window', user: 'anna' }, scope: { kind: 'system' }, signal: new AbortController().signal, correlationId: 'c', log: pino({ enabled: false }),
};

describe('the task handlers', () => {
  it('plan, start, show, list and stop, in the form of the contract', async () => {
    const begun = gate();
    const test = await rig(workflow({ made: { run: async (ctx) => {
      await ctx.artifacts.mark(await ctx.artifacts.expect('file', title, { path: '/secret/place' }), 'created');
      await ctx.artifacts.expect('file', title, { path: '/maybe' });
      return {};
    } }, work: { run: (ctx) => {
      ctx.progress({ phase: title, doneBytes: 1, totalBytes: 2 });
      begun.open();
      return untilAborted(ctx.signal);
    } } }));
    const handlers = taskHandlers(test);
    const plan = taskCommands['tasks.plan'].output.parse(await handlers['tasks.plan'](request, call));
    const { runId } = await handlers['tasks.start']({ planId: plan.id, acknowledged: [], typedName: null }, call);
    await begun.promise;

    const shown = taskCommands['tasks.show'].output.parse(await handlers['tasks.show']({ id: runId }, call));
    expect(shown).toMatchObject({
      status: 'running', createdBy: 'anna', subject: { name: 'Gold 金' }, progress: { fraction: 0.75 },
      actions: { cancel: { isAvailable: true }, resume: { isAvailable: false, reason: { code: 'TASK_NOT_WAITING' } } },
      steps: [{ key: 'made', status: 'done' }, { key: 'work', status: 'running', attempt: 1 }],
      artifacts: [{ kind: 'file', status: 'created' }],
    });
    expect(JSON.stringify(shown)).not.toContain('/secret/place');

    const query = { filter: '', sort: null, offset: 0, limit: 10, isLiveOnly: true };
    const list = taskCommands['tasks.list'].output.parse(await handlers['tasks.list'](query, call));
    expect(list).toMatchObject({ total: 1, rows: [{ id: runId, progress: { doneBytes: 1 } }] });

    await handlers['tasks.cancel']({ id: runId }, call);
    await test.until(runId, 'cancelled');
    const ended = await handlers['tasks.show']({ id: runId }, call);
    expect(ended).toMatchObject({ status: 'cancelled', actions: { cancel: { isAvailable: false, reason: { code: 'TASK_ENDED' } } } });
    expect(ended.artifacts.map((item) => item.status)).toEqual(['unknown', 'unknown']);
    expect(await handlers['tasks.list'](query, call)).toMatchObject({ total: 0 });
    expect(await handlers['tasks.list']({ ...query, isLiveOnly: false }, call)).toMatchObject({ total: 1 });
  });

  it('answer a question, and refuse what is not there', async () => {
    const test = await rig(workflow({ work: { run: async (ctx) => {
      if (ctx.answer === null) await ctx.ask({ text: title, choices: [{ key: 'go', label: title, isDestructive: false }] });
      return {};
    } } }));
    const handlers = taskHandlers(test);
    const id = await test.run();
    await test.until(id, 'waiting');
    expect(await handlers['tasks.show']({ id }, call)).toMatchObject({
      question: { choices: [{ key: 'go' }] }, actions: { resume: { isAvailable: false, reason: { code: 'TASK_DECIDE_FIRST' } } },
    });
    await handlers['tasks.decide']({ id, choice: 'go' }, call);
    await test.until(id, 'succeeded');
    const gone = 'run-gone' as RunId;
    await expect(handlers['tasks.show']({ id: gone }, call)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    await expect(handlers['tasks.resume']({ id: gone }, call)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });
});
