import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Platform } from '../../../src/shared/model/platform.ts';
import { createInventoryApp, type InventoryApp } from '../../fixtures/inventory-app.ts';
import { imageRecord, ScriptedPlatform, vmRecord } from '../../fixtures/scripted-platform.ts';

const never = new AbortController().signal;
const pool = { location: '/stores/fast', freeBytes: 5, totalBytes: 9, fileTypes: ['qcow2'] as const, problem: null };
let scripted: ScriptedPlatform;
let app: InventoryApp;
let platform: Platform;

const vms = async () => (await app.sourceVms.list({ filter: '', sort: null, offset: 0, limit: 500, platformId: platform.id })).rows;
const imageNames = async (filter = '') =>
  (await app.images.list({ filter, sort: null, offset: 0, limit: 500, platformId: platform.id, scope: 'all' })).rows.map(({ record, missingSince }) => `${record.name}${missingSince === null ? '' : ' (missing)'}`);

beforeAll(async () => {
  // One registry for all tests: what the factory makes reads what the current test scripted.
  app = await createInventoryApp([{ ...new ScriptedPlatform().factory, create: (settings, secrets) => scripted.factory.create(settings, secrets) }]);
});
afterAll(() => app.dispose());
beforeEach(async () => {
  scripted = new ScriptedPlatform();
  platform = await app.service.add({ kind: 'manifest', name: 'Cloud', settings: {}, secrets: {} }, never);
  await app.syncs.sync(platform.id);
});
afterEach(async () => {
  for (const { id } of await app.service.list()) await app.service.remove(id);
});

describe('the lists of a platform', () => {
  it('keeps projects, sizes and pools, and forgets each after its own complete listing alone', async () => {
    scripted.projects = [{ externalId: 'p1', name: 'Sales', isManagement: false }, { externalId: 'p2', name: 'admin', isManagement: true }];
    scripted.sizes = [{ externalId: 's', name: 'small', vcpus: 1, memoryBytes: 2, diskBytes: 3 }];
    scripted.pools = [{ ...pool, externalId: 'fast', name: 'Fast' }, { ...pool, externalId: 'slow', name: 'Slow' }];
    expect(await app.syncs.sync(platform.id)).toMatchObject({ kind: 'complete', status: 'ok' });
    expect(await app.lists.projects(platform.id)).toEqual(scripted.projects);
    expect(await app.lists.instanceSizes(platform.id)).toEqual(scripted.sizes);
    expect((await app.platformPools.byPlatform(platform.id)).map(({ record }) => record)).toEqual(scripted.pools);
    expect((await app.platformPools.find(platform.id, 'slow'))?.record).toEqual(scripted.pools[1]);

    scripted.projects = [];
    scripted.pools = [{ ...pool, externalId: 'fast', name: 'Faster' }];
    scripted.failing.add('pools');
    expect(await app.syncs.sync(platform.id)).toMatchObject({ status: 'failing' });
    expect(await app.lists.projects(platform.id)).toEqual([]);
    expect((await app.platformPools.list()).map(({ record }) => record.name)).toEqual(['Faster', 'Slow']);

    scripted.failing.clear();
    await app.syncs.sync(platform.id);
    expect((await app.platformPools.list()).map(({ record }) => record.name)).toEqual(['Faster']);
    await app.service.remove(platform.id);
    expect(await app.platformPools.list()).toEqual([]);
  });

  it('shows rows under the name that their project has now, whatever is listed first', async () => {
    scripted.projects = [{ externalId: 'p1', name: 'Sales', isManagement: false }];
    scripted.vms = [vmRecord('vm', { projectId: 'p1', addresses: ['10.0.0.7', 'fd00::7'], status: 'ACTIVE' }), vmRecord('lost', { projectId: 'unknown' })];
    scripted.images = [imageRecord('ours', { projectId: 'p1', status: 'active', visibility: 'shared', updatedAt: 7 })];
    await app.syncs.sync(platform.id);
    expect((await vms()).map(({ name, projectName, addresses, status }) => [name, projectName, addresses, status])).toEqual([
      ['lost', 'unknown', [], null], ['vm', 'Sales', ['10.0.0.7', 'fd00::7'], 'ACTIVE'],
    ]);
    scripted.projects = [{ externalId: 'p1', name: 'Vertrieb 销售', isManagement: false }];
    await app.syncs.sync(platform.id);
    expect((await vms()).at(1)?.projectName).toBe('Vertrieb 销售');
    for (const filter of ['project:销售', 'status:active', 'visibility:shared', 'updatedAt:7']) expect(await imageNames(filter)).toEqual(['ours']);
    expect(await imageNames('visibility:public')).toEqual([]);
  });

  it('sweeps images although the VMs failed, and the other way round', async () => {
    scripted.vms = [vmRecord('a'), vmRecord('b')];
    scripted.images = [imageRecord('x'), imageRecord('y')];
    await app.syncs.sync(platform.id);
    scripted.vms = [vmRecord('a')];
    scripted.images = [imageRecord('x')];
    scripted.failing.add('sourceVms');
    expect(await app.syncs.sync(platform.id)).toMatchObject({ status: 'partial', missing: 1 });
    expect(await imageNames()).toEqual(['x', 'y (missing)']);
    expect((await vms()).every((vm) => vm.missingSince === null)).toBe(true);
  });
});

