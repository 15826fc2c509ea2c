import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EventMessage } from '../../../src/shared/contract/events.ts';
import type { Platform } from '../../../src/shared/model/platform.ts';
import { definitionText, LibraryFolder } from '../../fixtures/local-library.ts';
import { createInventoryApp, type InventoryApp } from '../../fixtures/inventory-app.ts';

const never = new AbortController().signal;
let app: InventoryApp;
let folder: LibraryFolder;
let platform: Platform;

const rows = async () => (await app.sourceVms.list({ filter: '', sort: null, offset: 0, limit: 500, platformId: platform.id })).rows;
const names = async (): Promise<string[]> => (await rows()).map((vm) => vm.name);

beforeAll(async () => {
  app = await createInventoryApp();
});
afterAll(() => app.dispose());
beforeEach(async () => {
  folder = await LibraryFolder.create();
  for (const file of ['a', 'b', 'c']) {
    await folder.vm({ file });
    await folder.rawDisk(`${file}.raw`);
  }
  platform = await app.service.add({ kind: 'local', name: 'Library', settings: { path: app.grants.issue(folder.path) }, secrets: {} }, never);
  await app.syncs.sync(platform.id);
});
afterEach(async () => {
  await app.service.remove(platform.id);
  await folder.remove();
});

describe('a sync', () => {
  it('fills the cache, counts what is new, changed and gone, and says how fresh it is', async () => {
    expect(await names()).toEqual(['a', 'b', 'c']);
    await folder.write('b.xml', definitionText({ file: 'b', name: 'b2' }));
    await folder.vm({ file: 'd' });
    await rm(join(folder.path, 'c.xml'));
    await rm(join(folder.path, 'c.raw'));
    expect(await app.syncs.sync(platform.id)).toEqual({ platformId: platform.id, kind: 'complete', status: 'ok', seen: 3, added: 1, changed: 1, missing: 1 });
    expect((await rows()).map((vm) => [vm.name, vm.missingSince !== null])).toEqual([['a', false], ['b2', false], ['c', true], ['d', false]]);
    expect((await rows()).find((vm) => vm.name === 'c')?.actions.clone).toMatchObject({ isAvailable: false, reason: { code: 'SOURCE_VM_MISSING' } });
    const shown = await app.service.show(platform.id);
    expect(shown).toMatchObject({ counts: { sourceVms: 3 }, health: { status: 'ok', error: null, isSyncing: false } });
    expect(shown.health.lastOkAt).not.toBeNull();
    await folder.write('c.xml', definitionText({ file: 'c' }));
    expect(await app.syncs.sync(platform.id)).toMatchObject({ seen: 4, changed: 1, missing: 0 });
    expect((await rows()).every((vm) => vm.missingSince === null)).toBe(true);
  });

  it('hides nothing when the platform is away, and keeps the age of the last good listing', async () => {
    const before = (await app.service.show(platform.id)).health.lastOkAt;
    await rename(folder.path, `${folder.path}-away`);
    expect(await app.syncs.sync(platform.id)).toMatchObject({ status: 'failing', seen: 0, missing: 0 });
    expect((await rows()).map((vm) => [vm.name, vm.missingSince])).toEqual([['a', null], ['b', null], ['c', null]]);
    expect((await app.service.show(platform.id)).health).toMatchObject({ status: 'failing', lastOkAt: before, error: { reason: { code: 'LIBRARY_NOT_THERE' } } });
    await rename(`${folder.path}-away`, folder.path);
    expect(await app.syncs.sync(platform.id)).toMatchObject({ status: 'ok', seen: 3 });
  });

  it('hides nothing when a part of the library could not be looked at, but shows what is new', async () => {
    await mkdir(join(folder.path, Array.from({ length: 14 }, () => 'd').join('/')), { recursive: true });
    await rm(join(folder.path, 'c.xml'));
    await rm(join(folder.path, 'c.raw'));
    await folder.vm({ file: 'new' });
    expect(await app.syncs.sync(platform.id)).toMatchObject({ status: 'partial', seen: 3, added: 1, missing: 0 });
    expect((await rows()).map((vm) => [vm.name, vm.missingSince])).toEqual([['a', null], ['b', null], ['c', null], ['new', null]]);
    expect((await app.service.show(platform.id)).health).toMatchObject({ status: 'partial', error: { reason: { code: 'LIBRARY_TOO_DEEP' } } });
  });

  it('sweeps nothing when it is stopped', async () => {
    await rm(join(folder.path, 'c.xml'));
    await rm(join(folder.path, 'c.raw'));
    const running = app.syncs.sync(platform.id);
    await app.syncs.cancel(platform.id);
    expect(await running).toMatchObject({ status: 'partial', missing: 0 });
    expect((await rows()).every((vm) => vm.missingSince === null)).toBe(true);
    expect((await app.service.show(platform.id)).health.error?.reason.code).toBe('ABORTED');
  });

  it('runs once a platform: who asks meanwhile gets the same answer', async () => {
    const [first, second] = [app.syncs.sync(platform.id), app.syncs.sync(platform.id)];
    expect(app.syncs.isSyncing(platform.id)).toBe(true);
    expect(await second).toBe(await first);
    expect(app.syncs.isSyncing(platform.id)).toBe(false);
  });

  it('tells clients a few times, not for every row', async () => {
    for (let index = 0; index < 300; index += 1) await folder.vm({ file: `many/${index}` });
    const heard: EventMessage[] = [];
    const unsubscribe = app.events.subscribe((event) => heard.push(event));
    await app.syncs.sync(platform.id);
    unsubscribe();
    const about = heard.filter((event) => event.topic === 'sourceVms.changed').length;
    expect(about).toBeGreaterThan(0);
    expect(about).toBeLessThan(100);
  });
});
