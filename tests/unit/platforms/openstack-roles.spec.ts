import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewVmSpec, StoreImageSpec } from '../../../src/main/platforms/connector.ts';
import { unknownOs } from '../../../src/shared/model/os.ts';
import { all, never, noReport, openStackFixture, type OpenStackFixture } from '../../fixtures/openstack.ts';
import type { SimServer } from '../../simulators/openstack/cloud-data.ts';

const spec: StoreImageSpec = { pool: 'file', name: 'Office', fileType: 'qcow2', virtualBytes: 1024 ** 2, os: { ...unknownOs, family: 'linux', distro: 'debian', source: 'inspection' }, bootMode: 'uefi', videoModel: 'virtio' };

describe('roles of an OpenStack cloud', () => {
  let fixture: OpenStackFixture;
  let folder: string;
  beforeEach(async () => {
    fixture = await openStackFixture();
    folder = await mkdtemp(join(tmpdir(), 'goldpress-openstack-'));
  });
  afterEach(async () => {
    await fixture.dispose();
    await rm(folder, { recursive: true });
  });

  function serverOnImage(over: Partial<SimServer> = {}): SimServer {
    const { data } = fixture.simulator;
    return data.addServer({ name: 'source', image: data.addImage({ name: 'base', properties: { goldpress_key: 'k/upload', goldpress_role: 'published' } }).id, ...over });
  }

  function serverOnVolume(): SimServer {
    const { data } = fixture.simulator;
    const server = data.addServer({ name: 'source' });
    server.volumes.push(data.addVolume({ server: server.id, name: 'root' }).id);
    return server;
  }

  describe('staging', () => {
    it('asks for one image of the server, waits for it, reads it by ranges, and removes it', async () => {
      const { connector: { diskExport: { staging } }, again, simulator } = fixture;
      const server = serverOnImage();
      const intent = await staging.prepare(server.id, 'vda', 'k/stage');
      expect(await staging.find(intent, never)).toEqual({ state: 'absent' });
      const staged = await staging.create(server.id, intent, noReport, never);
      expect(staged).toMatchObject({ format: 'qcow2', sizeBytes: server.disk.length, hash: { algorithm: 'sha512' } });
      expect(server.taskState).toBeNull();
      // After a crash, the same is found and not asked for again.
      const restarted = again();
      expect(await restarted.diskExport.staging.create(server.id, intent, noReport, never)).toEqual(staged);
      expect(simulator.seen.filter((line) => line.endsWith('/action'))).toHaveLength(1);
      const file = await restarted.diskExport.staging.file(staged);
      const source = await file.place?.open(file.path, never);
      simulator.expireTokens();
      const [bytes] = (await source?.read([{ offset: 0, length: staged.sizeBytes ?? 0 }])) ?? [];
      expect(createHash('sha512').update(bytes ?? '').digest('hex')).toBe(staged.hash?.value);
      await source?.close();
      expect(await all(restarted.inventory.images(never))).toMatchObject([{ name: 'base' }]);
      await staging.remove(intent, never);
      await staging.remove(intent, never);
      expect([...simulator.data.images.values()].map(({ name }) => name)).toEqual(['base']);
    });

    it('reads the id from the address where the cloud is older', async () => {
      const { connector, simulator } = fixture;
      simulator.nova.newest = '2.40';
      const server = serverOnImage();
      const intent = await connector.diskExport.staging.prepare(server.id, 'vda', 'k');
      expect(await connector.diskExport.staging.create(server.id, intent, noReport, never)).toMatchObject({ format: 'qcow2' });
    });

    it.each([
      ['an image that vanishes', ['saving', 'deleted'], 'OPENSTACK_IMAGE_VANISHED'], ['one that is killed', ['saving', 'killed'], 'OPENSTACK_IMAGE_LOST'],
      ['one that stays', ['saving'], 'OPENSTACK_IMAGE_STUCK'],
    ])('gives up %s', async (_what, statuses, code) => {
      const { connector, simulator } = fixture;
      simulator.nova.imageStatuses = statuses;
      const server = serverOnImage();
      const intent = await connector.diskExport.staging.prepare(server.id, 'vda', 'k');
      await expect(connector.diskExport.staging.create(server.id, intent, noReport, never)).rejects.toMatchObject({ code });
      await connector.diskExport.staging.remove(intent, never);
      expect(await connector.diskExport.staging.find(intent, never)).toEqual({ state: 'absent' });
    });

    it('copies a volume and uploads the copy, and leaves nothing of the copy behind', async () => {
      const { connector: { diskExport }, simulator: { data } } = fixture;
      const server = serverOnVolume();
      const intent = await diskExport.staging.prepare(server.id, 'vda', 'k/stage');
      const staged = await diskExport.staging.create(server.id, intent, noReport, never);
      expect(staged).toMatchObject({ format: 'qcow2', sizeBytes: 2048 });
      expect([...data.volumes.values()].map(({ name }) => name)).toEqual(['root']);
      expect(data.snapshots.size).toBe(0);
      expect(await diskExport.staging.find(intent, never)).toEqual({ state: 'done', value: staged });
      await diskExport.staging.remove(intent, never);
      expect(data.images.size).toBe(0);
    });

    it('goes on with a volume copy from where it broke off', async () => {
      const { connector: { diskExport }, again, simulator } = fixture;
      const server = serverOnVolume();
      const intent = await diskExport.staging.prepare(server.id, 'vda', 'k/stage');
      simulator.data.snapshots.set('s', { id: 's', name: intent.data['name'] ?? '', status: 'available', volume: server.volumes[0] ?? '', bytes: Buffer.alloc(2048, 9), ahead: [] });
      expect(await diskExport.staging.find(intent, never)).toEqual({ state: 'running' });
      await again().diskExport.staging.create(server.id, intent, noReport, never);
      expect(simulator.seen.filter((line) => line.startsWith('POST') && line.endsWith('/snapshots'))).toEqual([]);
      expect(simulator.data.snapshots.size).toBe(0);
    });

    it('says what is missing for a volume where there is no Cinder', async () => {
      const server = serverOnVolume();
      fixture.simulator.hasCinder = false;
      const { staging } = fixture.connector.diskExport;
      await expect(staging.prepare(server.id, server.volumes[0] ?? '', 'k')).rejects.toMatchObject({ code: 'OPENSTACK_NO_CINDER' });
    });
  });

  describe('attributes', () => {
    it('adds, replaces and removes only what differs', async () => {
      const { connector: { attributes }, simulator } = fixture;
      const image = simulator.data.addImage({ properties: { os_type: 'linux', hw_video_model: 'cirrus' } });
      await attributes.patch(image.id, { bootMode: 'uefi', videoModel: 'virtio', osType: null, osDistro: null }, 'k', never);
      expect(image.properties).toEqual({ hw_firmware_type: 'uefi', hw_video_model: 'virtio' });
      expect(await attributes.read(image.id, never)).toEqual({ bootMode: 'uefi', videoModel: 'virtio', osType: null, osDistro: null, adminUser: null });
      const before = simulator.seen.length;
      await attributes.patch(image.id, { bootMode: 'uefi', osType: null }, 'k', never);
      expect(simulator.seen.slice(before).filter((line) => line.startsWith('PATCH'))).toEqual([]);
    });

    it('says what an operator has protected', async () => {
      const { connector: { attributes }, simulator } = fixture;
      simulator.glance.protectedProperties.add('hw_firmware_type');
      const image = simulator.data.addImage();
      await expect(attributes.patch(image.id, { bootMode: 'uefi' }, 'k', never)).rejects.toMatchObject({ code: 'PLATFORM_FORBIDDEN', params: { said: expect.stringContaining('protected') as string } });
    });
  });

  it('stops and starts, and asks nothing where it is so already', async () => {
    const { connector: { power }, simulator } = fixture;
    const server = serverOnImage({ status: 'ACTIVE' });
    await power.stop(server.id, 'graceful', never);
    await power.stop(server.id, 'forced', never);
    expect(server.status).toBe('SHUTOFF');
    await power.start(server.id, never);
    expect(server.status).toBe('ACTIVE');
    expect(simulator.seen.filter((line) => line.endsWith('/action'))).toHaveLength(2);
    server.locked = true;
    await expect(power.stop(server.id, 'graceful', never)).rejects.toMatchObject({ code: 'OPENSTACK_SERVER_LOCKED' });
  });

  it('deletes nothing that is locked, and says when the cloud does not', async () => {
    const { connector: { deleter }, simulator } = fixture;
    const server = serverOnImage({ locked: true });
    await expect(deleter.manifest(server.id)).rejects.toMatchObject({ code: 'OPENSTACK_SERVER_LOCKED' });
    server.locked = false;
    simulator.nova.deleteSteps = [];
    const manifest = await deleter.manifest(server.id);
    await expect(deleter.remove(server.id, manifest, never)).rejects.toMatchObject({ code: 'OPENSTACK_SERVER_STAYS' });
  });

  describe('the image store', () => {
    it('copies inside the cloud, hidden until published, and never publishes twice', async () => {
      const { connector: { imageStore, inventory }, simulator: { data } } = fixture;
      const server = serverOnImage();
      expect(await imageStore.copyObstacle(server.id, 'vda', spec, never)).toBeNull();
      expect(await imageStore.copyObstacle(server.id, 'vda', { ...spec, fileType: 'vhd' }, never)).toMatchObject({ code: 'OPENSTACK_COPY_NO_VHD' });
      const intent = await imageStore.prepareCopy(server.id, 'vda', spec, 'k/copy');
      const copy = await imageStore.copy(server.id, intent, noReport, never);
      expect((await all(inventory.images(never))).map(({ name }) => name)).toEqual(['base']);
      const id = await imageStore.publish(copy, intent, spec, never);
      expect(await imageStore.publish(copy, intent, spec, never)).toBe(id);
      expect((await all(inventory.images(never))).find(({ externalId }) => externalId === id)).toMatchObject({ name: 'Office', bootMode: 'uefi', videoModel: 'virtio', os: { distro: 'debian' } });
      await imageStore.undo(intent, never);
      expect(data.images.has(id)).toBe(true);
      await imageStore.remove('file', id, never);
      await imageStore.remove('file', id, never);
      await expect(imageStore.current('file', id, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('makes a VHD of a volume, and refuses a copy that came in another format', async () => {
      const { connector: { imageStore }, simulator } = fixture;
      const onVolume = serverOnVolume();
      const vhd = { ...spec, fileType: 'vhd' as const };
      expect(await imageStore.copyObstacle(onVolume.id, 'vda', vhd, never)).toBeNull();
      expect(await imageStore.copy(onVolume.id, await imageStore.prepareCopy(onVolume.id, 'vda', vhd, 'k/vhd'), noReport, never)).toMatchObject({ format: 'vhd' });
      simulator.nova.imageFormat = 'raw';
      const server = serverOnImage();
      const intent = await imageStore.prepareCopy(server.id, 'vda', spec, 'k/raw');
      await expect(imageStore.copy(server.id, intent, noReport, never)).rejects.toMatchObject({ code: 'OPENSTACK_COPY_OTHER_FORMAT' });
      expect(await imageStore.find(intent, never)).toEqual({ state: 'absent' });
    });

    it('uploads a file, takes a broken-off record up again, and compares hashes', async () => {
      const { connector: { imageStore }, again, simulator } = fixture;
      const path = join(folder, 'image.qcow2');
      const bytes = Buffer.from('an image '.repeat(1000));
      await writeFile(path, bytes);
      const intent = await imageStore.prepareUpload(spec, bytes.length, 'k/upload');
      const broken = simulator.data.addImage({ name: 'half', status: 'queued', bytes: null, properties: { goldpress_key: 'k/upload', goldpress_role: 'unpublished' } });
      expect(await imageStore.find(intent, never)).toEqual({ state: 'absent' });
      const stored = await imageStore.upload(intent, path, noReport, never);
      expect(stored).toMatchObject({ externalId: broken.id, sizeBytes: bytes.length });
      expect(await again().imageStore.upload(intent, path, noReport, never)).toEqual(stored);
      expect(simulator.seen.filter((line) => line.startsWith('PUT'))).toHaveLength(1);
      broken.bytes = Buffer.from('x'.repeat(bytes.length));
      await expect(again().imageStore.upload(intent, path, noReport, never)).rejects.toMatchObject({ code: 'OPENSTACK_UPLOAD_DIFFERS' });
      await imageStore.undo(intent, never);
      expect(simulator.data.images.size).toBe(0);
    });

    it('gives up an image that the cloud keeps importing', async () => {
      const { connector: { imageStore }, simulator } = fixture;
      simulator.glance.uploadStatuses = ['importing'];
      const path = join(folder, 'image.vhd');
      await writeFile(path, 'bytes');
      const intent = await imageStore.prepareUpload({ ...spec, fileType: 'vhd' }, 5, 'k');
      await expect(imageStore.upload(intent, path, noReport, never)).rejects.toMatchObject({ code: 'OPENSTACK_IMAGE_STUCK', params: { status: 'importing' } });
    });
  });

  describe('new VMs', () => {
    const vmSpec: NewVmSpec = { name: 'neu 新', diskFormat: 'qcow2', bootMode: 'uefi', videoModel: 'virtio', vcpus: 1, memoryBytes: 512 * 1024 ** 2, os: unknownOs };

    it('makes one from a stored image once, with the smallest size that fits', async () => {
      const { connector: { remoteCreator }, again, simulator } = fixture;
      const image = simulator.data.addImage({ properties: { hw_firmware_type: 'uefi' } });
      const disk = { kind: 'stored', pool: 'file', image: image.id } as const;
      expect(await remoteCreator.obstacle(vmSpec, disk, never)).toBeNull();
      expect(await remoteCreator.obstacle({ ...vmSpec, bootMode: 'bios' }, disk, never)).toMatchObject({ code: 'OPENSTACK_CREATE_BOOT_MODE' });
      expect(await remoteCreator.obstacle({ ...vmSpec, vcpus: 64 }, disk, never)).toMatchObject({ code: 'OPENSTACK_NO_SIZE_FITS' });
      const intent = await remoteCreator.prepare(vmSpec, disk, 'k/create');
      expect(intent.data).toMatchObject({ size: 'f1', network: 'n1' });
      expect(await remoteCreator.find(intent, never)).toEqual({ state: 'absent' });
      const id = await remoteCreator.create(vmSpec, disk, intent, noReport, never);
      expect(await again().remoteCreator.create(vmSpec, disk, intent, noReport, never)).toBe(id);
      expect(await remoteCreator.find(intent, never)).toEqual({ state: 'done', value: id });
      expect(simulator.data.servers.size).toBe(1);
      await remoteCreator.undo(intent, never);
      expect(simulator.data.servers.size).toBe(0);
      expect(simulator.data.images.size).toBe(1);
    });

    it('uploads a file first, and asks for a network where there are several', async () => {
      const { connector: { remoteCreator }, again, simulator } = fixture;
      const path = join(folder, 'disk.qcow2');
      await writeFile(path, 'disk');
      const disk = { kind: 'file', path, sizeBytes: 4 } as const;
      const intent = await remoteCreator.prepare(vmSpec, disk, 'k/create');
      const id = await remoteCreator.create(vmSpec, disk, intent, noReport, never);
      expect(simulator.data.servers.get(id)?.disk.toString()).toBe('disk');
      simulator.networks.push({ id: 'n2', name: 'other' });
      expect(await again().remoteCreator.obstacle(vmSpec, disk, never)).toMatchObject({ code: 'OPENSTACK_NETWORK_NEEDED' });
      expect(await again({ network: 'other' }).remoteCreator.obstacle(vmSpec, disk, never)).toBeNull();
    });
  });
});
