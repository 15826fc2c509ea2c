import { execFileSync } from 'node:child_process';
import { appendFile, chmod, open, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/main/clock.ts';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { LocalConnector } from '../../../src/main/platforms/local/local-connector.ts';
import { definitionText, LibraryFolder } from '../../fixtures/local-library.ts';
import { oracle } from '../../oracles.ts';

const never = new AbortController().signal;
const qemuIo = oracle('qemu-io', 'qemu-utils');
const diskBytes = 4 * 1024 ** 2;
let engine: WorkerDiskEngine;
let folder: LibraryFolder;
let connector: LocalConnector;

beforeAll(() => {
  engine = new WorkerDiskEngine();
});
afterAll(() => engine.dispose());
beforeEach(async () => {
  folder = await LibraryFolder.create();
  connector = new LocalConnector({ path: folder.path }, { engine, clock: systemClock, settleMs: 30 });
  await folder.rawDisk('a.raw', diskBytes);
  const disk = await open(join(folder.path, 'a.raw'), 'r+');
  await disk.write(Buffer.alloc(700_000, 'first '), 0, 700_000, 1_000_000);
  await disk.close();
  await folder.vm({ file: 'a' });
});
afterEach(() => folder.remove());

/** Hash of the guest bytes of the VM's disk. */
async function guest(): Promise<string> {
  const file = await connector.diskExport.diskFile('a.xml', 'vda');
  return (await engine.identify(file, 'fast', () => undefined)).digest;
}
async function make(name: string): Promise<string> {
  const intent = await connector.snapshots.prepare('a.xml', name, name);
  await connector.snapshots.create('a.xml', intent, never);
  const made = (await connector.current('a.xml', never)).snapshots.find((item) => item.name === name);
  return made?.id ?? '';
}
/** What the guest would write. */
async function writeInGuest(fill: number): Promise<void> {
  const { path } = await connector.diskExport.diskFile('a.xml', 'vda');
  execFileSync(qemuIo ?? '', ['-f', 'qcow2', '-c', `write -P ${fill} 2M 128k`, path]);
}
const disks = async (): Promise<string[]> => (await readdir(folder.path)).filter((name) => /\.(raw|qcow2)/.test(name)).sort();

describe('a snapshot in a library', () => {
  it('leaves the guest’s bytes as they were and makes the old file read-only', async () => {
    const before = await guest();
    await make('one');
    expect(await guest()).toBe(before);
    expect((await stat(join(folder.path, 'a.raw'))).mode & 0o222).toBe(0);
    expect((await connector.current('a.xml', never)).disks[0]).toMatchObject({ format: 'qcow2', chainDepth: 1, problem: null });
    // Neither the base nor the overlay is a VM of its own.
    const listed: string[] = [];
    for await (const page of connector.inventory.sourceVms(never)) listed.push(...page.map((vm) => vm.externalId));
    expect(listed).toEqual(['a.xml']);
  });

  it('refuses a second one of the same name, and what cannot have any', async () => {
    await make('one');
    await expect(connector.snapshots.prepare('a.xml', 'one', 'other key')).rejects.toMatchObject({ code: 'SNAPSHOT_NAME_TAKEN' });
    await folder.rawDisk('bare.img');
    expect((await connector.snapshots.obstacle('bare.img'))?.code).toBe('SNAPSHOT_BARE_DISK');
    await engine.convert(
      { source: { path: join(folder.path, 'bare.img'), policy: { roots: [] } }, targetPath: join(folder.path, 'b.vhd'), targetFormat: 'vhd', compression: null, checkpointPath: null, maxTargetBytes: null },
      () => undefined,
    );
    await folder.vm({ file: 'b', source: 'b.vhd', driver: 'vpc' });
    expect(await connector.snapshots.obstacle('b.xml')).toMatchObject({ code: 'SNAPSHOT_FORMAT', params: { format: 'VHD' } });
    await chmod(folder.path, 0o555);
    expect((await connector.snapshots.obstacle('a.xml'))?.code).toBe('LIBRARY_READ_ONLY');
    await chmod(folder.path, 0o755);
  });

  it('refuses a disk that another definition uses too, and names that; an overlay on it is fine', async () => {
    await folder.vm({ file: 'sub/child', source: '../a.raw', name: 'twin' });
    expect(await connector.snapshots.obstacle('a.xml')).toMatchObject({ code: 'SNAPSHOT_DISK_SHARED', params: { file: 'a.raw', users: 'twin' } });
    await expect(connector.snapshots.prepare('a.xml', 'one', 'key')).rejects.toMatchObject({ code: 'SNAPSHOT_DISK_SHARED' });
    expect(await connector.snapshots.obstacle('sub/child.xml')).toMatchObject({ code: 'SNAPSHOT_DISK_SHARED', params: { users: 'a' } });
    await engine.createOverlay({ path: join(folder.path, 'child.qcow2'), basePath: join(folder.path, 'a.raw'), policy: { roots: [folder.path] } });
    await folder.vm({ file: 'sub/child', source: '../child.qcow2', driver: 'qcow2', name: 'twin' });
    expect(await connector.snapshots.obstacle('a.xml')).toBeNull();
  });

  it('is told after a crash between the overlay and the definition, and can go on or back', async () => {
    const intent = await connector.snapshots.prepare('a.xml', 'one', 'key');
    const definition = await readFile(join(folder.path, 'a.xml'), 'utf8');
    const { overlay } = (JSON.parse(intent.data['plan'] ?? '') as { switches: { overlay: string }[] }).switches[0] ?? { overlay: '' };
    await writeFile(overlay, 'half an overlay');
    expect(await connector.snapshots.find('a.xml', intent)).toBe('partial');
    await connector.snapshots.undo('a.xml', intent);
    expect(await connector.snapshots.find('a.xml', intent)).toBe('absent');
    expect(await disks()).toEqual(['a.raw']);
    expect(await readFile(join(folder.path, 'a.xml'), 'utf8')).toBe(definition);
    await writeFile(overlay, 'half an overlay');
    await connector.snapshots.create('a.xml', intent, never);
    expect(await connector.snapshots.find('a.xml', intent)).toBe('done');
    expect((await connector.current('a.xml', never)).disks[0]?.problem).toBeNull();
  });

  it('refuses to be taken back once the VM has written, and to be made over a changed definition', async () => {
    const intent = await connector.snapshots.prepare('a.xml', 'one', 'key');
    await connector.snapshots.create('a.xml', intent, never);
    const { path } = await connector.diskExport.diskFile('a.xml', 'vda');
    await appendFile(path, 'guest');
    await expect(connector.snapshots.undo('a.xml', intent)).rejects.toMatchObject({ code: 'SNAPSHOT_USED' });
    expect(await readdir(folder.path)).toContain(path.slice(folder.path.length + 1));
    await folder.rawDisk('c.raw');
    await folder.vm({ file: 'c' });
    const planned = await connector.snapshots.prepare('c.xml', 'one', 'key');
    await folder.write('c.xml', definitionText({ file: 'c', name: 'edited' }));
    await expect(connector.snapshots.create('c.xml', planned, never)).rejects.toMatchObject({ code: 'DEFINITION_CHANGED' });
  });

  it('brings back the hardware of that time with the disk', async () => {
    const id = await make('bios');
    const change = { bootMode: 'uefi', vcpus: 8 } as const;
    await connector.hardware.apply('a.xml', change, (await connector.hardware.preview('a.xml', change)).fingerprint);
    await connector.snapshots.revert('a.xml', await connector.snapshots.prepareRevert('a.xml', id, 'back'), never);
    expect(await connector.hardware.read('a.xml')).toMatchObject({ bootMode: 'bios', vcpus: 2 });
  });

  it.skipIf(qemuIo === null)('reverts to the bytes of that time, and deleting keeps the bytes of now', async () => {
    const states = [await guest()];
    const ids: string[] = [];
    for (const [index, name] of ['one', 'two', 'three'].entries()) {
      ids.push(await make(name));
      await writeInGuest(index + 1);
      states.push(await guest());
    }
    expect(new Set(states).size).toBe(4);
    // The middle one goes: what stands on it is made whole under its own name.
    const removal = await connector.snapshots.prepareDelete('a.xml', ids[1] ?? '', 'delete two');
    expect(removal.neededBytes).toBeGreaterThan(700_000);
    const progress: number[] = [];
    await connector.snapshots.delete('a.xml', removal, ({ doneBytes, totalBytes }) => progress.push(doneBytes / totalBytes), never);
    expect(progress.every((value, index) => value >= (progress[index - 1] ?? 0) && value <= 1)).toBe(true);
    expect(await guest()).toBe(states[3]);
    for (const [id, state] of [[ids[2], states[2]], [ids[0], states[0]]] as const) {
      await connector.snapshots.revert('a.xml', await connector.snapshots.prepareRevert('a.xml', id ?? '', `back ${id}`), never);
      expect(await guest()).toBe(state);
    }
    for (const id of [ids[0], ids[2]]) await connector.snapshots.delete('a.xml', await connector.snapshots.prepareDelete('a.xml', id ?? '', `delete ${id}`), () => undefined, never);
    expect(await guest()).toBe(states[0]);
    expect(await disks()).toHaveLength(1);
    expect(await readFile(join(folder.path, 'a.xml'), 'utf8')).not.toContain('goldpress');
  });

  it('is not deleted or reverted under a VM that somebody else put on it', async () => {
    const id = await make('base');
    await engine.createOverlay({ path: join(folder.path, 'other.qcow2'), basePath: join(folder.path, 'a.raw'), policy: { roots: [folder.path] } });
    await folder.vm({ file: 'other', name: 'Other VM', driver: 'qcow2' });
    await expect(connector.snapshots.prepareDelete('a.xml', id, 'k')).rejects.toMatchObject({ code: 'SNAPSHOT_BASE_SHARED', params: { users: 'Other VM' } });
    await expect(connector.deleter.manifest('a.xml')).rejects.toMatchObject({ code: 'DELETE_DISK_SHARED' });
  });

  it('finds a half-done deletion, goes on with it, and undoes only what was not finished', async () => {
    const id = await make('one');
    const before = await guest();
    const removal = await connector.snapshots.prepareDelete('a.xml', id, 'k');
    const { temporary } = (JSON.parse(removal.data['plan'] ?? '') as { flatten: { temporary: string }[] }).flatten[0] ?? { temporary: '' };
    await writeFile(temporary, 'half');
    expect(await connector.snapshots.find('a.xml', removal)).toBe('partial');
    await connector.snapshots.undo('a.xml', removal);
    expect(await connector.snapshots.find('a.xml', removal)).toBe('absent');
    await writeFile(temporary, 'half');
    const cancelled = new AbortController();
    cancelled.abort(new Error('cancelled'));
    await expect(connector.snapshots.delete('a.xml', removal, () => undefined, cancelled.signal)).rejects.toThrow('cancelled');
    expect(await guest()).toBe(before);
    await connector.snapshots.delete('a.xml', removal, () => undefined, never);
    expect(await connector.snapshots.find('a.xml', removal)).toBe('done');
    expect(await guest()).toBe(before);
    expect(await disks()).toHaveLength(1);
  });

  it('is not made of a disk that is still being written', async () => {
    const path = join(folder.path, 'a.raw');
    const patient = new LocalConnector({ path: folder.path }, { engine, clock: systemClock, settleMs: 500 });
    const writing = setInterval(() => void appendFile(path, Buffer.alloc(512)), 10);
    try {
      await appendFile(path, Buffer.alloc(512));
      expect((await patient.snapshots.obstacle('a.xml'))?.code).toBe('LIBRARY_DISK_CHANGING');
      await expect(patient.snapshots.prepare('a.xml', 'one', 'k')).rejects.toMatchObject({ code: 'LIBRARY_DISK_CHANGING' });
    } finally {
      clearInterval(writing);
    }
    expect(await disks()).toEqual(['a.raw']);
  });

  it('is not deleted over what the VM writes while its disk is made whole', async () => {
    const id = await make('one');
    const { path } = await connector.diskExport.diskFile('a.xml', 'vda');
    class Started extends WorkerDiskEngine {
      override async identify(...call: Parameters<WorkerDiskEngine['identify']>): ReturnType<WorkerDiskEngine['identify']> {
        const identity = await super.identify(...call);
        await appendFile(path, Buffer.alloc(65_536, 9));
        return identity;
      }
    }
    const meanwhile = new Started();
    onTestFinished(() => meanwhile.dispose());
    const other = new LocalConnector({ path: folder.path }, { engine: meanwhile, clock: systemClock, settleMs: 0 });
    const removal = await other.snapshots.prepareDelete('a.xml', id, 'k');
    await expect(other.snapshots.delete('a.xml', removal, () => undefined, never)).rejects.toMatchObject({ code: 'DISK_CHANGED', params: { path } });
    expect((await readFile(path)).subarray(-65_536).equals(Buffer.alloc(65_536, 9))).toBe(true);
    expect((await connector.current('a.xml', never)).snapshots).toHaveLength(1);
    expect((await readdir(folder.path)).filter((name) => name.includes('.flat-'))).toEqual([]);
  });

  it('goes with its VM: every layer is in the manifest, the definition last', async () => {
    await make('one');
    await make('two');
    const manifest = await connector.deleter.manifest('a.xml');
    expect(manifest.items.map((item) => item.kind)).toEqual(['disk', 'snapshot', 'snapshot', 'definition']);
    await connector.deleter.remove('a.xml', manifest, never);
    expect(await readdir(folder.path)).toEqual([]);
  });
});
