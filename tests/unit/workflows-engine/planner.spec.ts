import { describe, expect, it } from 'vitest';
import type { Finding, Severity } from '../../../src/shared/model/finding.ts';
import type { PlanId } from '../../../src/shared/model/ids.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { PlanDraft } from '../../../src/main/workflows/engine/definition.ts';
import { gate, request, rig, title, workflow, type Rig } from './rig.ts';

const signal = new AbortController().signal;
const finding = (id: string, severity: Severity): Finding => ({ id, severity, reason: say('TIMED_OUT', { what: id, limitSeconds: 1 }), source: title, fix: null });

async function planned(draft: Partial<PlanDraft> | (() => Partial<PlanDraft>), clock = { now: () => Date.now() }) {
  const test = await rig(workflow({ work: {} }, draft), { clock });
  const plan = await test.planner.plan(request, 'tester', signal);
  const start = (over: { acknowledged?: string[]; typedName?: string | null } = {}) => (
    test.planner.start({ planId: plan.id, acknowledged: over.acknowledged ?? [], typedName: over.typedName ?? null }, 'tester', signal)
  );
  return { test, plan, start };
}

const nothingStarted = async (test: Rig): Promise<void> => {
  expect(await test.journal.liveRuns()).toEqual([]);
};

describe('a plan', () => {
  it('shows steps and findings, not the code behind them', async () => {
    const { plan } = await planned({ findings: [finding('slow', 'info')], facts: { bytesToWrite: 5 } });
    expect(plan).toMatchObject({ canStart: true, facts: { bytesToWrite: 5 }, steps: [{ key: 'work', weight: 1 }] });
    expect(plan.steps[0]).not.toHaveProperty('args');
  });

  it('starts once, whoever asks how often', async () => {
    const { test, start } = await planned({});
    const [first, second] = await Promise.all([start(), start()]);
    expect(second).toBe(first);
    await test.until(first, 'succeeded');
    expect(await start()).toBe(first);
  });

  it('expires', async () => {
    let now = 1_000_000;
    const { test, plan, start } = await planned({}, { now: () => now });
    now += 15 * 60_000;
    await expect(start()).rejects.toMatchObject({ code: 'PLAN_EXPIRED' });
    now += 25 * 60 * 60_000;
    await test.planner.plan(request, 'tester', signal);
    await expect(test.planner.start({ planId: plan.id, acknowledged: [], typedName: null }, 'tester', signal)).rejects.toMatchObject({ code: 'PLAN_NOT_FOUND' });
    await nothingStarted(test);
  });

  it('is refused when it was never made', async () => {
    const { test } = await planned({});
    await expect(test.planner.start({ planId: 'plan-x' as PlanId, acknowledged: [], typedName: null }, 'tester', signal)).rejects.toMatchObject({ code: 'PLAN_NOT_FOUND' });
  });

  it('is refused when source or target are not what they were, and says what is new', async () => {
    let isChanged = false;
    const { test, start } = await planned(() => (isChanged ? { fingerprint: 'b', facts: { bytes: 2 }, findings: [finding('running', 'error')] } : { fingerprint: 'a', facts: { bytes: 1 } }));
    isChanged = true;
    const error: unknown = await start().catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'PLAN_DRIFTED', params: { name: 'Gold 金' }, cause: { code: 'TIMED_OUT', cause: { code: 'PLAN_FACT_CHANGED', params: { fact: 'bytes', before: '1', after: '2' } } },
    });
    await nothingStarted(test);
  });

  it('is refused while something blocks it, even when it was not there before', async () => {
    const { plan, start } = await planned({ findings: [finding('no-space', 'blocking')] });
    expect(plan.canStart).toBe(false);
    await expect(start({ acknowledged: ['no-space'] })).rejects.toMatchObject({ code: 'PLAN_BLOCKED', params: { findings: 'no-space' } });
    let isBlocked = false;
    const later = await planned(() => ({ findings: isBlocked ? [finding('no-space', 'blocking')] : [] }));
    isBlocked = true;
    await expect(later.start()).rejects.toMatchObject({ code: 'PLAN_BLOCKED' });
  });

  it('is refused until every error and warning is acknowledged, naming those that are not', async () => {
    const { test, start } = await planned({ findings: [finding('a', 'error'), finding('b', 'warning'), finding('c', 'unknown'), finding('d', 'info')] });
    await expect(start({ acknowledged: ['b', 'other'] })).rejects.toMatchObject({ code: 'PLAN_UNACKNOWLEDGED', params: { findings: 'a' } });
    await test.until(await start({ acknowledged: ['a', 'b'] }), 'succeeded');
  });

  it('is refused until the name is typed exactly', async () => {
    const { test, start } = await planned({ typedName: 'Win 10' });
    await expect(start()).rejects.toMatchObject({ code: 'PLAN_NAME_NOT_TYPED' });
    await expect(start({ typedName: 'win 10' })).rejects.toMatchObject({ code: 'PLAN_NAME_NOT_TYPED' });
    await test.until(await start({ typedName: 'Win 10' }), 'succeeded');
  });

  it('is refused while another run works on the same thing, and free again after it', async () => {
    const hold = gate();
    let locks = ['vm:1', 'name:pool/x'];
    let dedupKey: string | null = null;
    const test = await rig(workflow({ work: { run: async () => {
      await hold.promise;
      return {};
    } } }, () => ({ locks, dedupKey })));
    const first = await test.run();
    locks = ['vm:2', 'name:pool/x'];
    await expect(test.run()).rejects.toMatchObject({ code: 'LOCK_BUSY', params: { task: `Gold 金 (${first})` } });
    locks = [];
    dedupKey = 'same';
    const second = await test.run();
    await expect(test.run()).rejects.toMatchObject({ code: 'TASK_DUPLICATE', params: { task: `Gold 金 (${second})` } });
    hold.open();
    await test.until(first, 'succeeded');
    await test.until(second, 'succeeded');
    locks = ['name:pool/x'];
    await test.until(await test.run(), 'succeeded');
  });

  it('starts nothing while the program closes', async () => {
    const { test, start } = await planned({});
    await test.engine.dispose();
    await expect(start()).rejects.toMatchObject({ code: 'TASKS_CLOSING' });
  });
});
