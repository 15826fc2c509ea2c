import { execFileSync, spawn } from 'node:child_process';
import { randomFillSync, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import type { CoreClient } from '../../../src/main/host/client.ts';
import { openCore, type Core } from '../../../src/main/shells/core.ts';
import type { FileGrantId } from '../../../src/shared/model/ids.ts';
import type { SourceVm } from '../../../src/shared/model/source-vm.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';
import { definitionText } from '../../fixtures/local-library.ts';
import { bootAndListen, writeBootDisk } from '../boot-disk.ts';
import { realHost } from './real-host.ts';
import { runTask } from '../tasks.ts';

const greeting = 'GOLDPRESS LOADER REACHED';
const diskBytes = 256 * 1024 ** 2;
const virsh = (...args: string[]): string => execFileSync('virsh', ['-q', '-c', 'qemu:///system', ...args], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());

describe('a real libvirt host', () => {
  let directory: string;
  let core: Core | null = null;
  let client: CoreClient;
  let name: string;
  let uuid: string;
  let disk: string;
  const keyEnv = { ...process.env, GOLDPRESS_TESTING: '1' };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goldpress-live-'));
    name = `gp-live ${randomUUID().slice(0, 8)} 办公`;
    uuid = randomUUID();
    disk = join(realHost.folder, `${name}.qcow2`);
    const raw = join(directory, 'boot.raw');
    await writeBootDisk(raw, greeting, diskBytes, randomFillSync(Buffer.alloc(96 * 1024 ** 2)));
    await engine.convert({ source: { path: raw, policy: { roots: [] } }, targetPath: disk, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null }, () => undefined);
    const past = Date.now() / 1000 - 60;
    await utimes(disk, past, past);
    const definition = join(directory, 'vm.xml');
    await writeFile(definition, definitionText({ file: 'vm', name, source: disk, driver: 'qcow2' }).replace("type='kvm'", "type='qemu'").replace('<name>', `<uuid>${uuid}</uuid><name>`));
    virsh('define', definition);
    virsh('pool-refresh', realHost.pool);
    await mkdir(join(directory, 'pool'));
    await open();
  });

  afterEach(async () => {
    await close();
    try {
      virsh('undefine', uuid, '--nvram', '--snapshots-metadata');
    } catch {
      // Gone by a conversion, as it should be.
    }
    execFileSync('find', [realHost.folder, '-type', 'f', '-delete']);
    virsh('pool-refresh', realHost.pool);
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

  async function grant(path: string): Promise<FileGrantId> {
    return (await client.invoke('files.grantPath', { path })).grantId;
  }

  /** Adds the host and a local pool, lists, and looks into the VM's disk. */
  async function ready(): Promise<{ vm: SourceVm; poolId: string }> {
    const settings = { ...realHost.settings, keyFile: await grant(realHost.settings.keyFile) };
    const steps = await client.invoke('platforms.testConfig', { kind: 'libvirt', settings, secrets: {} });
    expect(steps.map((step) => [step.title.code, step.outcome])).toEqual(steps.map((step) => [step.title.code, 'ok']));
    const platform = await client.invoke('platforms.add', { kind: 'libvirt', name: 'Host', settings: { ...settings, keyFile: await grant(realHost.settings.keyFile) }, secrets: {} });
    const [synced] = await client.invoke('platforms.sync', { id: platform.id });
    expect(synced).toMatchObject({ status: 'ok' });
    const pool = await client.invoke('imagePools.add', { name: 'Local', directory: await grant(join(directory, 'pool')) });
    const listed = (await client.invoke('sourceVms.list', { offset: 0, limit: 100, filter: '', sort: null, platformId: platform.id })).rows.find((row) => row.externalId === uuid);
    if (listed === undefined) throw new Error('The VM is not listed.');
    await client.invoke('sourceVms.check', { id: listed.id });
    // Cirrus is not published: the way out is taken as it is offered.
    expect(await runTask(client, { type: 'vm.edit', vmId: listed.id, change: { videoModel: 'virtio' } })).toMatchObject({ status: 'succeeded', error: null });
    const vm = await client.invoke('sourceVms.show', { id: listed.id });
    expect(vm).toMatchObject({ name, powerState: 'stopped', bootMode: 'bios', videoModel: 'virtio' });
    return { vm, poolId: pool.id };
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
    const path = execFileSync('find', [join(directory, 'pool'), '-name', '*.vhd', '-o', '-name', '*.qcow2'], { encoding: 'utf8' }).split('\n').find((line) => line.includes(image)) ?? '';
    return { path, versionId: version.id };
  }

  it('publishes by clone to a local VHD pool, boots what it published, and by convert consumes the VM', async () => {
    const { vm, poolId } = await ready();
    const clone = await runTask(client, request('publish.clone', vm, poolId, 'vhd'));
    expect(clone).toMatchObject({ status: 'succeeded', error: null });
    const cloned = await publishedFile('image-publish.clone');
    expect(await bootAndListen(cloned.path, 'vpc', greeting)).toContain(greeting);
    expect(virsh('domstate', uuid).trim()).toBe('shut off');
    expect(existsSync(disk)).toBe(true);

    const convert = await runTask(client, request('publish.convert', vm, poolId, 'qcow2'));
    expect(convert).toMatchObject({ status: 'succeeded', error: null });
    expect(virsh('list', '--all', '--uuid')).not.toContain(uuid);
    expect(existsSync(disk)).toBe(false);
    const converted = await publishedFile('image-publish.convert');
    const verified = await runTask(client, { type: 'desktop-image.verify', versionId: converted.versionId as never });
    expect(verified).toMatchObject({ status: 'succeeded', error: null });
    expect(await bootAndListen(converted.path, 'qcow2', greeting)).toContain(greeting);
  });

  it('is killed while it converts, and goes on where it was', async () => {
    const { vm, poolId } = await ready();
    await close();
    const file = join(directory, 'request.json');
    await writeFile(file, JSON.stringify(request('publish.clone', vm, poolId, 'vhd')));
    const program = [join(import.meta.dirname, '../life.ts'), join(directory, 'data'), file];

    const first = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'], env: keyEnv });
    const killed = new Promise<NodeJS.Signals | null>((resolve) => first.on('close', (_code, signal) => resolve(signal)));
    first.stdout.setEncoding('utf8').on('data', (text: string) => {
      const done = [...text.matchAll(/"doneBytes":(\d+)/g)].map((found) => Number(found[1]));
      if (done.some((bytes) => bytes > 8 * 1024 ** 2)) first.kill('SIGKILL');
    });
    expect(await killed).toBe('SIGKILL');

    const out = execFileSync(process.execPath, program, { encoding: 'utf8', env: keyEnv });
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toMatchObject({ status: 'succeeded', error: null });
    await open();
    const { path } = await publishedFile('image-publish.clone');
    expect(await engine.firstDifference({ path, policy: { roots: [] } }, { path: disk, policy: { roots: [] } }, () => undefined)).toBeNull();
    expect(await bootAndListen(path, 'vpc', greeting)).toContain(greeting);
  });
});
