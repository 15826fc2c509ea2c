/**
 * What every connector must do, whatever platform is behind it. A connector's spec gives a fixture that makes VMs on its platform (or a
 * simulator of it); cases for roles that the fixture does not name are left out.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connector, NewVmSpec } from '../../src/main/platforms/connector.ts';
import type { SourceVmRecord } from '../../src/main/platforms/inventory-records.ts';
import { unknownOs } from '../../src/shared/model/os.ts';

export interface ConnectorFixture {
  connector: Connector;
  /** Makes a stopped VM with one readable disk. @returns its external id */
  addVm(name: string): Promise<string>;
  removeVm(id: string): Promise<void>;
  /** Changes the VM on the platform, behind the connector's back. */
  touchVm(id: string): Promise<void>;
  /** The longest name that the platform takes. */
  longestName: number;
  /** Makes the platform refuse changes; absent where it cannot. */
  makeReadOnly?(): Promise<void>;
  /** Puts a VM over the disk of another one; absent where the platform has no such thing. */
  addDependant?(base: string, name: string): Promise<string>;
  /** False where the platform takes no VM back to a snapshot. Default: it does. */
  canRevert?: boolean;
  /** Writes the disk for a new VM at the place that the creator named. */
  writeDisk?(path: string): Promise<void>;
  dispose(): Promise<void>;
}

