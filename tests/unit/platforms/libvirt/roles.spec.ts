import { randomFillSync } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerDiskEngine } from '../../../../src/main/disks/disk-engine.ts';
import type { NewVmSpec, StoreImageSpec } from '../../../../src/main/platforms/connector.ts';
import type { SourceVmRecord } from '../../../../src/main/platforms/inventory-records.ts';
import { unknownOs } from '../../../../src/shared/model/os.ts';
import { SimulatedPlatform } from '../../../simulators/libvirt-host/simulated-platform.ts';

const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());
const never = new AbortController().signal;
const ignore = (): undefined => undefined;

describe('a libvirt host', () => {
  let platform: SimulatedPlatform;
  let directory: string;
  beforeEach(async () => {
    platform = await SimulatedPlatform.create(engine);
    directory = await mkdtemp(join(tmpdir(), 'goldpress-here-'));
  });
  afterEach(async () => {
    await platform.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  const list = async (): Promise<SourceVmRecord[]> => {
    const found: SourceVmRecord[] = [];
    for await (const page of platform.connector.inventory.sourceVms(never)) found.push(...page);
    return found;
  };

  const poolId = async (): Promise<string> => {
    for await (const pools of platform.connector.inventory.pools(never)) return pools[0]?.externalId ?? '';
    return '';
  };

  const spec = async (over: Partial<StoreImageSpec> = {}): Promise<StoreImageSpec> => ({
    pool: await poolId(), name: "Büro 办公 it's v1", fileType: 'qcow2', virtualBytes: 256 * 1024, os: unknownOs, bootMode: 'bios', videoModel: null, ...over,
  });

  /** A file of this computer, as a conversion leaves it. */
  async function qcow2Here(bytes = 256 * 1024): Promise<{ path: string; sizeBytes: number }> {
    const raw = join(directory, 'here.raw');
    const path = join(directory, 'here.qcow2');
    await writeFile(raw, randomFillSync(Buffer.alloc(bytes)));
    await engine.convert({ source: { path: raw, policy: { roots: [] } }, targetPath: path, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null }, ignore);
    return { path, sizeBytes: (await stat(path)).size };
  }

  describe('inventory', () => {
    it('tells states apart: only what is shut off and has no saved state is stopped', async () => {
      const [running, paused, saved, off] = [await platform.addVm('a'), await platform.addVm('b'), await platform.addVm('c'), await platform.addVm('d')];
      platform.domain(running).power = 'running';
      platform.domain(paused).power = 'paused';
      platform.domain(saved).hasSavedState = true;
      expect((await list()).map((vm) => vm.powerState)).toEqual(['running', 'paused', 'suspended', 'stopped']);
      for (const [id, power] of [[running, 'running'], [paused, 'paused'], [saved, 'suspended'], [off, 'stopped']] as const) {
        expect((await platform.connector.current(id, never)).powerState).toBe(power);
      }
      expect((await list())[0]?.addresses).toEqual(['192.168.122.5']);
      expect(await platform.connector.diskExport.use(saved, 'vda')).toMatchObject({ state: 'locked' });
      await expect(platform.connector.deleter.manifest(running)).rejects.toMatchObject({ code: 'LIBVIRT_VM_NOT_STOPPED' });
    });

    it('lists all others when one definition is broken, and does not call that complete', async () => {
      const broken = await platform.addVm('broken');
      await platform.addVm('whole');
      platform.domain(broken).text = '<domain><name>x</name';
      const seen: string[] = [];
      await expect((async () => {
        for await (const page of platform.connector.inventory.sourceVms(never)) seen.push(...page.map((vm) => vm.name));
      })()).rejects.toMatchObject({ code: 'LIBRARY_DEFINITION_BROKEN' });
      expect(seen).toEqual(['whole']);
    });

    it.each(['', 'Welcome to kvm!\n', '<html>502</html>', '-----', '\u0000'.repeat(100)])('does not take %j for an answer', async (garbage) => {
      await platform.addVm('one');
      platform.host.libvirt.garbage = garbage;
      await expect(list()).rejects.toMatchObject({ code: 'LIBVIRT_ANSWER_UNREADABLE' });
      const probe = await platform.connector.probe(never);
      expect(probe.steps.at(-1)).toMatchObject({ outcome: 'failed', detail: { code: 'LIBVIRT_ANSWER_UNREADABLE' } });
    });

    it('changes the fingerprint with the disk', async () => {
      const id = await platform.addVm('one');
      const before = (await platform.connector.current(id, never)).fingerprint;
      await utimes(platform.diskOf(id), 1_600_000_000, 1_600_000_000);
      expect((await platform.connector.current(id, never)).fingerprint).not.toBe(before);
    });

    it('says of a disk why it cannot be read', async () => {
      await platform.define('gone', join(platform.host.folder, 'gone.raw'));
      await platform.define('relative', 'disk.raw');
      const outside = join(directory, 'outside.raw');
      await writeFile(outside, Buffer.alloc(4096));
      const overlay = join(platform.host.folder, 'over.qcow2');
      await engine.createOverlay({ path: overlay, basePath: outside, policy: { roots: [directory] } });
      await platform.define('outside', overlay, 'qcow2');
      expect((await list()).map((vm) => vm.disks[0]?.problem?.code)).toEqual(['LIBVIRT_DISK_MISSING', 'LIBRARY_DISK_NOT_A_FILE', 'DISK_BACKING_OUTSIDE']);
    });

    it('goes on after a cut between two pages, and ends with a lost host', async () => {
      for (let index = 0; index < 120; index += 1) await platform.addVm(`vm-${String(index)}`);
      const seen: string[] = [];
      for await (const page of platform.connector.inventory.sourceVms(never)) {
        seen.push(...page.map((vm) => vm.externalId));
        platform.host.cutConnection();
      }
      expect(new Set(seen).size).toBe(120);
    });
  });

  describe('probe', () => {
    it('says what is missing: virsh, rights, readable disks', async () => {
      await platform.addVm('one');
      platform.host.mayRead = false;
      const probe = await platform.connector.probe(never);
      expect(probe.capabilities.diskExport).toMatchObject({ isAvailable: false, reason: { code: 'LIBVIRT_DISKS_NOT_READABLE' } });
      expect(probe.capabilities.power).toEqual({ isAvailable: true });
      platform.host.libvirt.isReadOnly = true;
      const looking = await platform.connector.probe(never);
      expect(looking.capabilities.hardware).toMatchObject({ reason: { code: 'LIBVIRT_NO_RIGHTS' } });
      expect(looking.capabilities.sourceVms).toEqual({ isAvailable: true });
      platform.host.hasVirsh = false;
      expect((await platform.connector.probe(never)).steps.at(-1)).toMatchObject({ detail: { code: 'LIBVIRT_NO_VIRSH' } });
    });
  });

  describe('power', () => {
    it('starts and stops once, and says when a guest does not listen', async () => {
      const id = await platform.addVm('one');
      const { power } = platform.connector;
      await power.start(id, never);
      await power.start(id, never);
      expect(platform.domain(id).power).toBe('running');
      platform.domain(id).ignoresShutdown = true;
      await expect(power.stop(id, 'graceful', never)).rejects.toMatchObject({ code: 'POWER_STILL_RUNNING' });
      await power.stop(id, 'forced', never);
      await power.stop(id, 'graceful', never);
      expect(platform.domain(id).power).toBe('stopped');
    });
  });

  describe('as an image store', () => {
    it('copies inside the host under a hidden name, and gives it its own at the end', async () => {
      const { imageStore } = platform.connector;
      const id = await platform.addVm('one');
      const wanted = await spec();
      expect(await imageStore.copyObstacle(id, 'vda', wanted, never)).toBeNull();
      expect(await imageStore.copyObstacle(id, 'vda', { ...wanted, fileType: 'vhd' }, never)).toMatchObject({ code: 'LIBVIRT_COPY_ONLY_QCOW2' });
      const intent = await imageStore.prepareCopy(id, 'vda', wanted, 'run/copy');
      expect(await imageStore.find(intent, never)).toEqual({ state: 'absent' });
      const made = await imageStore.copy(id, intent, ignore, never);
      expect(made).toMatchObject({ format: 'qcow2', virtualBytes: 256 * 1024 });
      expect(readdirSync(platform.host.folder)).not.toContain(`${wanted.name}.qcow2`);
      const image = await imageStore.publish(made, intent, wanted, never);
      expect(await imageStore.publish(made, intent, wanted, never)).toBe(image);
      expect(await imageStore.find(intent, never)).toMatchObject({ state: 'done' });
      expect(await engine.firstDifference(await imageStore.file(wanted.pool, image), { path: platform.diskOf(id), policy: { roots: [] } }, ignore)).toBeNull();
      await expect(imageStore.prepareCopy(id, 'vda', wanted, 'another')).rejects.toMatchObject({ code: 'LIBVIRT_IMAGE_NAME_TAKEN' });
      await imageStore.remove(wanted.pool, image, never);
      await imageStore.remove(wanted.pool, image, never);
      await expect(imageStore.current(wanted.pool, image, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('uploads on after a cut, and undoes what was not published', async () => {
      const { imageStore } = platform.connector;
      const local = await qcow2Here(12 * 1024 ** 2);
      const wanted = await spec({ virtualBytes: 12 * 1024 ** 2 });
      const intent = await imageStore.prepareUpload(wanted, local.sizeBytes, 'run/upload');
      let first = 0;
      await expect(imageStore.upload(intent, local.path, ({ doneBytes }) => {
        if (doneBytes > 9 * 1024 ** 2 && first === 0) {
          first = doneBytes;
          platform.host.cutConnection();
        }
      }, never)).rejects.toMatchObject({ code: 'SSH_LOST' });
      const reported: number[] = [];
      const image = await imageStore.upload(intent, local.path, ({ doneBytes }) => reported.push(doneBytes), never);
      expect(reported[0]).toBeGreaterThan(4 * 1024 ** 2);
      expect(image.sizeBytes).toBe(local.sizeBytes);
      expect(await engine.firstDifference({ path: join(platform.host.folder, image.externalId), policy: { roots: [] } }, { path: local.path, policy: { roots: [] } }, ignore)).toBeNull();
      await imageStore.undo(intent);
      await imageStore.undo(intent);
      expect(readdirSync(platform.host.folder)).toEqual([]);
    });

    it('gives nothing outside its pool, and keeps what a VM stands on', async () => {
      const { imageStore } = platform.connector;
      const pool = await poolId();
      await writeFile(join(directory, 'secret'), 'secret');
      for (const name of ['../secret', '..', '', join(directory, 'secret')]) await expect(imageStore.file(pool, name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const id = await platform.addVm('one');
      await expect(imageStore.remove(pool, basename(platform.diskOf(id)), never)).rejects.toMatchObject({ code: 'DELETE_DISK_SHARED' });
      expect(existsSync(platform.diskOf(id))).toBe(true);
      for (const name of ['a/b', '.hidden', '-rf', 'x'.repeat(240)]) await expect(imageStore.prepareUpload(await spec({ name }), 1, 'k')).rejects.toMatchObject({ code: 'LIBVIRT_IMAGE_NAME' });
    });
  });

  describe('as a maker of VMs', () => {
    const vm: NewVmSpec = { name: "Neue VM: it's 新 $(x)", diskFormat: 'qcow2', bootMode: 'uefi', videoModel: 'virtio', vcpus: 2, memoryBytes: 2 * 1024 ** 3, os: unknownOs };

    it('makes one from a file, once, and takes it back', async () => {
      const { remoteCreator } = platform.connector;
      const local = await qcow2Here();
      const disk = { kind: 'file', ...local } as const;
      expect(await remoteCreator.obstacle(vm, disk, never)).toBeNull();
      const intent = await remoteCreator.prepare(vm, disk, 'run/create');
      expect(await remoteCreator.find(intent, never)).toEqual({ state: 'absent' });
      const id = await remoteCreator.create(vm, disk, intent, ignore, never);
      expect(await remoteCreator.create(vm, disk, intent, ignore, never)).toBe(id);
      expect(await remoteCreator.find(intent, never)).toEqual({ state: 'done', value: id });
      expect(await list()).toMatchObject([{ externalId: id, name: vm.name, bootMode: 'uefi', videoModel: 'virtio', vcpus: 2, disks: [{ problem: null, chainDepth: 0 }] }]);
      expect(await remoteCreator.obstacle(vm, disk, never)).toMatchObject({ code: 'LIBVIRT_VM_NAME_TAKEN' });
      platform.domain(id).power = 'running';
      await expect(remoteCreator.undo(intent, never)).rejects.toMatchObject({ code: 'LIBVIRT_VM_NOT_STOPPED' });
      platform.domain(id).power = 'stopped';
      await remoteCreator.undo(intent, never);
      await remoteCreator.undo(intent, never);
      expect([await list(), readdirSync(platform.host.folder)]).toEqual([[], []]);
    });

    it('makes one from an image of a pool', async () => {
      const { remoteCreator, imageStore } = platform.connector;
      const source = await platform.addVm('source');
      const wanted = await spec();
      const copy = await imageStore.prepareCopy(source, 'vda', wanted, 'k');
      const image = await imageStore.publish(await imageStore.copy(source, copy, ignore, never), copy, wanted, never);
      const disk = { kind: 'stored', pool: wanted.pool, image } as const;
      const id = await remoteCreator.create(vm, disk, await remoteCreator.prepare(vm, disk, 'k2'), ignore, never);
      expect(await engine.firstDifference({ path: platform.diskOf(id), policy: { roots: [] } }, { path: platform.diskOf(source), policy: { roots: [] } }, ignore)).toBeNull();
    });
  });
});
