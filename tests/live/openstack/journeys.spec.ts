/** Whole journeys of the app against a real cloud: published images boot, a converted server has gone, a killed task goes on. */
import { execFileSync, spawn } from 'node:child_process';
import { randomFillSync, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import '../../../src/shared/contract/jitless.ts';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import type { CoreClient } from '../../../src/main/host/client.ts';
import type { OpenStackConnector } from '../../../src/main/platforms/openstack/openstack-connector.ts';
import { openCore, type Core } from '../../../src/main/shells/core.ts';
import type { PlatformId } from '../../../src/shared/model/ids.ts';
import type { SourceVm } from '../../../src/shared/model/source-vm.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';
import { bootAndListen, writeBootDisk } from '../boot-disk.ts';
import { runTask } from '../tasks.ts';
import { connect, imageNames, makeServer, never, writeCloudsYaml, type RealServer } from './real-cloud.ts';

const greeting = 'GOLDPRESS LOADER REACHED';
const diskBytes = 64 * 1024 ** 2;
const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());

describe('a real OpenStack cloud', () => {
  let directory: string;
  let cloud: OpenStackConnector;
  let server: RealServer;
  let name: string;
  /** A part of the name that nothing else in the cloud has. */
  let mark: string;
  /** Names of images in the cloud. */
  let before: string[];
  let core: Core | null = null;
  let client: CoreClient;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goldpress-live-'));
    mark = randomUUID().slice(0, 8);
    name = `gp-live ${mark} 办公`;
    const raw = join(directory, 'boot.raw');
    const disk = join(directory, 'boot.qcow2');
    await writeBootDisk(raw, greeting, diskBytes, randomFillSync(Buffer.alloc(24 * 1024 ** 2)));
    await engine.convert({ source: { path: raw, policy: { roots: [] } }, targetPath: disk, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null }, () => undefined);
    await mkdir(join(directory, 'pool'));
    await writeCloudsYaml(join(directory, 'clouds.yaml'));
    cloud = connect();
    before = await imageNames();
    server = await makeServer(cloud, name, disk, diskBytes);
    await open();
  });

  afterEach(async () => {
    await close();
    await server.remove();
    await cloud.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  async function open(): Promise<void> {
    core = await openCore({ dataDirectory: join(directory, 'data'), shell: 'cli', hasSample: false });
    client = core.client('cli');
  }

  async function close(): Promise<void> {
    await core?.dispose();
    core = null;
  }

  async function grant(path: string): Promise<string> {
    return (await client.invoke('files.grantPath', { path })).grantId;
  }

  /** Adds the cloud and a local pool, and lists. */
  async function ready(): Promise<{ vm: SourceVm; poolId: string; platformId: PlatformId }> {
    const settings = async () => ({ cloudsYaml: await grant(join(directory, 'clouds.yaml')), cloud: 'live' });
    const steps = await client.invoke('platforms.testConfig', { kind: 'openstack', settings: await settings(), secrets: {} });
    expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const platform = await client.invoke('platforms.add', { kind: 'openstack', name: 'Cloud', settings: await settings(), secrets: {} });
    const [synced] = await client.invoke('platforms.sync', { id: platform.id });
    expect(synced).toMatchObject({ status: 'ok' });
    const pool = await client.invoke('imagePools.add', { name: 'Local', directory: (await grant(join(directory, 'pool'))) });
    const listed = (await client.invoke('sourceVms.list', { offset: 0, limit: 100, filter: mark, sort: null, platformId: platform.id })).rows.find((row) => row.externalId === server.id);
    if (listed === undefined) throw new Error('The server is not listed.');
    expect(listed).toMatchObject({ name, powerState: 'stopped', bootMode: 'bios', videoModel: 'virtio' });
    return { vm: listed, poolId: pool.id, platformId: platform.id };
  }

  const request = (type: 'publish.clone' | 'publish.convert', vm: SourceVm, poolId: string, fileType: 'vhd' | 'qcow2'): WorkflowRequest => ({
    type, vmId: vm.id, name: `image-${type}`, architecture: 'vdi', fileType, vhdVariant: 'dynamic', poolId: poolId as never, configure: null, osFamily: 'linux',
    ...(type === 'publish.clone' ? { snapshotName: null } : {}),
  }) as WorkflowRequest;

  async function publishedFile(image: string): Promise<{ path: string; versionId: string }> {
    const listed = (await client.invoke('desktopImages.list', { offset: 0, limit: 10, filter: '', sort: null })).rows.find((row) => row.name === image);
    if (listed === undefined) throw new Error(`${image} is not listed.`);
    const [version] = (await client.invoke('desktopImages.show', { id: listed.id })).versions;
    if (version === undefined) throw new Error(`${image} has no version.`);
    const file = (await readdir(join(directory, 'pool'), { recursive: true })).find((entry) => entry.includes(image) && /\.(?:vhd|qcow2)$/.test(entry)) ?? '';
    return { path: join(directory, 'pool', file), versionId: version.id };
  }

  /** What the run left behind in the cloud, beside what others have there. */
  const leftovers = async (): Promise<string[]> => (await imageNames()).filter((item) => item.startsWith('.goldpress-') && !before.includes(item));

  it('publishes by clone to a local VHD pool, boots what it published, and by convert consumes the server', async () => {
    const { vm, poolId } = await ready();
    expect(await runTask(client, request('publish.clone', vm, poolId, 'vhd'))).toMatchObject({ status: 'succeeded', question: null, error: null });
    const cloned = await publishedFile('image-publish.clone');
    expect(await bootAndListen(cloned.path, 'vpc', greeting)).toContain(greeting);
    expect(await cloud.current(server.id, never)).toMatchObject({ powerState: 'stopped' });

    expect(await runTask(client, request('publish.convert', vm, poolId, 'qcow2'))).toMatchObject({ status: 'succeeded', question: null, error: null });
    await expect(cloud.current(server.id, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const converted = await publishedFile('image-publish.convert');
    expect(await runTask(client, { type: 'desktop-image.verify', versionId: converted.versionId as never })).toMatchObject({ status: 'succeeded', question: null, error: null });
    expect(await bootAndListen(converted.path, 'qcow2', greeting)).toContain(greeting);
    expect(await leftovers()).toEqual([]);
  });

  it('patches boot mode and video card of an image, and reads them back', async () => {
    const { platformId } = await ready();
    const image = (await client.invoke('images.list', { offset: 0, limit: 100, filter: mark, sort: null })).rows.find((row) => row.externalId === server.imageId && row.platformId === platformId);
    if (image === undefined) throw new Error('The image is not listed.');
    const patched = await runTask(client, { type: 'image.patch', imageId: image.id, change: { bootMode: 'uefi', videoModel: 'vga', osType: 'linux' } });
    expect(patched).toMatchObject({ status: 'succeeded', question: null, error: null });
    expect(await cloud.attributes.read(server.imageId, never)).toMatchObject({ bootMode: 'uefi', videoModel: 'vga', osType: 'linux' });
    await client.invoke('platforms.sync', { id: platformId });
    expect((await client.invoke('images.list', { offset: 0, limit: 100, filter: mark, sort: null })).rows.find((row) => row.id === image.id)).toMatchObject({ bootMode: 'uefi', videoModel: 'vga' });
  });

  it('is killed while it converts, and goes on where it was', async () => {
    const { vm, poolId } = await ready();
    await close();
    const file = join(directory, 'request.json');
    await writeFile(file, JSON.stringify(request('publish.clone', vm, poolId, 'vhd')));
    const program = [join(import.meta.dirname, '../life.ts'), join(directory, 'data'), file];
    const env = { ...process.env, GOLDPRESS_TESTING: '1' };

    const first = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'], env });
    const killed = new Promise<NodeJS.Signals | null>((resolve) => first.on('close', (_code, signal) => resolve(signal)));
    first.stdout.setEncoding('utf8').on('data', (text: string) => {
      const done = [...text.matchAll(/"doneBytes":(\d+)/g)].map((found) => Number(found[1]));
      if (done.some((bytes) => bytes > 0)) first.kill('SIGKILL');
    });
    expect(await killed).toBe('SIGKILL');

    const out = execFileSync(process.execPath, program, { encoding: 'utf8', env });
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toMatchObject({ status: 'succeeded', question: null, error: null });
    await open();
    expect(await bootAndListen((await publishedFile('image-publish.clone')).path, 'vpc', greeting)).toContain(greeting);
    expect(await leftovers()).toEqual([]);
  });
});
