/** Publishing into a store of a platform: copied inside it, or written here and uploaded; read back before it gets its name. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { cloudRig, storePoolId, type CloudRig } from './cloud-rig.ts';
import { changed, type Rig } from './rig.ts';

const into = { poolId: storePoolId };
const registered = async ({ deps }: Rig) => (await deps.images.list({ filter: '', sort: null, offset: 0, limit: 10 })).rows;
const inStore = ({ cloud }: CloudRig) => cloud.state.list('store').map((thing) => [thing.name, thing.state]);
const workFiles = ({ deps }: Rig): string[] => (existsSync(deps.workDirectory) ? readdirSync(deps.workDirectory) : []);

describe('an image pool that is a store of a platform', () => {
  it('is there by itself, with what its platform says', async () => {
    const r = await cloudRig();
    expect((await r.deps.pools.list()).find((pool) => pool.id === storePoolId)).toMatchObject({ kind: 'platform', name: 'Cloud / images', fileTypes: ['qcow2'], isWritable: true });
    await expect(r.deps.pools.remove(storePoolId)).rejects.toMatchObject({ code: 'POOL_OF_PLATFORM' });
    expect((await r.plan(await r.clone('Win', { ...into, fileType: 'vhd' }))).findings.find((item) => item.id === 'store')?.severity).toBe('blocking');
  });

  it('takes an upload that was read back, and nothing is left on this computer', async () => {
    const r = await cloudRig();
    const plan = await r.plan(await r.clone('Win', into));
    expect(plan.steps.map((step) => step.key)).toEqual(
      ['check', 'stage', 'examine', 'convert', 'verify-file', 'upload', 'verify', 'register', 'content', 'unstage']);
    expect(plan.facts).toMatchObject({ storeWay: 'upload', proof: 'read-back' });
    const id = await r.start(plan);
    expect(await r.until(id, 'succeeded', 'failed', 'needs-attention'), JSON.stringify((await r.journal.findRun(id))?.error)).toBe('succeeded');
    const [row] = await registered(r);
    expect(row?.current).toMatchObject({ stored: { pool: 'store-1' }, verification: { detail: { code: 'PUBLISH_VERIFIED' } } });
    expect([inStore(r), workFiles(r)]).toEqual([[['Win-v1.qcow2', 'ready']], []]);
    expect(await r.run({ type: 'desktop-image.verify', versionId: row!.current.id })).toMatchObject({ status: 'succeeded' });
    writeFileSync(r.cloud.state.bytesOf('store', row!.current.stored!.externalId), 'somebody else');
    expect(await r.run({ type: 'desktop-image.verify', versionId: row!.current.id })).toMatchObject({ status: 'failed', code: 'DESKTOP_IMAGE_STORED_GONE' });
    expect(await r.run({ type: 'desktop-image.delete', desktopImageId: row!.image.id, versionId: null })).toMatchObject({ status: 'succeeded' });
    expect([inStore(r), await registered(r)]).toEqual([[], []]);
  }, 30_000);

  it('undoes an upload that does not hold what was written', async () => {
    const r = await cloudRig({
      disks: (real) => changed(real, {
        identify: async (file, level, report, signal) => {
          const identity = await real.identify(file, level, report, signal);
          return file.path.includes('store') ? { ...identity, digest: '00' } : identity;
        },
      }),
    });
    expect(await r.run(await r.clone('Win', into))).toMatchObject({ status: 'failed', code: 'PUBLISH_READ_BACK_DIFFERS' });
    expect([inStore(r), workFiles(r), await registered(r), r.cloud.state.list('staged')]).toEqual([[], [], [], []]);
  }, 30_000);

  it.each([['delete', 0, 'succeeded'], ['keep-vm', 1, 'needs-attention']] as const)('names a weaker proof, and asks before a VM is deleted on it: “%s”', async (choice, vms, end) => {
    const r = await cloudRig();
    r.cloud.copyWay = 'copy';
    const plan = await r.plan(await r.convert('Win', into));
    expect(plan.facts).toMatchObject({ storeWay: 'copy', proof: 'platform' });
    expect(plan.steps.map((step) => step.key)).toEqual(['check', 'copy', 'examine', 'verify', 'register', 'content', 'compare', 'delete']);
    expect(plan.findings.find((item) => item.id === 'store-way')).toMatchObject({ severity: 'warning', reason: { code: 'PUBLISH_STORE_COPY_WEAKER' } });
    const id = await r.start(plan);
    expect(await r.until(id, 'waiting', 'failed', 'succeeded', 'needs-attention'), JSON.stringify((await r.journal.findRun(id))?.error)).toBe('waiting');
    expect(r.cloud.state.list('vms')).toHaveLength(1);
    await r.engine.decide(id, choice);
    expect(await r.until(id, 'succeeded', 'failed', 'needs-attention')).toBe(end);
    expect(r.cloud.state.list('vms')).toHaveLength(vms);
    expect((await registered(r))[0]?.current.verification?.detail.code).toBe('PUBLISH_VERIFIED_WEAKER');
  }, 30_000);

  it('removes what was copied when the task is cancelled meanwhile', async () => {
    const r = await cloudRig();
    r.cloud.faults = { hangs: ['upload'] };
    const id = await r.start(await r.plan(await r.clone('Win', into)));
    await expect.poll(() => r.cloud.calls, { timeout: 20_000 }).toContain('upload');
    await r.engine.cancel(id);
    expect(await r.until(id, 'cancelled', 'failed', 'needs-attention')).toBe('cancelled');
    expect([inStore(r), workFiles(r), r.cloud.state.list('staged')]).toEqual([[], [], []]);
  }, 30_000);

  it('finds an upload whose answer was lost', async () => {
    const r = await cloudRig();
    r.cloud.faults = { after: { upload: () => new AppError('PLATFORM_WORK_STOPPED', {}, { isRetryable: true }) } };
    expect(await r.run(await r.clone('Win', into))).toMatchObject({ status: 'succeeded' });
    expect(r.cloud.calls.filter((call) => call === 'upload')).toHaveLength(1);
  }, 30_000);
});
