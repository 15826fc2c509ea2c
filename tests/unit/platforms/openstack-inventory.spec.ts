import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, never, openStackFixture, type OpenStackFixture } from '../../fixtures/openstack.ts';
import { managementProject, tenantProject } from '../../simulators/openstack/cloud-data.ts';

describe('the inventory of an OpenStack cloud', () => {
  let fixture: OpenStackFixture;
  beforeEach(async () => {
    fixture = await openStackFixture();
  });
  afterEach(() => fixture.dispose());

  it('tells system from custom images by who may see them and whose they are', async () => {
    const { connector, simulator: { data } } = fixture;
    const wanted = { public: 'system', community: 'system', ours: 'system', private: 'custom', shared: 'custom' };
    for (const name of ['public', 'community', 'private', 'shared']) data.addImage({ name, visibility: name, owner: tenantProject });
    data.addImage({ name: 'ours', visibility: 'private', owner: managementProject });
    const images = await all(connector.inventory.images(never));
    expect(Object.fromEntries(images.map(({ name, scope }) => [name, scope]))).toEqual(wanted);
    expect(images.find(({ name }) => name === 'shared')?.projectId).toBe(tenantProject);
  });

  it('takes systems and hardware from properties, keeps all of them, and guesses nothing', async () => {
    const { connector, simulator: { data } } = fixture;
    const properties = { hw_firmware_type: 'uefi', hw_video_model: 'virtio', os_type: 'windows', os_distro: 'windows', os_version: '11', os_admin_user: 'Administrator', hw_machine_type: 'q35' };
    data.addImage({ name: 'told', disk_format: 'vhd', properties });
    data.addImage({ name: 'silent', disk_format: 'iso' });
    const images = new Map((await all(connector.inventory.images(never))).map((image) => [image.name, image]));
    expect(images.get('told')).toMatchObject({
      bootMode: 'uefi', videoModel: 'virtio', format: 'vhd', os: { family: 'windows', distro: 'windows', version: '11', source: 'platform' }, status: 'active', properties,
    });
    expect(images.get('silent')).toMatchObject({ bootMode: 'unknown', videoModel: null, format: null, os: { family: 'unknown', source: 'none' } });
  });

  it('lists the images that stay once, also when the marker is deleted between two pages', async () => {
    const { connector, simulator: { data, glance } } = fixture;
    glance.pageLimit = 10;
    for (let index = 0; index < 45; index += 1) data.addImage({ name: `image ${index}` });
    const seen: string[] = [];
    for await (const page of connector.inventory.images(never)) {
      seen.push(...page.map(({ externalId }) => externalId));
      // The last of this page is what the next page would begin after.
      const last = page.at(-1)?.externalId ?? '';
      data.images.delete(last);
      data.addImage({ name: 'new' });
    }
    expect(new Set(seen).size).toBe(seen.length);
    const stayed = [...data.images.values()].filter(({ name }) => name !== 'new').map(({ id }) => id);
    expect(seen).toEqual(expect.arrayContaining(stayed));
  });

  it('does not read for ever where a cloud gives the same page again and again', async () => {
    const { connector, simulator: { data, glance } } = fixture;
    glance.pageLimit = 2;
    for (let index = 0; index < 5; index += 1) data.addImage();
    const list = glance.handle.bind(glance);
    glance.handle = (request, path) => {
      if (path === '/images') request.url.searchParams.delete('marker');
      return list(request, path);
    };
    await expect(all(connector.inventory.images(never))).rejects.toMatchObject({ code: 'OPENSTACK_PAGES_CIRCLE' });
  });

  it('shows servers on volumes with what their volume says, and why where it cannot', async () => {
    const { again, simulator } = fixture;
    const server = simulator.data.addServer({ name: 'on a volume' });
    const volume = simulator.data.addVolume({ server: server.id, sizeGib: 4, imageMetadata: { hw_firmware_type: 'bios', os_type: 'linux' } });
    server.volumes.push(volume.id);
    expect(await again().current(server.id, never)).toMatchObject({
      bootMode: 'bios', os: { family: 'linux' }, disks: [{ key: 'vda', location: volume.id, isSystem: true, virtualBytes: 4 * 1024 ** 3, problem: null }], addresses: ['10.0.0.4'],
    });
    simulator.hasCinder = false;
    expect(await again().current(server.id, never)).toMatchObject({ bootMode: 'unknown', disks: [{ isSystem: true, virtualBytes: null, problem: { code: 'OPENSTACK_NO_CINDER' } }] });
  });

  it('gives only what changed since then, and nothing that was deleted', async () => {
    const { connector, simulator: { data } } = fixture;
    data.addServer({ name: 'old' });
    data.addImage({ name: 'old image' });
    for (let minute = 0; minute < 200; minute += 1) data.now();
    const since = data.now();
    data.addServer({ name: 'new' });
    data.addImage({ name: 'new image' });
    data.gone.push({ ...data.addServer({ name: 'gone' }), status: 'DELETED' });
    data.servers.delete(data.gone[0]?.id ?? '');
    expect((await all(connector.inventory.changedSourceVms(since, never))).map(({ name }) => name)).toEqual(['new']);
    expect((await all(connector.inventory.changedImages(since, never))).map(({ name }) => name)).toEqual(['new image']);
  });

  it('lists projects, sizes and stores; a cloud with one store has that one', async () => {
    const { again, connector, simulator } = fixture;
    expect(await all(connector.inventory.projects(never))).toEqual([
      { externalId: managementProject, name: 'admin', isManagement: true }, { externalId: tenantProject, name: 'tenant', isManagement: false },
    ]);
    expect(await all(connector.inventory.instanceSizes(never))).toMatchObject([{ name: 'm1.tiny', diskBytes: 1024 ** 3 }, { name: 'm1.small' }]);
    expect(await all(connector.inventory.pools(never))).toMatchObject([{ externalId: 'file', fileTypes: ['qcow2', 'vhd'] }]);
    simulator.glance.stores = null;
    expect(await all(connector.inventory.pools(never))).toMatchObject([{ externalId: 'default' }]);
    simulator.roles = ['member'];
    simulator.nova.isForAllProjects = false;
    simulator.data.addServer({ name: 'mine' });
    expect(await all(again().inventory.projects(never))).toMatchObject([{ name: 'admin' }]);
    expect(await all(again().inventory.sourceVms(never))).toMatchObject([{ name: 'mine' }]);
  });
});
