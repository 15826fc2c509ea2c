import { describe, expect, it } from 'vitest';
import type { JsonObject, PlanDraft } from '../../../src/main/workflows/engine/definition.ts';
import type { ArtifactRecord, PlanRecord, RunRecord } from '../../../src/main/workflows/engine/journal.ts';
import { WorkflowJournalRepository } from '../../../src/main/store/repositories/workflow-journal.repo.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { PlanId, RunId } from '../../../src/shared/model/ids.ts';
import type { RunStatus } from '../../../src/shared/model/task.ts';
import { freshDirectory, open } from './open.ts';

const title = say('ABORTED');

function draft(over: Partial<PlanDraft> = {}): PlanDraft {
  return {
    title,
    steps: ['read', 'write', 'verify'].map((key) => ({ key, title, weight: 1, isDestructive: false, isPivot: false, action: key, args: { key } })),
    findings: [],
    typedName: null,
    facts: { bytes: 1 },
    fingerprint: 'f',
    subject: { kind: 'source-vm', id: 'vm-1', name: '源虚拟机' },
    locks: [],
    dedupKey: null,
    ...over,
  };
}

function run(id: string, over: Partial<RunRecord> = {}, plan: Partial<PlanDraft> = {}): RunRecord {
  const planned = draft(plan);
  return {
    id: id as RunId,
    planId: `plan-of-${id}` as PlanId,
    type: 'vm.edit',
    version: 1,
    status: 'queued',
    title,
    subject: planned.subject,
    result: null,
    request: { type: 'vm.edit', vmId: 'vm-1' as never, change: { vcpus: 2 } },
    plan: planned,
    createdBy: 'ann',
    createdAt: 1,
    startedAt: null,
    endedAt: null,
    cancelRequestedAt: null,
    bootId: null,
    resumes: 0,
    resumedAtFraction: null,
    pending: null,
    answers: {},
    error: null,
    progress: null,
    ...over,
  };
}

function artifact(id: string, ref: JsonObject = { path: '/x' }): ArtifactRecord {
  return { id, stepKey: 'write', kind: 'file', description: title, ref, status: 'expected', at: 5 };
}

const journalIn = async (directory?: string) => new WorkflowJournalRepository((await open(directory)).state);
const id = (text: string) => text as RunId;

describe('plans', () => {
  const plan: PlanRecord = {
    id: 'plan-1' as PlanId, type: 'vm.edit', version: 3, request: run('x').request, draft: draft(), createdBy: 'ann', createdAt: 10, expiresAt: 20,
  };

  it('come back as they were saved, until they are swept', async () => {
    const journal = await journalIn();
    await journal.savePlan(plan);
    expect(await journal.findPlan(plan.id)).toEqual(plan);
    await journal.sweepPlans(20);
    expect(await journal.findPlan(plan.id)).not.toBeNull();
    await journal.sweepPlans(21);
    expect(await journal.findPlan(plan.id)).toBeNull();
  });
});

describe('inserting a run', () => {
  it('writes run and steps, and finds them again after a restart', async () => {
    const directory = freshDirectory();
    const first = await open(directory);
    const record = run('r1', { pending: { kind: 'asked', stepKey: 'read', question: { text: title, choices: [] }, resumesAs: 'queued' }, answers: { read: 'keep' } });
    expect(await new WorkflowJournalRepository(first.state).insertRun(record)).toEqual({ state: 'inserted' });
    await first.close();
    const journal = await journalIn(directory);
    expect(await journal.findRun(id('r1'))).toEqual(record);
    expect(await journal.findRunByPlan(record.planId)).toEqual(record);
    expect(await journal.steps(id('r1'))).toEqual(
      ['read', 'write', 'verify'].map((key) => ({ key, status: 'pending', attempt: 0, intent: null, output: null, error: null, startedAt: null, endedAt: null })),
    );
  });

  it('answers with the same run when the plan was started before', async () => {
    const journal = await journalIn();
    await journal.insertRun(run('r1'));
    expect(await journal.insertRun(run('r2', { planId: 'plan-of-r1' as PlanId }))).toEqual({ state: 'started-before', runId: 'r1' });
    expect(await journal.findRun(id('r2'))).toBeNull();
  });

  it('names the run that holds a lock, and takes none of the others', async () => {
    const journal = await journalIn();
    await journal.insertRun(run('r1', {}, { locks: ['disk:b'] }));
    expect(await journal.insertRun(run('r2', {}, { locks: ['disk:a', 'disk:b'] }))).toEqual({
      state: 'busy', resource: 'disk:b', holder: { runId: 'r1', title, subject: { kind: 'source-vm', id: 'vm-1', name: '源虚拟机' } },
    });
    expect(await journal.insertRun(run('r3', {}, { locks: ['disk:a', 'disk:a'] }))).toEqual({ state: 'inserted' });
  });

  it('refuses a live twin by its dedup key, and lets it go once that has ended', async () => {
    const journal = await journalIn();
    await journal.insertRun(run('r1', {}, { dedupKey: 'publish:a', locks: ['vm:1'] }));
    expect(await journal.insertRun(run('r2', {}, { dedupKey: 'publish:a' }))).toMatchObject({ state: 'duplicate', holder: { runId: 'r1' } });
    await journal.commit(id('r1'), { run: { status: 'succeeded', endedAt: 9 }, areLocksReleased: true });
    expect(await journal.insertRun(run('r3', {}, { dedupKey: 'publish:a', locks: ['vm:1'] }))).toEqual({ state: 'inserted' });
  });

  it('lets exactly one of many that start at once have the lock', async () => {
    const journal = await journalIn();
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_unused, i) => journal.insertRun(run(`r${i}`, {}, { locks: ['vm:1'] }))));
    expect(outcomes.filter(({ state }) => state === 'inserted')).toHaveLength(1);
    expect(outcomes.filter(({ state }) => state === 'busy')).toHaveLength(19);
  });
});

