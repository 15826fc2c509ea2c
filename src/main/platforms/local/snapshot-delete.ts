/**
 * Deletes a snapshot: each file that stands directly on it is made whole in a new file, read back, and swapped in under its own name,
 * so that whatever stands on that file in turn never notices. Then the definition forgets the snapshot, and last its files go.
 */
import { createHash } from 'node:crypto';
import { chmod, rename, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { SnapshotIntent } from '../connector.ts';
import type { Definition } from './definitions.ts';
import { exists, replaceDefinition, syncFolder } from './definition-file.ts';
import { removeFile } from './deleter-role.ts';
import { stampOf } from './disk-chains.ts';
import { refuseInUse } from './hardware-role.ts';
import { setMode, type SnapshotFiles } from './snapshot-files.ts';
import { writeSnapshots } from './snapshot-metadata.ts';
import { toIntent, type PlanOf } from './snapshot-plan.ts';
import { entryOf, snapshotFilesOf } from './snapshot-revert.ts';
import { serializeXml } from '../domain-xml/xml.ts';

type DeletePlan = PlanOf<'delete'>;
type Flattening = DeletePlan['flatten'][number];
type OnProgress = (progress: { doneBytes: number; totalBytes: number }) => void;

export async function planDelete(files: SnapshotFiles, vm: ExternalId, snapshotId: string, key: string): Promise<{ intent: SnapshotIntent; neededBytes: number; folder: string }> {
  const { library } = files;
  const { definition } = await files.subject(vm);
  await refuseInUse(definition);
  const entry = entryOf(definition, snapshotId);
  const remove: DeletePlan['remove'] = [];
  for (const disk of entry.disks) {
    const path = await library.definitions.locate(disk.file, definition.path);
    const stamp = path === null ? null : await stampOf(path);
    if (path !== null && stamp !== null) remove.push({ path, stamp: stamp.stamp });
  }
  await refuseShared(files, vm, entry.name, remove.map((file) => file.path));
  const bases = new Set(remove.map((file) => file.path));
  const candidates = new Set([...definition.disks.flatMap((disk) => disk.path ?? []), ...(await snapshotFilesOf(files, definition))]);
  const flatten: Flattening[] = [];
  let neededBytes = 0;
  for (const path of candidates) {
    const layers = await library.chains.layers(path);
    const base = layers[1]?.path;
    if (base === undefined || !bases.has(base)) continue;
    flatten.push({ path, base, temporary: temporaryFor(path, key), mode: (await stat(path)).mode & 0o777 });
    const [top] = layers;
    const virtualBytes = top?.virtualBytes ?? 0;
    const dataBytes = Math.min(virtualBytes, layers.reduce((sum, layer) => sum + layer.actualBytes, 0));
    // Tables of a qcow2 take 10 bytes per 64 KiB cluster; a rounding on top.
    neededBytes += dataBytes + Math.ceil(virtualBytes / 6000) + 1024 ** 2;
  }
  const intent = toIntent(entry.name, { operation: 'delete', snapshotId, definition: definition.fingerprint, flatten, remove });
  return { intent, neededBytes, folder: dirname(flatten[0]?.path ?? definition.path) };
}

/** Hidden, and ending like a file that is still being written: no listing takes it for a disk. */
function temporaryFor(path: string, key: string): string {
  const mark = createHash('sha256').update(path).update('\0').update(key).digest('hex').slice(0, 16);
  return join(dirname(path), `.flat-${mark}.qcow2.part`);
}

export async function runDelete(files: SnapshotFiles, vm: ExternalId, plan: DeletePlan, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
  const { definition, domain } = await files.subject(vm);
  await refuseInUse(definition);
  const entry = definition.snapshots.entries.find((item) => item.id === plan.snapshotId);
  if (entry !== undefined) {
    if (definition.fingerprint !== plan.definition) throw new AppError('DEFINITION_CHANGED', { file: definition.path });
    await flattenAll(files, definition, plan, onProgress, signal);
    // Somebody may have put a VM on it meanwhile.
    await refuseShared(files, vm, entry.name, plan.remove.map((file) => file.path));
    const { currentId, entries } = definition.snapshots;
    writeSnapshots(domain, {
      currentId: currentId === entry.id ? entry.parentId : currentId,
      entries: entries.filter((item) => item.id !== entry.id).map((item) => (item.parentId === entry.id ? { ...item, parentId: entry.parentId } : item)),
    });
    await replaceDefinition(definition.path, serializeXml(domain.document));
  }
  for (const file of plan.remove) await files.removeUnchanged(file);
}

async function flattenAll(files: SnapshotFiles, definition: Definition, plan: DeletePlan, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
  for (const [index, item] of plan.flatten.entries()) {
    signal.throwIfAborted();
    if (!(await standsOn(files, item))) continue;
    // Two passes a file (write, read back), and all files in one bar.
    const passes = plan.flatten.length * 2;
    const report = (pass: number): OnProgress => ({ doneBytes, totalBytes }) =>
      onProgress({ doneBytes: Math.round(totalBytes * (index * 2 + pass) + doneBytes), totalBytes: totalBytes * passes });
    await flattenOne(files, definition, item, report, signal);
  }
}

async function flattenOne(files: SnapshotFiles, definition: Definition, item: Flattening, report: (pass: number) => OnProgress, signal: AbortSignal): Promise<void> {
  const checkpointPath = `${item.temporary}.checkpoint`;
  if (!(await exists(checkpointPath))) await removeFile(item.temporary);
  const space = await statfs(dirname(item.path));
  const before = await stampOf(item.path);
  const source = await files.library.chains.fileOf(item.path);
  const written = await files.engine.convert({
    source, targetPath: item.temporary, targetFormat: 'qcow2', compression: null, checkpointPath, maxTargetBytes: space.bavail * space.bsize,
  }, report(0), signal);
  const readBack = await files.engine.identify({ path: item.temporary, policy: { roots: [] } }, 'fast', report(1), signal);
  if (readBack.digest !== written.fastIdentity.digest) {
    await removeFile(item.temporary);
    throw new AppError('SNAPSHOT_READ_BACK_DIFFERS', { file: item.path }, { isRetryable: true });
  }
  signal.throwIfAborted();
  // Writing and reading back took their time: a VM that was started meanwhile must not lose what it wrote.
  await refuseInUse(definition);
  if ((await stampOf(item.path))?.stamp !== before?.stamp) {
    await removeFile(item.temporary);
    throw new AppError('DISK_CHANGED', { path: item.path }, { isRetryable: true });
  }
  await setMode(item.temporary, item.mode);
  await swapIn(item);
}

/** From here on the file no longer needs its base; before, the old file is untouched. */
async function swapIn({ temporary, path }: Flattening): Promise<void> {
  try {
    if (process.platform === 'win32') await chmod(path, 0o666);
    await rename(temporary, path);
  } catch (error) {
    throw new AppError('LIBRARY_WRITE_FAILED', { file: path }, { cause: error });
  }
  await syncFolder(dirname(path));
}

/** @throws `SNAPSHOT_BASE_SHARED` where another VM needs one of the files */
async function refuseShared(files: SnapshotFiles, vm: ExternalId, name: string, paths: readonly string[]): Promise<void> {
  const users = await files.library.dependants(vm, paths, new AbortController().signal);
  if (users.length > 0) throw new AppError('SNAPSHOT_BASE_SHARED', { name, users: users.join(', ') });
}

async function standsOn(files: SnapshotFiles, { path, base }: Flattening): Promise<boolean> {
  return (await files.library.chains.layers(path)).slice(1).some((layer) => layer.path === base);
}

export async function findDelete(files: SnapshotFiles, definition: Definition, plan: DeletePlan): Promise<'done' | 'absent' | 'partial'> {
  if (!definition.snapshots.entries.some((entry) => entry.id === plan.snapshotId)) {
    for (const file of plan.remove) if ((await stampOf(file.path))?.stamp === file.stamp) return 'partial';
    return 'done';
  }
  for (const item of plan.flatten) if ((await exists(item.temporary)) || !(await standsOn(files, item))) return 'partial';
  return 'absent';
}

/** A file that was made whole already holds the same bytes as before; only what was not finished goes. */
export async function undoDelete(plan: DeletePlan): Promise<void> {
  for (const item of plan.flatten) {
    await removeFile(item.temporary);
    await removeFile(`${item.temporary}.checkpoint`);
  }
}
