/** What the connector has to do in front of a real cloud, one server for all of it. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import type { OpenStackConnector } from '../../../src/main/platforms/openstack/openstack-connector.ts';
import { writeBootDisk } from '../boot-disk.ts';
import { all, connect, imageNames, makeServer, never, type RealServer } from './real-cloud.ts';

const diskBytes = 16 * 1024 ** 2;

describe('the connector in front of a real cloud', () => {
  const name = `gp-live ${randomUUID().slice(0, 8)} Ünïcödé “新”`;
  let directory: string;
  let cloud: OpenStackConnector;
  let server: RealServer;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goldpress-live-'));
    const raw = join(directory, 'disk.raw');
    await writeBootDisk(raw, 'loader', diskBytes, Buffer.alloc(1024 ** 2, 'data'));
    const engine = new WorkerDiskEngine();
    const disk = join(directory, 'disk.qcow2');
    await engine.convert({ source: { path: raw, policy: { roots: [] } }, targetPath: disk, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null }, () => undefined);
    await engine.dispose();
    cloud = connect();
    server = await makeServer(cloud, name, disk, diskBytes);
  });

  afterAll(async () => {
    await server.remove();
    await cloud.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  it('lists it once and tells the same of it alone; a quick pass finds it too', async () => {
    const listed = (await all(cloud.inventory.sourceVms(never))).filter((vm) => vm.externalId === server.id);
    expect(listed).toEqual([await cloud.current(server.id, never)]);
    expect(listed).toMatchObject([{ name, powerState: 'stopped', bootMode: 'bios', videoModel: 'virtio', os: { family: 'linux', distro: 'debian' } }]);
    const changed = (await all(cloud.inventory.changedSourceVms(Date.now() - 600_000, never)));
    expect(changed.map((vm) => vm.externalId)).toContain(server.id);
    await expect(cloud.current(randomUUID(), never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lists projects with the management project, sizes and stores', async () => {
    expect((await all(cloud.inventory.projects(never))).filter(({ isManagement }) => isManagement)).toHaveLength(1);
    expect((await all(cloud.inventory.instanceSizes(never))).length).toBeGreaterThan(0);
    expect((await all(cloud.inventory.pools(never))).length).toBeGreaterThan(0);
  });

  it('makes a copy of the disk once, whose bytes by ranges have the cloud’s own hash, and removes it', async () => {
    const { staging } = cloud.diskExport;
    const [disk] = (await cloud.current(server.id, never)).disks;
    const intent = await staging.prepare(server.id, disk?.key ?? '', `${name}/stage`);
    const staged = await staging.create(server.id, intent, () => undefined, never);
    const again = connect();
    expect(await again.diskExport.staging.create(server.id, intent, () => undefined, never)).toEqual(staged);
    await again.dispose();
    const file = await staging.file(staged);
    const source = await file.place?.open(file.path, never);
    const [bytes] = (await source?.read([{ offset: 0, length: staged.sizeBytes ?? 0 }])) ?? [];
    await source?.close();
    expect(createHash(staged.hash?.algorithm ?? '').update(bytes ?? '').digest('hex')).toBe(staged.hash?.value);
    await staging.remove(intent, never);
    expect(await imageNames()).not.toContain(intent.data['name']);
  });

  it('makes a snapshot that is listed, and deletes it', async () => {
    const intent = await cloud.snapshots.prepare(server.id, 'before 更新', `${name}/snapshot`);
    await cloud.snapshots.create(server.id, intent, never);
    await cloud.snapshots.create(server.id, intent, never);
    const [snapshot] = (await cloud.current(server.id, never)).snapshots;
    expect(snapshot).toMatchObject({ name: 'before 更新', isCurrent: true });
    await cloud.snapshots.delete(server.id, await cloud.snapshots.prepareDelete(server.id, snapshot?.id ?? ''), undefined, never);
    expect((await cloud.current(server.id, never)).snapshots).toEqual([]);
  });

  it('copies inside the cloud under a temporary name and publishes it; uploads a VHD', async () => {
    const { imageStore } = cloud;
    const [disk] = (await cloud.current(server.id, never)).disks;
    const [pool] = (await all(cloud.inventory.pools(never)));
    const spec = { pool: pool?.externalId ?? '', name: `${name} published`, fileType: 'qcow2', virtualBytes: diskBytes, os: { family: 'linux', distro: 'debian', name: null, version: null, architecture: null, source: 'platform' }, bootMode: 'uefi', videoModel: 'virtio' } as const;
    const intent = await imageStore.prepareCopy(server.id, disk?.key ?? '', spec, `${name}/copy`);
    const copy = await imageStore.copy(server.id, intent, () => undefined, never);
    const id = await imageStore.publish(copy, intent, spec, never);
    expect(await cloud.attributes.read(id, never)).toMatchObject({ bootMode: 'uefi', videoModel: 'virtio', osDistro: 'debian' });
    await imageStore.remove(spec.pool, id, never);

    const path = join(directory, 'upload.vhd');
    await writeFile(path, await readFile(join(directory, 'disk.raw')));
    const vhd = await imageStore.prepareUpload({ ...spec, fileType: 'vhd' }, (await stat(path)).size, `${name}/vhd`);
    expect(await imageStore.upload(vhd, path, () => undefined, never)).toMatchObject({ format: 'vhd', sizeBytes: diskBytes });
    await imageStore.undo(vhd, never);
    expect(await imageNames()).not.toContain(vhd.data['name']);
  });
});