describe('committing a change', () => {
  it('writes what it names and leaves the rest', async () => {
    const journal = await journalIn();
    await journal.insertRun(run('r1'));
    await journal.commit(id('r1'), {
      run: { status: 'running', startedAt: 2, bootId: 'boot-1', progress: { phase: title, doneBytes: 1, totalBytes: 2, bytesPerSecond: null, remainingSeconds: null, fraction: 0.5 } },
      steps: [{ key: 'read', status: 'running', attempt: 1, intent: { path: '/a' }, startedAt: 2 }],
      events: [{ at: 2, stepKey: 'read', message: title }, { at: 3, stepKey: null, message: say('NOT_FOUND', { what: 'x', id: 'y' }) }],
      newArtifacts: [artifact('a1'), artifact('a2')],
    });
    await journal.commit(id('r1'), {
      run: { resumedAtFraction: 0.25 },
      steps: [{ key: 'read', status: 'done', output: { bytes: 7 }, endedAt: 3 }],
      artifacts: [{ id: 'a1', status: 'created', at: 8 }],
    });
    expect(await journal.findRun(id('r1'))).toMatchObject({ status: 'running', startedAt: 2, bootId: 'boot-1', resumedAtFraction: 0.25, progress: { fraction: 0.5 } });
    expect((await journal.steps(id('r1')))[0]).toEqual({
      key: 'read', status: 'done', attempt: 1, intent: { path: '/a' }, output: { bytes: 7 }, error: null, startedAt: 2, endedAt: 3,
    });
    expect((await journal.events(id('r1'))).map(({ at, stepKey }) => [at, stepKey])).toEqual([[2, 'read'], [3, null]]);
    expect((await journal.artifacts(id('r1'))).map((row) => [row.id, row.status, row.at])).toEqual([['a1', 'created', 8], ['a2', 'expected', 5]]);
  });

  it('can set a column back to nothing', async () => {
    const journal = await journalIn();
    await journal.insertRun(run('r1'));
    await journal.commit(id('r1'), { run: { cancelRequestedAt: 4, endedAt: 5 }, steps: [{ key: 'read', intent: { a: 1 } }] });
    await journal.commit(id('r1'), { run: { cancelRequestedAt: null, endedAt: null }, steps: [{ key: 'read', intent: null }] });
    expect(await journal.findRun(id('r1'))).toMatchObject({ cancelRequestedAt: null, endedAt: null });
    expect((await journal.steps(id('r1')))[0]).toMatchObject({ intent: null });
  });

  it.each([
    ['a step', { steps: [{ key: 'nothing', status: 'done' as const }] }],
    ['an artifact', { artifacts: [{ id: 'nothing', status: 'created' as const, at: 1 }] }],
    ['an artifact twice', { newArtifacts: [artifact('same'), artifact('same')] }],
  ])('writes nothing at all when %s is not there', async (_name, change) => {
    const journal = await journalIn();
    await journal.insertRun(run('r1'));
    await expect(journal.commit(id('r1'), { run: { status: 'running' }, events: [{ at: 1, stepKey: null, message: title }], ...change })).rejects.toThrow();
    expect(await journal.findRun(id('r1'))).toMatchObject({ status: 'queued' });
    expect(await journal.events(id('r1'))).toEqual([]);
    expect(await journal.artifacts(id('r1'))).toEqual([]);
  });

  it('rejects for a run that is not there, and for an artifact of another run', async () => {
    const journal = await journalIn();
    await journal.insertRun(run('r1'));
    await journal.insertRun(run('r2'));
    await journal.commit(id('r1'), { newArtifacts: [artifact('a1')] });
    await expect(journal.commit(id('gone'), {})).rejects.toMatchObject({ code: 'STORE_RUN_GONE' });
    await expect(journal.commit(id('r2'), { artifacts: [{ id: 'a1', status: 'removed', at: 1 }] })).rejects.toThrow();
  });
});

describe('the lists of runs', () => {
  it('has the live ones, oldest first', async () => {
    const journal = await journalIn();
    const statuses: RunStatus[] = ['queued', 'running', 'waiting', 'interrupted', 'cancelling', 'compensating', 'needs-attention', 'succeeded', 'failed', 'cancelled'];
    for (const [i, status] of statuses.entries()) await journal.insertRun(run(`r${i}`, { status, createdAt: 5 }));
    expect((await journal.liveRuns()).map(({ status }) => status)).toEqual(statuses.slice(0, 7));
    const all = { filter: '', sort: null, offset: 0, limit: 100 };
    expect((await journal.listRuns({ ...all, isLiveOnly: true })).total).toBe(7);
    const { total, rows } = await journal.listRuns({ ...all, isLiveOnly: false, limit: 2 });
    expect([total, rows.map((record) => record.id)]).toEqual([10, ['r9', 'r8']]);
    expect((await journal.listRuns({ ...all, isLiveOnly: false, filter: 'status:failed' })).rows.map((record) => record.id)).toEqual(['r8']);
    expect((await journal.listRuns({ ...all, isLiveOnly: false, filter: '源虚' })).total).toBe(10);
    for (const key of ['createdAt', 'status', 'type', 'subject']) {
      expect((await journal.listRuns({ ...all, isLiveOnly: false, sort: { key, isDescending: false } })).rows).toHaveLength(10);
    }
  });
});
