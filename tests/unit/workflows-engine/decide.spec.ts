import { describe, expect, it } from 'vitest';
import { say } from '../../../src/shared/model/message.ts';
import type { Question } from '../../../src/shared/model/task.ts';
import { gate, rig, title, workflow } from './rig.ts';

const question: Question = {
  text: say('TASK_EVENT_ASKED'),
  choices: [
    { key: 'delete', label: title, isDestructive: true },
    { key: 'spare', label: title, isDestructive: false },
  ],
};

describe('a question', () => {
  const asking = (undone: string[] = []) => {
    const calls: unknown[] = [];
    const definition = workflow({
      made: { compensate: () => {
        undone.push('made');
        return Promise.resolve();
      } },
      remove: {
        intent: () => Promise.resolve({ calls: calls.length }),
        run: async (ctx, intent) => {
          calls.push([intent['calls'], ctx.answer]);
          if (ctx.answer === null) await ctx.ask(question);
          return { answer: ctx.answer };
        },
        probe: () => Promise.reject(new Error('an answered step is not probed')),
      },
    });
    return { definition, calls };
  };

  it('waits, survives a restart, and hands the answer to the step', async () => {
    const { definition, calls } = asking();
    const test = await rig(definition);
    const id = await test.run();
    await test.until(id, 'waiting');
    await test.engine.dispose(50);
    const next = await test.reboot(definition);
    expect((await next.journal.findRun(id))?.pending?.question).toEqual(question);
    await expect(next.engine.decide(id, 'maybe')).rejects.toMatchObject({ code: 'TASK_CHOICE_UNKNOWN', params: { choice: 'maybe', choices: 'delete, spare, keep' } });
    await expect(next.engine.resume(id)).rejects.toMatchObject({ code: 'TASK_DECIDE_FIRST' });
    await next.engine.decide(id, 'spare');
    await next.until(id, 'succeeded');
    expect(calls).toEqual([[0, null], [0, 'spare']]);
    await expect(next.engine.decide(id, 'spare')).rejects.toMatchObject({ code: 'TASK_ENDED' });
  });

  it('gives its place to others while it waits', async () => {
    const { definition } = asking();
    const test = await rig(definition, { concurrency: 1 });
    const first = await test.run();
    const second = await test.run();
    await test.until(first, 'waiting');
    await test.until(second, 'waiting');
  });

  it('understands undo and keep', async () => {
    const undone: string[] = [];
    const { definition } = asking(undone);
    const test = await rig(definition);
    const id = await test.run();
    await test.until(id, 'waiting');
    await test.engine.decide(id, 'undo');
    await test.until(id, 'cancelled');
    expect(undone).toEqual(['made']);
    const kept = await test.run();
    await test.until(kept, 'waiting');
    await test.engine.decide(kept, 'keep');
    await test.until(kept, 'cancelled');
    expect(undone).toEqual(['made']);
  });

  it('can be answered by a request to stop', async () => {
    const undone: string[] = [];
    const { definition } = asking(undone);
    const test = await rig(definition);
    const id = await test.run();
    await test.until(id, 'waiting');
    await test.engine.cancel(id);
    await test.until(id, 'cancelled');
    expect(undone).toEqual(['made']);
  });

  it('is not there for a run that works', async () => {
    const begun = gate();
    const hold = gate();
    const test = await rig(workflow({ work: { run: async () => {
      begun.open();
      await hold.promise;
      return {};
    } } }));
    const id = await test.run();
    await begun.promise;
    await expect(test.engine.decide(id, 'keep')).rejects.toMatchObject({ code: 'TASK_NOT_WAITING' });
    await expect(test.engine.resume(id)).rejects.toMatchObject({ code: 'TASK_NOT_WAITING' });
    hold.open();
    await test.until(id, 'succeeded');
  });
});
