import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { JsonObject } from '../../../src/main/workflows/engine/definition.ts';
import { gate, rig, title, untilAborted, workflow } from './rig.ts';

describe('a run forward', () => {
  it('goes step by step, hands outputs on, and stores the intent before the act', async () => {
    const seen: unknown[] = [];
    const definition = workflow(
      {
        first: {
          intent: () => Promise.resolve({ temporary: 'x.part' }),
          run: async (ctx, intent) => {
            const [stored] = await test.journal.steps(ctx.runId);
            seen.push(stored?.intent, stored?.status, intent, ctx.key === `${ctx.runId}/first`);
            return { path: 'x' };
          },
        },
        second: { isPivot: true, run: (ctx) => Promise.resolve({ got: ctx.outputs['first'] ?? null, args: ctx.args }), args: { n: 1 } },
      },
      {},
      { result: (outputs) => ({ kind: 'desktop-image', id: outputs['first']?.['path'] === 'x' ? 'x' : '?', name: 'made' }) },
    );
    const test = await rig(definition);
    const id = await test.run();
    await test.until(id, 'succeeded');
    expect(seen).toEqual([{ temporary: 'x.part' }, 'running', { temporary: 'x.part' }, true]);
    const steps = await test.journal.steps(id);
    expect(steps.map(({ status, attempt, output }) => ({ status, attempt, output }))).toEqual([
      { status: 'done', attempt: 1, output: { path: 'x' } },
      { status: 'done', attempt: 1, output: { got: { path: 'x' }, args: { n: 1 } } },
    ]);
    const run = await test.journal.findRun(id);
    expect(run).toMatchObject({ status: 'succeeded', result: { id: 'x' }, error: null, progress: { fraction: 1 } });
    expect((await test.journal.events(id)).map(({ message }) => message.code)).toEqual(['TASK_EVENT_STARTED', 'TASK_EVENT_SUCCEEDED']);
    expect(test.engine.liveCount).toBe(0);
  });

  it('lets at most N work at a time, in the order they came', async () => {
    const order: string[] = [];
    const gates = new Map<string, ReturnType<typeof gate>>();
    const test = await rig(
      workflow({ work: { run: async (ctx) => {
        order.push(ctx.runId);
        const mine = gate();
        gates.set(ctx.runId, mine);
        await mine.promise;
        return {};
      } } }),
      { concurrency: 2 },
    );
    const ids = [await test.run(), await test.run(), await test.run(), await test.run()];
    const [first, second, third, fourth] = ids as [typeof ids[0] & string, string, string, string];
    await expect.poll(() => order).toEqual([first, second]);
    expect((await test.journal.findRun(ids[2]!))?.status).toBe('queued');
    gates.get(second)?.open();
    await expect.poll(() => order).toEqual([first, second, third]);
    gates.get(first)?.open();
    await expect.poll(() => order).toEqual([first, second, third, fourth]);
    gates.get(third)?.open();
    gates.get(fourth)?.open();
    await Promise.all(ids.map((id) => test.until(id, 'succeeded')));
  });

  it('tries again what is retryable, asking the probe first, and nothing else', async () => {
    let runs = 0;
    let probes = 0;
    const test = await rig(workflow({
      send: {
        retry: { maxAttempts: 3, backoffMs: 1 },
        run: () => {
          runs += 1;
          throw new AppError('TIMED_OUT', { what: 'The platform', limitSeconds: 1 }, { isRetryable: true });
        },
        probe: () => {
          probes += 1;
          return Promise.resolve(probes === 2 ? { state: 'done', output: { found: true } } : { state: 'absent' });
        },
      },
    }));
    const id = await test.run();
    await test.until(id, 'succeeded');
    expect([runs, probes]).toEqual([2, 2]);
    const [step] = await test.journal.steps(id);
    expect(step).toMatchObject({ status: 'done', attempt: 3, output: { found: true }, error: null });

    let plainRuns = 0;
    const plain = await rig(workflow({ once: { retry: { maxAttempts: 3, backoffMs: 1 }, run: () => {
      plainRuns += 1;
      throw new AppError('NOT_FOUND', { what: 'VM', id: '1' });
    } } }));
    const failed = await plain.run();
    await plain.until(failed, 'failed');
    expect(plainRuns).toBe(1);
    expect((await plain.journal.findRun(failed))?.error?.reason.code).toBe('NOT_FOUND');
  });

  it('shows an unknown exception as INTERNAL, without its text', async () => {
    const test = await rig(workflow({ break: { run: () => Promise.reject(new Error('secret path /x')) } }));
    const id = await test.run();
    await test.until(id, 'failed');
    const run = await test.journal.findRun(id);
    expect(run?.error?.reason).toEqual({ code: 'INTERNAL', params: { correlationId: id } });
    expect(JSON.stringify(run)).not.toContain('secret path');
  });

  it('undoes a failure before the pivot in reverse order, by intent and output', async () => {
    const undone: unknown[] = [];
    const made = (name: string) => ({
      intent: () => Promise.resolve({ name }),
      compensate: (_ctx: unknown, intent: JsonObject, output: JsonObject | null) => {
        undone.push([intent['name'], output]);
        return Promise.resolve();
      },
    });
    const test = await rig(workflow({
      a: { ...made('a'), run: () => Promise.resolve({ done: 'a' }) },
      plain: {},
      b: { ...made('b'), run: () => Promise.reject(new AppError('TIMED_OUT', { what: 'x', limitSeconds: 1 })) },
      never: made('never'),
    }));
    const id = await test.run();
    await test.until(id, 'failed');
    expect(undone).toEqual([['b', null], ['a', { done: 'a' }]]);
    expect((await test.journal.steps(id)).map((step) => step.status)).toEqual(['compensated', 'compensated', 'compensated', 'skipped']);
    expect((await test.journal.findRun(id))?.error?.reason.code).toBe('TIMED_OUT');
  });

  it('never undoes a pivot: a failure after it waits, and can be tried again or left', async () => {
    let isBroken = true;
    let isUndone = false;
    const undo = (): Promise<void> => {
      isUndone = true;
      return Promise.resolve();
    };
    const definition = workflow(
      {
        register: { isPivot: true, compensate: undo },
        finish: { run: () => (isBroken ? Promise.reject(new AppError('TIMED_OUT', { what: 'x', limitSeconds: 1 })) : Promise.resolve({})), compensate: undo },
      },
      {},
      { result: () => ({ kind: 'desktop-image', id: 'image', name: 'made' }) },
    );
    const test = await rig(definition);
    const id = await test.run();
    await test.until(id, 'needs-attention');
    expect((await test.journal.findRun(id))?.pending?.question.choices.map((choice) => choice.key)).toEqual(['resume', 'keep']);
    await expect(test.engine.cancel(id)).rejects.toMatchObject({ code: 'TASK_DECIDE_FIRST' });
    await expect(test.engine.decide(id, 'undo')).rejects.toMatchObject({ code: 'TASK_CHOICE_UNKNOWN' });
    isBroken = false;
    await test.engine.resume(id);
    await test.until(id, 'succeeded');
    expect((await test.journal.findRun(id))?.error).toBeNull();

    isBroken = true;
    const kept = await test.run();
    await test.until(kept, 'needs-attention');
    await test.engine.decide(kept, 'keep');
    await test.until(kept, 'failed');
    expect(await test.journal.findRun(kept)).toMatchObject({ status: 'failed', result: { id: 'image' }, error: { reason: { code: 'TIMED_OUT' } } });
    expect(isUndone).toBe(false);
  });

  it('takes a pivot that failed after it had happened as done', async () => {
    const test = await rig(workflow({
      prepare: { compensate: () => Promise.reject(new Error('must not be undone')) },
      register: { isPivot: true, run: () => Promise.reject(new Error('answer lost')), probe: () => Promise.resolve({ state: 'done', output: { id: 1 } }) },
    }));
    const id = await test.run();
    await test.until(id, 'succeeded');
    expect((await test.journal.steps(id))[1]?.output).toEqual({ id: 1 });
  });

  it('settles the ledger: made is kept after success, uncertain is shown', async () => {
    const test = await rig(workflow({ make: { run: async (ctx) => {
      const made = await ctx.artifacts.expect('file', title, { path: '/a' });
      await ctx.artifacts.mark(made, 'created');
      const again = await ctx.artifacts.expect('file', title, { path: '/a' });
      const temporary = await ctx.artifacts.expect('file', title, { path: '/b' });
      await ctx.artifacts.mark(temporary, 'removed');
      await ctx.artifacts.expect('file', title, { path: '/c' });
      return { isSame: made === again };
    } } }));
    const id = await test.run();
    await test.until(id, 'succeeded');
    expect((await test.journal.steps(id))[0]?.output).toEqual({ isSame: true });
    expect((await test.journal.artifacts(id)).map((item) => [item.ref['path'], item.status])).toEqual([['/a', 'kept'], ['/b', 'removed'], ['/c', 'unknown']]);
  });

  it('refuses a failpoint that its action does not declare, while failpoints are on', async () => {
    const { Failpoints } = await import('../../../src/main/workflows/engine/failpoints.ts');
    const definition = workflow({ work: { failpoints: ['known'], run: async (ctx) => {
      await ctx.failpoint('known');
      await ctx.failpoint('forgotten');
      return {};
    } } });
    const on = await rig(definition, { failpoints: new Failpoints(new Map(), true) });
    const failed = await on.run();
    await on.until(failed, 'failed');
    const off = await rig(definition);
    const fine = await off.run();
    await off.until(fine, 'succeeded');
  });

  it('writes notes into the history', async () => {
    const test = await rig(workflow({ work: { run: async (ctx) => {
      await ctx.note(say('TASK_EVENT_PAUSED'));
      return {};
    } } }));
    const id = await test.run();
    await test.until(id, 'succeeded');
    expect((await test.journal.events(id)).map((event) => [event.stepKey, event.message.code])).toContainEqual(['work', 'TASK_EVENT_PAUSED']);
  });

  it('waits for a person when the store refuses, and loses nothing', async () => {
    let isFull = false;
    const test = await rig(
      workflow({ work: { isPivot: true, run: () => {
        isFull = true;
        return Promise.resolve({});
      }, probe: () => Promise.resolve({ state: 'done', output: { found: true } }) } }),
      { wrap: (journal) => new Proxy(journal, { get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'commit' && isFull) {
            isFull = false;
            return Promise.reject(new AppError('INTERNAL', { correlationId: 'disk full' }));
          }
          return Reflect.apply(value, target, args) as unknown;
        };
      } }) },
    );
    const id = await test.run();
    await test.until(id, 'interrupted');
    await test.engine.resume(id);
    await test.until(id, 'succeeded');
    expect((await test.journal.steps(id))[0]?.output).toEqual({ found: true });
  });

  it('pauses at the end of the program without undoing, and the next start goes on', async () => {
    const begun = gate();
    let isUndone = false;
    const long = (run: (signal: AbortSignal) => Promise<JsonObject>) => workflow({
      copy: { run: (ctx) => run(ctx.signal), probe: () => Promise.resolve({ state: 'partial' }), compensate: () => {
        isUndone = true;
        return Promise.resolve();
      } },
    });
    const test = await rig(long((signal) => {
      begun.open();
      return untilAborted(signal);
    }));
    const id = await test.run();
    await begun.promise;
    await test.engine.dispose();
    expect((await test.journal.findRun(id))?.status).toBe('interrupted');
    expect((await test.journal.steps(id))[0]?.status).toBe('running');
    const next = await test.reboot(long(() => Promise.resolve({})));
    await next.until(id, 'succeeded');
    expect(isUndone).toBe(false);
    expect((await next.journal.findRun(id))?.resumes).toBe(0);
  });
});
