/** Publishing from a platform that has to copy a disk before it can be read; over a simulated cloud, and the real engine, store and disks. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { cloudRig, type CloudRig } from './cloud-rig.ts';
import { changed, sharedDiskEngine, type Rig } from './rig.ts';

const registered = async ({ deps }: Rig) => (await deps.images.list({ filter: '', sort: null, offset: 0, limit: 10 })).rows;
const staged = ({ cloud }: CloudRig): number => cloud.state.list('staged').length;
const statuses = async ({ journal }: Rig, id: Awaited<ReturnType<Rig['start']>>) =>
  (await journal.artifacts(id)).filter((item) => item.kind === 'staged-copy').map((item) => item.status);

describe('a disk that is read from a copy', () => {
  it('is published, the plan says what it does not know, and the copy is gone', async () => {
    const r = await cloudRig();
    const plan = await r.plan(await r.clone('Win'));
    expect(plan.steps.map((step) => step.key)).toEqual(['check', 'stage', 'examine', 'convert', 'verify', 'register', 'content', 'unstage']);
    expect(plan.facts['isStaged']).toBe(true);
    expect(plan.findings.find((item) => item.id === 'disk-inspected')).toMatchObject({ severity: 'unknown', reason: { code: 'PUBLISH_STAGED_UNREAD' } });
    expect(plan.findings.find((item) => item.id === 'pool-space')).toBeUndefined();
    const id = await r.start(plan);
    expect(await r.until(id, 'succeeded', 'failed', 'waiting')).toBe('succeeded');
    const [row] = await registered(r);
    const original = await sharedDiskEngine().identify({ path: join(r.library, 'gold.raw'), policy: { roots: [] } }, 'content', () => undefined);
    expect(row?.current.contentIdentity).toEqual(original);
    expect([staged(r), await statuses(r, id)]).toEqual([0, ['removed']]);
    expect(r.cloud.calls).toEqual(['stage', 'unstage']);
  });

  it('is converted: the VM goes last, after the copy was compared', async () => {
    const r = await cloudRig();
    const { status, code } = await r.run(await r.convert('Win'));
    expect([status, code]).toEqual(['succeeded', null]);
    expect(r.cloud.calls).toEqual(['stage', 'unstage', 'delete']);
    expect(r.cloud.state.list('vms')).toEqual([]);
  });

  it('keeps a VM that changed after it was copied', async () => {
    const r = await cloudRig({
      disks: (real) => changed(real, {
        identify: (file, level, report, signal) => {
          if (level === 'content') r.cloud.changeVm('gold', {});
          return real.identify(file, level, report, signal);
        },
      }),
    });
    const { id, status, code } = await r.run(await r.convert('Win'));
    expect([status, code]).toEqual(['needs-attention', 'PUBLISH_KEPT_VM']);
    await r.engine.decide(id, 'keep');
    expect(await r.until(id, 'failed', 'cancelled', 'succeeded')).toBe('failed');
    expect(r.cloud.state.list('vms')).toHaveLength(1);
    expect([staged(r), await statuses(r, id)]).toEqual([0, ['removed']]);
    expect((await r.journal.events(id)).map((event) => event.message.code)).toContain('TASK_EVENT_KEPT_RESULT');
    expect(await registered(r)).toHaveLength(1);
  });

  it('stops before anything is registered when the disk must not be published', async () => {
    const r = await cloudRig({
      disks: (real) => changed(real, { inspect: async (file, signal) => ({ ...(await real.inspect(file, signal)), encryption: 'bitlocker' }) }),
    });
    const { id, status, code } = await r.run(await r.clone('Win'));
    expect([status, code]).toEqual(['failed', 'PUBLISH_STAGED_BLOCKED']);
    expect((await r.journal.findRun(id))?.error?.causes[0]?.code).toBe('READY_BITLOCKER');
    expect([await registered(r), r.poolFiles(), staged(r)]).toEqual([[], [], 0]);
  });

  it.each([['publish', 'succeeded', 1], ['stop', 'failed', 0]] as const)('asks about what could not be seen before; “%s” ends as %s', async (choice, end, images) => {
    const r = await cloudRig({
      disks: (real) => changed(real, {
        inspect: async (file, signal) => ({ ...(await real.inspect(file, signal)), problems: [{ code: 'INSPECT_GPT_BOTH_DAMAGED', params: {} }] }),
      }),
    });
    const { id, status } = await r.run(await r.clone('Win'));
    expect(status).toBe('waiting');
    await r.engine.decide(id, choice);
    expect(await r.until(id, 'succeeded', 'failed', 'needs-attention')).toBe(end);
    expect([(await registered(r)).length, staged(r)]).toEqual([images, 0]);
  });
});

describe('a copy that does not come about', () => {
  const timeout = (): AppError => new AppError('PLATFORM_WORK_STOPPED', {}, { isRetryable: true });

  it('is found again when only the answer was lost, and not asked for twice', async () => {
    const r = await cloudRig();
    r.cloud.faults = { after: { stage: timeout } };
    expect(await r.run(await r.clone('Win'))).toMatchObject({ status: 'succeeded' });
    expect(r.cloud.calls.filter((call) => call === 'stage')).toHaveLength(1);
  }, 20_000);

  it('is a question where the platform cannot say; “stop” leaves nothing behind', async () => {
    const r = await cloudRig();
    r.cloud.faults = { after: { stage: timeout }, find: 'unknown' };
    const { id, status } = await r.run(await r.clone('Win'));
    expect(status).toBe('needs-attention');
    r.cloud.faults = {};
    await r.engine.decide(id, 'stop');
    expect(await r.until(id, 'failed', 'succeeded')).toBe('failed');
    expect([staged(r), await statuses(r, id), await registered(r)]).toEqual([0, ['removed'], []]);
  }, 20_000);

  it('is removed when the task is cancelled while the platform works', async () => {
    const r = await cloudRig();
    r.cloud.faults = { hangs: ['stage'] };
    const id = await r.start(await r.plan(await r.clone('Win')));
    await expect.poll(() => r.cloud.calls).toContain('stage');
    await r.engine.cancel(id);
    expect(await r.until(id, 'cancelled', 'failed')).toBe('cancelled');
    expect([staged(r), await statuses(r, id)]).toEqual([0, ['removed']]);
  });

  it('is listed as left behind when it cannot be removed, and the image stays', async () => {
    const r = await cloudRig();
    r.cloud.faults = { before: { unstage: () => new AppError('PLATFORM_WORK_STOPPED') } };
    const { id, status } = await r.run(await r.clone('Win'));
    expect(status).toBe('succeeded');
    expect([staged(r), await statuses(r, id), (await registered(r)).length]).toEqual([1, ['unknown'], 1]);
  });

  it('is removed when the platform dies in the middle of reading it', async () => {
    const r = await cloudRig({ disks: (real) => changed(real, { convert: () => Promise.reject(new AppError('PLATFORM_WORK_STOPPED')) }) });
    const { id, status } = await r.run(await r.clone('Win'));
    expect(status).toBe('failed');
    expect([staged(r), await statuses(r, id), r.poolFiles()]).toEqual([0, ['removed'], []]);
  });

  it('is waited for when a new start finds the platform still at it', async () => {
    const r = await cloudRig();
    r.cloud.faults = { after: { stage: timeout }, runningLooks: 2 };
    expect(await r.run(await r.clone('Win'))).toMatchObject({ status: 'succeeded' });
    expect(r.cloud.calls.filter((call) => call === 'stage')).toHaveLength(1);
  }, 30_000);
});
