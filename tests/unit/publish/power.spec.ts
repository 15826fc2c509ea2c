/** A VM that runs: never read behind its back, shut down first where that is asked for, and left as it was found when the task does not end. */
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import type { ImageId } from '../../../src/shared/model/ids.ts';
import { cloudRig } from './cloud-rig.ts';
import { changed, platformId } from './rig.ts';

const running = { powerState: 'running' } as const;

describe('publishing a VM that runs', () => {
  it('is blocked, and the plan says that it could be shut down', async () => {
    const r = await cloudRig();
    r.cloud.changeVm('gold', running);
    const plan = await r.plan(await r.clone('Win'));
    expect(plan.findings.find((item) => item.id === 'power')?.severity).toBe('blocking');
    expect(plan.facts['canShutDown']).toBe(true);
    expect(plan.steps.map((step) => step.key)).not.toContain('stop');
  });

  it('shuts it down first and starts it at the end', async () => {
    const r = await cloudRig();
    r.cloud.changeVm('gold', running);
    const plan = await r.plan(await r.clone('Win', { whenRunning: 'stop-and-start' }));
    expect(plan.steps.map((step) => step.key)).toEqual(['check', 'stop', 'stage', 'examine', 'convert', 'verify', 'register', 'content', 'unstage', 'start']);
    expect(plan.findings.find((item) => item.id === 'power-stop')?.severity).toBe('warning');
    expect(await r.run(await r.clone('Win', { whenRunning: 'stop-and-start' }))).toMatchObject({ status: 'succeeded' });
    expect(r.cloud.calls).toEqual(['stop graceful', 'stage', 'unstage', 'start']);
    expect(r.cloud.vm('gold').powerState).toBe('running');
  });

  it('leaves a converted VM down until it is deleted', async () => {
    const r = await cloudRig();
    r.cloud.changeVm('gold', running);
    expect(await r.run(await r.convert('Win', { whenRunning: 'stop-and-start' }))).toMatchObject({ status: 'succeeded' });
    expect(r.cloud.calls).toEqual(['stop graceful', 'stage', 'unstage', 'delete']);
  });

  it('starts it again when publishing fails', async () => {
    const r = await cloudRig({ disks: (real) => changed(real, { convert: () => Promise.reject(new AppError('DISK_CHANGED', { path: 'x' })) }) });
    r.cloud.changeVm('gold', running);
    expect(await r.run(await r.clone('Win', { whenRunning: 'stop' }))).toMatchObject({ status: 'failed' });
    expect(r.cloud.vm('gold').powerState).toBe('running');
    expect(r.cloud.state.list('staged')).toEqual([]);
  });

  it.each([['force', 'succeeded', ['stop forced', 'stage', 'unstage']], ['leave', 'failed', ['start']]] as const)(
    'asks when the guest does not shut down; “%s” ends as %s', async (choice, end, calls) => {
      const r = await cloudRig();
      r.cloud.changeVm('gold', running);
      r.cloud.faults = { before: { 'stop graceful': () => new AppError('POWER_STILL_RUNNING', { vm: 'gold' }) } };
      const { id, status } = await r.run(await r.clone('Win', { whenRunning: 'stop' }));
      expect(status).toBe('waiting');
      await r.engine.decide(id, choice);
      expect(await r.until(id, 'succeeded', 'failed', 'needs-attention')).toBe(end);
      expect(r.cloud.calls).toEqual(choice === 'leave' ? [] : calls);
      expect(r.cloud.vm('gold').powerState).toBe(choice === 'leave' ? 'running' : 'stopped');
    });
});

describe('switching a VM', () => {
  it.each([['stop', 'running', 'stopped'], ['force-stop', 'running', 'stopped'], ['start', 'stopped', 'running']] as const)('%s', async (power, before, after) => {
    const r = await cloudRig();
    r.cloud.changeVm('gold', { powerState: before });
    const vmId = await r.vmId('gold');
    expect(await r.run({ type: 'vm.power', vmId, power })).toMatchObject({ status: 'succeeded' });
    expect(r.cloud.vm('gold').powerState).toBe(after);
    const again = await r.plan({ type: 'vm.power', vmId, power });
    expect(again.findings.find((item) => item.id === 'no-change')?.severity).toBe('blocking');
  });
});

describe('attributes of an image on its platform', () => {
  it('are shown before and after, and written once', async () => {
    const r = await cloudRig();
    const refreshed: string[] = [];
    let isGolden = false;
    r.deps.platformImages = {
      find: (id) => Promise.resolve({ id, platformId, platformName: 'Cloud', externalId: 'gold', name: 'Gold image', isGolden }),
      refresh: ({ externalId }) => Promise.resolve(void refreshed.push(externalId)),
    };
    const request = { type: 'image.patch', imageId: 'i' as ImageId, change: { bootMode: 'uefi', adminUser: 'root' } } as const;
    const plan = await r.plan(request);
    expect(plan.facts).toEqual({ before: 'bootMode: —\nadminUser: —', after: 'bootMode: uefi\nadminUser: root' });
    expect(await r.run(request)).toMatchObject({ status: 'succeeded' });
    expect([r.cloud.vm('gold').attributes, refreshed]).toEqual([{ bootMode: 'uefi', adminUser: 'root' }, ['gold']]);
    expect((await r.plan(request)).findings.map((item) => item.id)).toEqual(['no-change']);
    const card = await r.plan({ ...request, change: { videoModel: 'cirrus' } });
    expect(card.canStart).toBe(false);
    isGolden = true;
    expect((await r.plan({ ...request, change: { bootMode: 'bios' } })).findings).toMatchObject([{ id: 'golden', severity: 'blocking' }]);
  });
});