describe('a quick pass', () => {
  it('asks for changes since the last reading by the platform’s clock, and sweeps nothing', async () => {
    scripted.clockOffsetMs = 3_600_000;
    scripted.vms = [vmRecord('a'), vmRecord('b')];
    const before = Date.now();
    await app.syncs.sync(platform.id);
    const healthBefore = (await app.service.show(platform.id)).health;
    scripted.vms = [vmRecord('b')];
    scripted.changedVms = [vmRecord('b', { name: 'b2', fingerprint: '2' })];
    expect(await app.syncs.sync(platform.id, 'quick')).toEqual({ platformId: platform.id, kind: 'quick', status: 'ok', seen: 1, added: 0, changed: 1, missing: 0 });
    expect(scripted.askedSince).toHaveLength(1);
    // An hour ahead, and asked from a little before.
    expect(scripted.askedSince[0]).toBeGreaterThan(before + 3_000_000);
    expect(scripted.askedSince[0]).toBeLessThan(before + 3_600_000);
    expect((await vms()).map((vm) => [vm.name, vm.missingSince])).toEqual([['a', null], ['b2', null]]);
    expect((await app.service.show(platform.id)).health).toMatchObject({ status: 'ok', lastOkAt: healthBefore.lastOkAt });
  });

  it('reaches further back where the platform’s clock is not known', async () => {
    scripted.clockOffsetMs = null;
    const before = Date.now();
    await app.syncs.sync(platform.id);
    await app.syncs.sync(platform.id, 'quick');
    expect(scripted.askedSince[0]).toBeLessThan(before - 600_000);
  });

  it('asks again from where it was when it failed, and says that the platform does not answer', async () => {
    await app.syncs.sync(platform.id);
    scripted.failing.add('changedSourceVms');
    expect(await app.syncs.sync(platform.id, 'quick')).toMatchObject({ kind: 'quick', status: 'failing' });
    expect((await app.service.show(platform.id)).health).toMatchObject({ status: 'failing', error: { reason: { code: 'LIBRARY_NOT_THERE' } } });
    scripted.failing.clear();
    await app.syncs.sync(platform.id, 'quick');
    expect(scripted.askedSince[1]).toBe(scripted.askedSince[0]);
    await app.syncs.sync(platform.id, 'quick');
    expect(scripted.askedSince[2]).toBeGreaterThanOrEqual(scripted.askedSince[1] ?? Infinity);
    expect((await app.service.show(platform.id)).health).toMatchObject({ status: 'ok', error: null });
  });

  it('is a complete listing where the platform cannot say what changed', async () => {
    scripted.hasChanges = false;
    scripted.vms = [vmRecord('a')];
    // The connector is made once; a platform of its own has the scripted roles from its start.
    await app.service.remove(platform.id);
    platform = await app.service.add({ kind: 'manifest', name: 'Old cloud', settings: {}, secrets: {} }, never);
    await app.syncs.sync(platform.id);
    scripted.vms = [];
    expect(await app.syncs.sync(platform.id, 'quick')).toMatchObject({ kind: 'complete', status: 'ok', missing: 1 });
  });

  it('comes before a complete listing that was asked for meanwhile', async () => {
    await app.syncs.sync(platform.id);
    const quick = app.syncs.sync(platform.id, 'quick');
    const [complete, joined] = await Promise.all([app.syncs.sync(platform.id), app.syncs.sync(platform.id, 'quick')]);
    expect((await quick).kind).toBe('quick');
    expect(complete.kind).toBe('complete');
    expect(joined.kind).toBe('quick');
  });
});