export function connectorSuite(kind: string, makeFixture: () => Promise<ConnectorFixture>): void {
  const never = new AbortController().signal;
  let fixture: ConnectorFixture;
  let connector: Connector;

  beforeEach(async () => {
    fixture = await makeFixture();
    ({ connector } = fixture);
  });
  afterEach(async () => {
    await connector.dispose();
    await fixture.dispose();
  });

  async function list(): Promise<SourceVmRecord[]> {
    const found: SourceVmRecord[] = [];
    for await (const page of connector.inventory.sourceVms(never)) found.push(...page);
    return found;
  }

  describe(`${kind}: inventory`, () => {
    it('lists every VM once, in pages', async () => {
      const ids = new Set<string>();
      for (let index = 0; index < 230; index += 1) ids.add(await fixture.addVm(`vm-${index}`));
      const seen: string[] = [];
      let pages = 0;
      for await (const page of connector.inventory.sourceVms(never)) {
        pages += 1;
        expect(page.length).toBeLessThan(200);
        seen.push(...page.map((vm) => vm.externalId));
      }
      expect(pages).toBeGreaterThan(1);
      expect(seen).toHaveLength(ids.size);
      expect(new Set(seen)).toEqual(ids);
    });

    it('goes through with VMs that come and go meanwhile, and lists those that stay once', async () => {
      const ids: string[] = [];
      for (let index = 0; index < 230; index += 1) ids.push(await fixture.addVm(`vm-${String(index).padStart(3, '0')}`));
      const seen: string[] = [];
      const last = ids.at(-1) ?? '';
      let isFirst = true;
      for await (const page of connector.inventory.sourceVms(never)) {
        seen.push(...page.map((vm) => vm.externalId));
        if (!isFirst) continue;
        isFirst = false;
        await fixture.removeVm(last);
        await fixture.addVm('vm-new');
      }
      expect(new Set(seen).size).toBe(seen.length);
      for (const id of ids.slice(0, -1)) expect(seen).toContain(id);
    });

    it('keeps names of any script and length', async () => {
      const names = ['财务 虚拟机', 'Ünïcödé “quotes” & <tags>', '🖥 desktop', 'a  b', '长'.repeat(Math.floor(fixture.longestName / 3))];
      for (const name of names) await fixture.addVm(name);
      expect((await list()).map((vm) => vm.name).sort()).toEqual([...names].sort());
    });

    it('stops when asked, and says so', async () => {
      for (let index = 0; index < 230; index += 1) await fixture.addVm(`vm-${index}`);
      const abort = new AbortController();
      await expect((async () => {
        for await (const page of connector.inventory.sourceVms(abort.signal)) if (page.length > 0) abort.abort(new Error('stopped by the test'));
      })()).rejects.toThrow('stopped by the test');
    });

    it('answers about one VM past any cache, and NOT_FOUND once it has gone', async () => {
      const id = await fixture.addVm('one');
      const before = await connector.current(id, never);
      expect(before).toMatchObject({ externalId: id, name: 'one', powerState: 'stopped' });
      expect(before.disks.filter((disk) => disk.isSystem)).toHaveLength(1);
      expect((await connector.current(id, never)).fingerprint).toBe(before.fingerprint);
      await fixture.touchVm(id);
      expect((await connector.current(id, never)).fingerprint).not.toBe(before.fingerprint);
      await fixture.removeVm(id);
      await expect(connector.current(id, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('gives a probe with steps and a positive answer for each role it has', async () => {
      const probe = await connector.probe(never);
      expect(probe.steps.length).toBeGreaterThan(0);
      expect(probe.steps.every((step) => step.outcome === 'ok')).toBe(true);
      expect(probe.capabilities.sourceVms).toEqual({ isAvailable: true });
    });

    it('says which roles a read-only platform does not give, and why', async () => {
      if (fixture.makeReadOnly === undefined) return;
      const id = await fixture.addVm('kept');
      await fixture.makeReadOnly();
      const { capabilities } = await connector.probe(never);
      for (const role of ['hardware', 'snapshots', 'deleter', 'creator'] as const) {
        if (connector[role] !== undefined) expect(capabilities[role]).toHaveProperty('reason.code');
      }
      expect(await connector.snapshots?.obstacle(id)).not.toBeNull();
      await expect(connector.deleter?.manifest(id)).rejects.toHaveProperty('code');
      expect(await list()).toHaveLength(1);
    });
  });

  describe(`${kind}: hardware`, () => {
    it('previews without writing, writes once, and finds its own change again', async () => {
      const { hardware } = connector;
      if (hardware === undefined) return;
      const id = await fixture.addVm('editable');
      const change = { vcpus: 4, memoryBytes: 4 * 1024 ** 3, bootMode: 'uefi', videoModel: 'virtio' } as const;
      const preview = await hardware.preview(id, change);
      expect(preview.after).not.toBe(preview.before);
      expect((await connector.current(id, never)).vcpus).not.toBe(4);
      await hardware.apply(id, change, preview.fingerprint, 'key');
      expect(await hardware.read(id)).toEqual(change);
      await hardware.apply(id, change, preview.fingerprint, 'key');
      expect(await connector.current(id, never)).toMatchObject({ vcpus: 4, memoryBytes: 4 * 1024 ** 3, bootMode: 'uefi', videoModel: 'virtio' });
    });

    it('refuses a change planned over another definition', async () => {
      const { hardware } = connector;
      if (hardware === undefined) return;
      const id = await fixture.addVm('moving');
      const { fingerprint } = await hardware.preview(id, { vcpus: 8 });
      await fixture.touchVm(id);
      await expect(hardware.apply(id, { vcpus: 8 }, fingerprint, 'key')).rejects.toMatchObject({ code: 'DEFINITION_CHANGED' });
    });
  });

  describe(`${kind}: snapshots`, () => {
    it('makes one, finds it, lists it, and makes it once', async () => {
      const { snapshots } = connector;
      if (snapshots === undefined) return;
      const id = await fixture.addVm('snapped');
      expect(await snapshots.obstacle(id)).toBeNull();
      const intent = await snapshots.prepare(id, 'before 更新', 'run/step');
      expect(await snapshots.find(id, intent)).toBe('absent');
      await snapshots.create(id, intent, never);
      await snapshots.create(id, intent, never);
      expect(await snapshots.find(id, intent)).toBe('done');
      const vm = await connector.current(id, never);
      expect(vm.snapshots).toMatchObject([{ name: 'before 更新', parentId: null, isCurrent: true }]);
      expect(vm.disks[0]?.problem).toBeNull();
    });

    it('takes an unused one back', async () => {
      const { snapshots } = connector;
      if (snapshots === undefined) return;
      const id = await fixture.addVm('undone');
      const before = await connector.current(id, never);
      const intent = await snapshots.prepare(id, 's', 'key');
      await snapshots.create(id, intent, never);
      await snapshots.undo(id, intent);
      await snapshots.undo(id, intent);
      expect(await snapshots.find(id, intent)).toBe('absent');
      const after = await connector.current(id, never);
      expect(after.snapshots).toEqual([]);
      expect(after.disks.map((disk) => disk.location)).toEqual(before.disks.map((disk) => disk.location));
    });

    it('goes back to one, and deletes it with the disk whole again', async () => {
      const { snapshots } = connector;
      if (snapshots === undefined) return;
      const id = await fixture.addVm('reverted');
      await snapshots.create(id, await snapshots.prepare(id, 'one', 'k1'), never);
      await snapshots.create(id, await snapshots.prepare(id, 'two', 'k2'), never);
      const [first, second] = (await connector.current(id, never)).snapshots;
      if (fixture.canRevert ?? true) {
        const revert = await snapshots.prepareRevert(id, first?.id ?? '', 'k3');
        await snapshots.revert(id, revert, never);
        await snapshots.revert(id, revert, never);
        expect(await snapshots.find(id, revert)).toBe('done');
        expect((await connector.current(id, never)).snapshots.map((item) => [item.name, item.isCurrent])).toEqual([['one', true], ['two', false]]);
      } else await expect(snapshots.prepareRevert(id, first?.id ?? '', 'k3')).rejects.toHaveProperty('code');
      for (const snapshot of [first, second]) {
        const removal = await snapshots.prepareDelete(id, snapshot?.id ?? '', `delete ${snapshot?.id}`);
        expect(removal.freeBytes).toBeGreaterThan(0);
        expect(await snapshots.find(id, removal)).toBe('absent');
        await snapshots.delete(id, removal, () => undefined, never);
        await snapshots.delete(id, removal, () => undefined, never);
        expect(await snapshots.find(id, removal)).toBe('done');
      }
      const vm = await connector.current(id, never);
      expect(vm.snapshots).toEqual([]);
      expect(vm.disks[0]).toMatchObject({ chainDepth: 0, problem: null });
    });
  });

  describe(`${kind}: deleting and creating`, () => {
    it('removes exactly what the manifest names, and again without harm', async () => {
      const { deleter } = connector;
      if (deleter === undefined) return;
      const id = await fixture.addVm('doomed');
      const other = await fixture.addVm('other');
      const manifest = await deleter.manifest(id);
      expect(manifest.items.at(-1)?.kind).toBe('definition');
      await deleter.remove(id, manifest, never);
      await deleter.remove(id, manifest, never);
      expect((await list()).map((vm) => vm.externalId)).toEqual([other]);
    });

    it('refuses what has changed since the manifest, and what another VM stands on', async () => {
      const { deleter } = connector;
      if (deleter === undefined) return;
      const id = await fixture.addVm('base');
      const manifest = await deleter.manifest(id);
      await fixture.touchVm(id);
      await expect(deleter.remove(id, manifest, never)).rejects.toMatchObject({ code: 'DELETE_FILE_CHANGED' });
      if (fixture.addDependant === undefined) return;
      await fixture.addDependant(id, 'stands on base');
      expect(await connector.diskExport?.dependants(id)).toEqual(['stands on base']);
      await expect(deleter.manifest(id)).rejects.toMatchObject({ code: 'DELETE_DISK_SHARED' });
    });

    it('defines a new VM over a disk, once', async () => {
      const { creator } = connector;
      if (creator === undefined || fixture.writeDisk === undefined) return;
      const spec: NewVmSpec = { name: 'Neue VM: 新', diskFormat: 'qcow2', bootMode: 'uefi', videoModel: 'virtio', vcpus: 2, memoryBytes: 2 * 1024 ** 3, os: unknownOs };
      const prepared = await creator.prepare(spec, 'key');
      expect(await list()).toEqual([]);
      await fixture.writeDisk(prepared.diskPath);
      const id = await creator.define(spec, prepared);
      expect(await creator.define(spec, prepared)).toBe(id);
      expect(await list()).toMatchObject([{ externalId: id, name: spec.name, bootMode: 'uefi', videoModel: 'virtio', vcpus: 2, memoryBytes: spec.memoryBytes }]);
      expect((await creator.prepare(spec, 'another')).diskPath).not.toBe(prepared.diskPath);
    });
  });
}
