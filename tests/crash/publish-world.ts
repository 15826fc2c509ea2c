/** What must hold of library and pool after a publication was broken off and gone on with. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { systemClock } from '../../src/main/clock.ts';
import { WorkerDiskEngine } from '../../src/main/disks/disk-engine.ts';
import { LocalConnector } from '../../src/main/platforms/local/local-connector.ts';
import { unlisted, type Ended } from './harness.ts';
import { pristineDisk, worldIn } from './scenarios/publish.ts';

const signal = new AbortController().signal;
const nothing = (): void => undefined;

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The same guest bytes as when the world was made. */
async function expectPristine(directory: string, path: string, roots: readonly string[]): Promise<void> {
  const engine = new WorkerDiskEngine();
  try {
    const original = { path: await pristineDisk(directory), policy: { roots: [] } };
    expect(await engine.firstDifference({ path, policy: { roots } }, original, nothing, signal)).toBeNull();
    expect(await engine.checkStructure(path, signal)).toMatchObject({ isSound: true });
  } finally {
    await engine.dispose();
  }
}

/** The VM is there, holds what it held, can be edited, and has the snapshots named. */
export async function expectSourceIntact(directory: string, snapshots: readonly string[]): Promise<void> {
  const { library, externalId, disk, definition } = worldIn(directory);
  const engine = new WorkerDiskEngine();
  try {
    const connector = new LocalConnector({ path: library }, { engine, clock: systemClock, settleMs: 0 });
    const record = await connector.current(externalId, signal);
    expect(record.snapshots.map((snapshot) => snapshot.name)).toEqual(snapshots);
    const file = await connector.diskExport.diskFile(externalId, record.disks[0]?.key ?? '');
    await expectPristine(directory, file.path, [library]);
    const known = [disk, definition, file.path];
    expect(filesBelow(library).filter((path) => !known.includes(path)), 'left in the library').toEqual([]);
  } finally {
    await engine.dispose();
  }
}

/** The VM has gone with all its files. */
export function expectSourceGone(directory: string): void {
  expect(filesBelow(worldIn(directory).library)).toEqual([]);
}

/** The pool holds the image and its description, whole, and nothing else. */
export async function expectImage(directory: string, ended: Ended, fileName: string): Promise<void> {
  const { pool } = worldIn(directory);
  expect(filesBelow(pool).map((path) => basename(path)).sort()).toEqual([fileName, `${fileName}.json`]);
  const path = filesBelow(pool).find((file) => file.endsWith(fileName)) ?? '';
  await expectPristine(directory, path, []);
  expect(JSON.parse(readFileSync(`${path}.json`, 'utf8'))).toMatchObject({ format: 'goldpress-desktop-image', desktopImageId: ended.run.result });
}

/** Nothing was published, and nothing of the attempt is left unless the run says so. */
export function expectNoImage(directory: string, ended: Ended): void {
  const { pool } = worldIn(directory);
  expect(ended.run.result).toBeNull();
  expect(unlisted(filesBelow(pool), [], ended)).toEqual([]);
  expect(filesBelow(pool)).toEqual([]);
}

/** The invariant of every moment: source intact or image whole. Right after a kill, before anything was repaired. */
export async function expectNothingLost(directory: string, fileName: string): Promise<void> {
  const { pool, disk, definition } = worldIn(directory);
  if (existsSync(disk) && existsSync(definition)) return;
  const image = filesBelow(pool).find((file) => basename(file) === fileName);
  expect(image, 'neither the VM nor a whole image is there').toBeDefined();
  await expectPristine(directory, image ?? '', []);
}
