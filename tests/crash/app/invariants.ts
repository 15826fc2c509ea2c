/** What must hold of library, pool and the run's own list, at every moment and in the end. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { systemClock } from '../../../src/main/clock.ts';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import type { SourceVmRecord } from '../../../src/main/platforms/inventory-records.ts';
import { LocalConnector } from '../../../src/main/platforms/local/local-connector.ts';
import type { TaskDetail } from '../../../src/shared/model/task.ts';
import type { Lives } from './lives.ts';
import { externalId, filesBelow, worldIn } from './world.ts';

const signal = new AbortController().signal;
const nothing = (): void => undefined;
const engine = new WorkerDiskEngine();
afterAll(() => engine.dispose());

/** The VM's disk as it was before the workflow. */
export const diskBefore = (lives: Lives): string => worldIn(lives.before).disk;

/** The same guest bytes, in a file whose structure is sound. */
export async function expectSameGuest(path: string, roots: readonly string[], original: string, originalRoots: readonly string[] = []): Promise<void> {
  expect(await engine.firstDifference({ path, policy: { roots } }, { path: original, policy: { roots: originalRoots } }, nothing, signal), basename(path)).toBeNull();
  expect(await engine.checkStructure(path, signal), basename(path)).toMatchObject({ isSound: true });
}

/** What a person sees in the library, read past every cache. */
export async function listedVms({ directory }: Lives): Promise<SourceVmRecord[]> {
  const connector = new LocalConnector({ path: worldIn(directory).library }, { engine, clock: systemClock, settleMs: 0 });
  const found: SourceVmRecord[] = [];
  for await (const page of connector.inventory.sourceVms(signal)) found.push(...page);
  await connector.dispose();
  return found;
}

export async function diskFileOf({ directory }: Lives, vmId: string): Promise<string> {
  const connector = new LocalConnector({ path: worldIn(directory).library }, { engine, clock: systemClock, settleMs: 0 });
  const record = await connector.current(vmId, signal);
  const { path } = await connector.diskExport.diskFile(vmId, record.disks[0]?.key ?? '');
  await connector.dispose();
  return path;
}

/** The library lists exactly these VMs, and nothing half-made as one more. */
export async function expectListed(lives: Lives, names: readonly string[]): Promise<void> {
  expect((await listedVms(lives)).map((record) => record.name).sort()).toEqual([...names].sort());
}

/** The VM starts from what it held, has the snapshots named, and no file lies beside it that it does not use. */
export async function expectSourceIntact(lives: Lives, snapshots: readonly string[]): Promise<void> {
  const { library, disk, definition } = worldIn(lives.directory);
  const record = (await listedVms(lives)).find((item) => item.externalId === externalId);
  expect(record?.snapshots.map((snapshot) => snapshot.name)).toEqual(snapshots);
  const path = await diskFileOf(lives, externalId);
  await expectSameGuest(path, [library], diskBefore(lives));
  expect(filesBelow(library), 'left in the library').toEqual([...new Set([disk, definition, path])].sort());
  expect(readFileSync(disk).equals(readFileSync(diskBefore(lives))), 'the disk itself was written to').toBe(true);
  if (snapshots.length > 0) return;
  // Written again it has other quotes, and says the same.
  const textOf = (path: string): string => readFileSync(path, 'utf8').replaceAll("'", '"').trim();
  expect(textOf(definition)).toBe(textOf(worldIn(lives.before).definition));
  expect(statSync(disk).mode, 'the disk can be written again').toBe(statSync(diskBefore(lives)).mode);
}

/** At every moment the VM is as it was, or a whole image of it is in the pool under its name. */
export async function expectNothingLost(lives: Lives, imageName: string): Promise<void> {
  const { pool, disk, definition } = worldIn(lives.directory);
  if (existsSync(disk) && existsSync(definition)) {
    expect(readFileSync(disk).equals(readFileSync(diskBefore(lives))), 'the only disk was written to').toBe(true);
    return;
  }
  const image = filesBelow(pool).find((file) => basename(file) === imageName);
  if (image === undefined) return expect.unreachable('neither the VM nor a whole image is there');
  await expectSameGuest(image, [], diskBefore(lives));
}

/** Whatever carries an image's name in the pool is a whole image; what is not is hidden. */
export async function expectNothingHalfMade(lives: Lives, directory = worldIn(lives.directory).pool): Promise<void> {
  for (const path of filesBelow(directory)) {
    const name = basename(path);
    if (name.startsWith('.goldpress-')) continue;
    if (extname(name) === '.json') expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ format: 'goldpress-desktop-image' });
    else await expectSameGuest(path, [], diskBefore(lives));
  }
}

/** The pool holds this one image and its description, whole, and nothing else, not even an empty folder. */
export async function expectImage(lives: Lives, desktopImageId: string | null, fileName: string): Promise<void> {
  const { pool } = worldIn(lives.directory);
  const files = filesBelow(pool);
  expect(files.map((path) => basename(path))).toEqual([fileName, `${fileName}.json`]);
  const [path = '', manifest = ''] = files;
  await expectSameGuest(path, [], diskBefore(lives));
  expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({ format: 'goldpress-desktop-image', file: fileName, fileBytes: statSync(path).size });
  if (desktopImageId !== null) expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({ desktopImageId, identity: { content: { level: 'content' } } });
}

/** Files of these folders that are neither known nor in the run's list of what it left behind. */
export function expectAllListed(lives: Lives, task: TaskDetail, known: readonly string[]): void {
  const { library, pool, out } = worldIn(lives.directory);
  const listed = task.artifacts.filter((item) => item.status === 'kept' || item.status === 'unknown').map((item) => item.description.params['path']);
  const files = [library, pool, out].flatMap((directory) => filesBelow(directory));
  expect(files.filter((file) => !known.includes(file) && !listed.includes(file)), 'left behind and not listed').toEqual([]);
}

/** What the run says of the things it made is true, and nothing of them is uncertain. */
export function expectHonestLedger(task: TaskDetail): void {
  for (const { status, description } of task.artifacts) {
    expect(['kept', 'removed'], JSON.stringify(description)).toContain(status);
    const { path } = description.params;
    if (typeof path === 'string') expect(existsSync(path), `${path} is said to be ${status}`).toBe(status === 'kept');
  }
}

/** As before the workflow, byte for byte, in every folder. */
export function expectUnchanged(lives: Lives, folders: readonly ('library' | 'pool' | 'out')[]): void {
  for (const folder of folders) {
    const [now, before] = [worldIn(lives.directory)[folder], worldIn(lives.before)[folder]];
    const names = (root: string): string[] => filesBelow(root).map((path) => path.slice(root.length));
    expect(names(now), folder).toEqual(names(before));
    for (const name of names(now)) expect(readFileSync(join(now, name)).equals(readFileSync(join(before, name))), name).toBe(true);
  }
}
