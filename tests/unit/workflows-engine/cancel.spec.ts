import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import type { StepContext } from '../../../src/main/workflows/engine/definition.ts';
import { gate, rig, title, untilAborted, workflow } from './rig.ts';

describe('a request to stop', () => {
  it('is written before the step is aborted, and ends only once what was made is undone', async () => {
    const begun = gate();
    const undo = gate();
    const atAbort: unknown[] = [];
    const test = await rig(workflow({
      first: { compensate: async (ctx: StepContext) => {
        atAbort.push((await test.journal.findRun(ctx.runId))?.status);
        await undo.promise;
      } },
      copy: { run: async (ctx) => {
        const file = await ctx.artifacts.expect('file', title, { path: '/t' });
        await ctx.artifacts.mark(file, 'created');
        begun.open();
        try {
          return await untilAborted(ctx.signal);
        } catch (error) {
          atAbort.push((await test.journal.findRun(ctx.runId))?.cancelRequestedAt !== null);
          throw error;
        }
      }, compensate: async (ctx) => {
        for (const item of await ctx.artifacts.list()) await ctx.artifacts.mark(item.id, 'removed');
      } },
      after: {},
    }));
    const id = await test.run();
    await begun.promise;
    await test.engine.cancel(id);
    await test.engine.cancel(id);
    await test.until(id, 'cancelling');
    undo.open();
    await test.until(id, 'cancelled');
    expect(atAbort).toEqual([true, 'cancelling']);
    expect((await test.journal.steps(id)).map((step) => step.status)).toEqual(['compensated', 'compensated', 'skipped']);
    expect((await test.journal.artifacts(id)).map((item) => item.status)).toEqual(['removed']);
    await expect(test.engine.cancel(id)).rejects.toMatchObject({ code: 'TASK_ENDED' });
    await expect(test.engine.cancel('run-x' as typeof id)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it('ends a run that never began at once, and frees its locks', async () => {
    const hold = gate();
    const test = await rig(workflow({ work: { run: async () => {
      await hold.promise;
      return {};
    } } }), { concurrency: 1 });
    const first = await test.run();
    const second = await test.run();
    await test.engine.cancel(second);
    expect((await test.journal.findRun(second))?.status).toBe('cancelled');
    hold.open();
    await test.until(first, 'succeeded');
  });

  it('waits for a step that looks at it only before', async () => {
    const begun = gate();
    const end = gate();
    const undone: unknown[] = [];
    const test = await rig(workflow({
      step: { cancel: 'before', run: async (ctx) => {
        begun.open();
        await end.promise;
        return { aborted: ctx.signal.aborted };
      }, compensate: (_ctx, _intent, output) => {
        undone.push(output);
        return Promise.resolve();
      } },
      next: {},
    }));
    const id = await test.run();
    await begun.promise;
    await test.engine.cancel(id);
    end.open();
    await test.until(id, 'cancelled');
    expect(undone).toEqual([{ aborted: false }]);
  });

  it('is refused once a step that must not be stopped has begun', async () => {
    const begun = gate();
    const end = gate();
    const test = await rig(workflow({ remove: { cancel: 'never', run: async () => {
      begun.open();
      await end.promise;
      return {};
    } }, last: {} }));
    const id = await test.run();
    await begun.promise;
    await expect(test.engine.cancel(id)).rejects.toMatchObject({ code: 'TASK_FINISHING' });
    end.open();
    await test.until(id, 'succeeded');
  });

  it('after the pivot keeps what was made, undoes only what came after, and does not do the rest', async () => {
    const begun = gate();
    const undone: string[] = [];
    const undo = (ctx: StepContext): Promise<void> => {
      undone.push(ctx.stepKey);
      return Promise.resolve();
    };
    const test = await rig(workflow(
      {
        write: { compensate: undo, run: async (ctx) => {
          await ctx.artifacts.mark(await ctx.artifacts.expect('file', title, { path: '/image' }), 'created');
          return {};
        } },
        register: { isPivot: true, cancel: 'never', compensate: undo },
        snapshot: { compensate: undo, run: (ctx) => {
          begun.open();
          return untilAborted(ctx.signal);
        } },
        removeSource: { cancel: 'never', run: () => Promise.reject(new Error('must not run')) },
      },
      {},
      { result: () => ({ kind: 'desktop-image', id: 'image', name: 'made' }) },
    ));
    const id = await test.run();
    await begun.promise;
    await test.engine.cancel(id);
    await test.until(id, 'cancelled');
    expect(undone).toEqual(['snapshot']);
    expect(await test.journal.findRun(id)).toMatchObject({ result: { id: 'image' } });
    expect((await test.journal.artifacts(id)).map((item) => item.status)).toEqual(['kept']);
    expect((await test.journal.steps(id)).map((step) => step.status)).toEqual(['done', 'done', 'compensated', 'skipped']);
  });

  it('stops the waiting between two attempts', async () => {
    const test = await rig(workflow({ send: { cancel: 'before', retry: { maxAttempts: 9, backoffMs: 100_000 }, run: () => (
      Promise.reject(new AppError('TIMED_OUT', { what: 'x', limitSeconds: 1 }, { isRetryable: true }))
    ) } }));
    const id = await test.run();
    await expect.poll(async () => (await test.journal.events(id)).some((event) => event.message.code === 'TASK_EVENT_RETRY')).toBe(true);
    expect((await test.journal.steps(id))[0]?.error?.reason.code).toBe('TIMED_OUT');
    await test.engine.cancel(id);
    await test.until(id, 'cancelled');
  });

  it('comes too late when all is done', async () => {
    const begun = gate();
    const end = gate();
    const test = await rig(workflow({ only: { run: async () => {
      begun.open();
      await end.promise;
      return {};
    } } }));
    const id = await test.run();
    await begun.promise;
    await test.engine.cancel(id);
    end.open();
    await test.until(id, 'succeeded');
    expect((await test.journal.events(id)).map((event) => event.message.code)).toContain('TASK_EVENT_CANCEL_TOO_LATE');
  });

  it('shows what cannot be removed, and lets a person try again or leave it', async () => {
    let isStuck = true;
    const undone: string[] = [];
    const definition = workflow({
      early: { compensate: () => {
        undone.push('early');
        return Promise.resolve();
      } },
      stuck: { run: async (ctx) => {
        await ctx.artifacts.mark(await ctx.artifacts.expect('file', title, { path: '/stuck' }), 'created');
        return {};
      }, compensate: async (ctx) => {
        if (isStuck) throw new AppError('TIMED_OUT', { what: 'The share', limitSeconds: 1 });
        for (const item of await ctx.artifacts.list()) await ctx.artifacts.mark(item.id, 'removed');
        undone.push('stuck');
      } },
      fails: { run: () => Promise.reject(new AppError('NOT_FOUND', { what: 'VM', id: '1' })) },
    });
    const test = await rig(definition);
    const id = await test.run();
    await test.until(id, 'needs-attention');
    const run = await test.journal.findRun(id);
    expect(run?.pending).toMatchObject({ kind: 'undo-failed', stepKey: 'stuck' });
    expect(run?.error?.reason.code).toBe('NOT_FOUND');
    expect((await test.journal.steps(id))[1]?.error?.reason.code).toBe('TIMED_OUT');
    expect((await test.journal.artifacts(id)).map((item) => item.status)).toEqual(['unknown']);
    await test.engine.resume(id);
    await test.until(id, 'needs-attention');
    isStuck = false;
    await expect.poll(() => test.engine.find(id)?.record.status).toBe('needs-attention');
    await test.engine.resume(id);
    await test.until(id, 'failed');
    expect(undone).toEqual(['stuck', 'early']);
    expect((await test.journal.artifacts(id)).map((item) => item.status)).toEqual(['removed']);

    isStuck = true;
    undone.length = 0;
    const left = await test.run();
    await test.until(left, 'needs-attention');
    await test.engine.decide(left, 'keep');
    await test.until(left, 'failed');
    expect(undone).toEqual(['early']);
    expect((await test.journal.artifacts(left)).map((item) => item.status)).toEqual(['kept']);
  });
});
