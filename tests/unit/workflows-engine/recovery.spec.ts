import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { ProbeAnswer, StepAction, WorkflowDefinition } from '../../../src/main/workflows/engine/definition.ts';
import { maxResumes } from '../../../src/main/workflows/engine/recovery.ts';
import { gate, rig, title, workflow, type Rig, type TestActions } from './rig.ts';

const forever = (): Promise<never> => new Promise(() => undefined);

/** A run whose process is gone while its step works: the first engine is left hanging in it. */
async function interrupted(actions: TestActions, over: Partial<WorkflowDefinition> = {}): Promise<{ test: Rig; id: Awaited<ReturnType<Rig['run']>> }> {
  const begun = gate();
  const test = await rig(workflow({ ...actions, hang: { ...actions['hang'], run: () => {
    begun.open();
    return forever();
  } } }, {}, over));
  const id = await test.run();
  await begun.promise;
  return { test, id };
}

const hang = (probe: StepAction['probe'], rest: Partial<StepAction> = {}): TestActions => ({ hang: { ...rest, ...(probe === undefined ? {} : { probe }) } });

describe('a start after a crash', () => {
  it.each([
    ['done', { state: 'done', output: { found: true } }, { found: true }],
    ['absent', { state: 'absent' }, { ran: true }],
    ['partial', { state: 'partial' }, { ran: true }],
  ] satisfies [string, ProbeAnswer, object][])('asks the probe what happened: %s', async (_name, answer, output) => {
    const { test, id } = await interrupted(hang(() => Promise.resolve(answer)));
    const next = await test.reboot(workflow({ hang: { probe: () => Promise.resolve(answer), run: () => Promise.resolve({ ran: true }) } }));
    await next.until(id, 'succeeded');
    expect((await next.journal.steps(id))[0]).toMatchObject({ status: 'done', attempt: 2, output });
    expect(await next.journal.findRun(id)).toMatchObject({ resumes: 1 });
  });

  it('runs a step without a probe again, with the intent it had', async () => {
    const { test, id } = await interrupted(hang(undefined, { intent: () => Promise.resolve({ name: 'first' }) }));
    const next = await test.reboot(workflow({ hang: { intent: () => Promise.resolve({ name: 'second' }), run: (_ctx, intent) => Promise.resolve(intent) } }));
    await next.until(id, 'succeeded');
    expect((await next.journal.steps(id))[0]?.output).toEqual({ name: 'first' });
  });

  it('asks a person where the outcome is not known, and runs with the answer', async () => {
    const choices = [{ key: 'again', label: title, isDestructive: false }];
    const probe = (): Promise<ProbeAnswer> => Promise.resolve({ state: 'unknown', question: { text: say('TASK_EVENT_ASKED'), choices } });
    const { test, id } = await interrupted(hang(probe));
    const next = await test.reboot(workflow({ hang: { probe, run: (ctx) => Promise.resolve({ answer: ctx.answer }) } }));
    await next.until(id, 'needs-attention');
    await next.engine.decide(id, 'again');
    await next.until(id, 'succeeded');
    expect((await next.journal.steps(id))[0]?.output).toEqual({ answer: 'again' });
  });

  it('asks a person when the probe itself fails, and probes again', async () => {
    let isAway = true;
    const probe = (): Promise<ProbeAnswer> => (isAway ? Promise.reject(new AppError('TIMED_OUT', { what: 'The share', limitSeconds: 1 })) : Promise.resolve({ state: 'done', output: {} }));
    const { test, id } = await interrupted(hang(probe));
    const next = await test.reboot(workflow({ hang: { probe, run: () => Promise.reject(new Error('must not run')) } }));
    await next.until(id, 'needs-attention');
    expect(await next.journal.findRun(id)).toMatchObject({ pending: { kind: 'probe-failed' }, error: { reason: { code: 'TIMED_OUT' } } });
    isAway = false;
    await expect.poll(() => next.engine.find(id)?.record.status).toBe('needs-attention');
    await next.engine.resume(id);
    await next.until(id, 'succeeded');
  });

  it('asks first where the workflow wants to be asked; then goes on or back', async () => {
    const undone: string[] = [];
    const compensate = (): Promise<void> => {
      undone.push('hang');
      return Promise.resolve();
    };
    const after = workflow({ hang: { compensate } }, {}, { resume: 'ask' });
    for (const choice of ['resume', 'undo'] as const) {
      const { test, id } = await interrupted(hang(undefined, { compensate }), { resume: 'ask' });
      const next = await test.reboot(after);
      expect(await next.journal.findRun(id)).toMatchObject({ status: 'interrupted', pending: { kind: 'resume' } });
      await next.engine.decide(id, choice);
      await next.until(id, choice === 'resume' ? 'succeeded' : 'cancelled');
    }
    expect(undone).toEqual(['hang']);
  });

  it('asks about every run when the rows come from a restored copy', async () => {
    const { test, id } = await interrupted(hang(undefined));
    await test.engine.dispose(0);
    const next = await test.reboot(workflow({ hang: { run: () => Promise.resolve({}) } }), { isAsking: true });
    expect(await next.journal.findRun(id)).toMatchObject({ status: 'interrupted', pending: { kind: 'resume', resumesAs: 'queued' } });
    await next.engine.decide(id, 'resume');
    await next.until(id, 'succeeded');
  });

  it('counts interruptions without progress and asks after too many', async () => {
    const { test, id } = await interrupted({ hang: {} });
    let current = test;
    for (let boot = 1; boot <= maxResumes; boot += 1) {
      const begun = gate();
      current = await current.reboot(workflow({ hang: { run: () => {
        begun.open();
        return forever();
      } } }));
      await begun.promise;
      expect((await current.journal.findRun(id))?.resumes).toBe(boot);
    }
    const last = await current.reboot(workflow({ hang: {} }));
    expect(await last.journal.findRun(id)).toMatchObject({ status: 'needs-attention', pending: { kind: 'too-many-resumes' } });
    await last.engine.resume(id);
    await last.until(id, 'succeeded');
  });

  it('does not count those between which the run got further', async () => {
    const { test, id } = await interrupted({ first: {}, hang: {} });
    const begun = gate();
    const next = await test.reboot(workflow({ first: {}, hang: { run: async (ctx) => {
      ctx.progress({ phase: title, doneBytes: 5, totalBytes: 10 });
      await expect.poll(async () => (await test.journal.findRun(id))?.progress?.fraction, { timeout: 120_000 }).toBeCloseTo(0.75);
      begun.open();
      return forever();
    } } }));
    await begun.promise;
    const third = await next.reboot(workflow({ first: {}, hang: {} }));
    await third.until(id, 'succeeded');
    expect((await third.journal.findRun(id))?.resumes).toBe(1);
  });

  it('leaves a plan of another version to a person, and goes on when that version is back', async () => {
    const { test, id } = await interrupted({ hang: {} });
    const newer = await test.reboot(workflow({ hang: {} }, {}, { version: 2 }));
    expect(await newer.journal.findRun(id)).toMatchObject({ status: 'needs-attention', pending: { kind: 'version-unknown' } });
    await expect(newer.engine.decide(id, 'resume')).rejects.toMatchObject({ code: 'TASK_VERSION_UNKNOWN' });
    await expect(newer.engine.cancel(id)).rejects.toMatchObject({ code: 'TASK_VERSION_UNKNOWN' });
    const back = await newer.reboot(workflow({ hang: {} }));
    await back.until(id, 'succeeded');

    const second = await interrupted({ hang: {} });
    const other = await second.test.reboot(workflow({ hang: {} }, {}, { version: 2 }));
    await other.engine.decide(second.id, 'keep');
    await other.until(second.id, 'cancelled');
  });

  it('finishes an undo that was interrupted, once, without asking', async () => {
    const begun = gate();
    const stuck = workflow({ first: { compensate: () => {
      begun.open();
      return forever();
    } }, fails: { run: () => Promise.reject(new AppError('NOT_FOUND', { what: 'VM', id: '1' })) } });
    const test = await rig(stuck);
    const id = await test.run();
    await begun.promise;
    const undone: string[] = [];
    const next = await test.reboot(workflow({ first: { compensate: () => {
      undone.push('first');
      return Promise.resolve();
    } }, fails: {} }, {}, { resume: 'ask' }));
    await next.until(id, 'failed');
    expect(undone).toEqual(['first']);
    expect((await next.journal.findRun(id))?.error?.reason.code).toBe('NOT_FOUND');
  });

  it('settles a pivot that a cancel and a crash met half-way: done stays, absent is undone', async () => {
    for (const [answer, undoneSteps] of [[{ state: 'done', output: { id: 1 } }, []], [{ state: 'absent' }, ['hang', 'first']]] satisfies [ProbeAnswer, string[]][]) {
      const undone: string[] = [];
      const undo = (name: string) => ({ compensate: () => {
        undone.push(name);
        return Promise.resolve();
      } });
      const { test, id } = await interrupted({ first: undo('first'), hang: { isPivot: true, cancel: 'before', ...undo('hang') } });
      await test.engine.cancel(id);
      const next = await test.reboot(workflow({ first: undo('first'), hang: { isPivot: true, cancel: 'before', probe: () => Promise.resolve(answer), ...undo('hang') } }));
      await next.until(id, 'cancelled');
      expect(undone).toEqual(undoneSteps);
    }
  });

  it('keeps queued runs in their order', async () => {
    const { test, id } = await interrupted({ hang: {} });
    const second = await test.run();
    const third = await test.run();
    const order: string[] = [];
    const next = await test.reboot(workflow({ hang: { run: (ctx) => {
      order.push(ctx.runId);
      return Promise.resolve({});
    } } }));
    await next.until(third, 'succeeded');
    await next.until(second, 'succeeded');
    await next.until(id, 'succeeded');
    expect([...order].sort()).toEqual([id, second, third].sort());
  });
});
