/**
 * Goes back to a snapshot: new overlays on its files, the definition switched with the hardware of that time, and only then the
 * abandoned overlays removed. What the VM wrote since is lost, as the person was told.
 */
import { stat } from 'node:fs/promises';
import { AppError } from '../../../shared/model/app-error.ts';
import { hardwareChange } from '../../../shared/model/finding.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { SnapshotIntent } from '../connector.ts';
import type { Definition } from './definitions.ts';
import { replaceDefinition } from './definition-file.ts';
import { stampOf } from './disk-chains.ts';
import { changeHardware } from '../domain-xml/domain-edit.ts';
import { refuseInUse } from './hardware-role.ts';
import type { SnapshotFiles } from './snapshot-files.ts';
import { writeSnapshots, type SnapshotEntry } from './snapshot-metadata.ts';
import { overlayPathFor, toIntent, type DiskSwitch, type PlanOf } from './snapshot-plan.ts';
import { serializeXml } from '../domain-xml/xml.ts';

export async function planRevert(files: SnapshotFiles, vm: ExternalId, snapshotId: string, overlayId: string): Promise<SnapshotIntent> {
  const { library } = files;
  const { definition } = await files.subject(vm);
  await refuseInUse(definition);
  const entry = entryOf(definition, snapshotId);
  const switches: DiskSwitch[] = [];
  const abandoned: { path: string; stamp: string }[] = [];
  const frozen = new Set(await snapshotFilesOf(files, definition));
  for (const disk of entry.disks) {
    const base = await library.definitions.locate(disk.file, definition.path);
    if (base === null) throw new AppError('SNAPSHOT_FILE_MISSING', { name: entry.name, file: disk.file });
    const baseMode = (await stat(base)).mode & 0o777;
    switches.push({ key: disk.key, base, baseWritten: disk.file, baseFormat: disk.format, baseMode, overlay: overlayPathFor(base, overlayId) });
    const current = definition.disks.find((item) => item.key === disk.key)?.path ?? null;
    const stamp = current === null || frozen.has(current) ? null : await stampOf(current);
    if (current !== null && stamp !== null) abandoned.push({ path: current, stamp: stamp.stamp });
  }
  const users = await library.dependants(vm, abandoned.map((file) => file.path), new AbortController().signal);
  if (users.length > 0) throw new AppError('SNAPSHOT_BASE_SHARED', { name: entry.name, users: users.join(', ') });
  return toIntent(entry.name, { operation: 'revert', snapshotId, definition: definition.fingerprint, switches, abandoned });
}

export async function runRevert(files: SnapshotFiles, vm: ExternalId, plan: PlanOf<'revert'>, signal: AbortSignal): Promise<void> {
  const { definition, domain } = await files.subject(vm);
  await refuseInUse(definition);
  if (!files.isSwitched(definition, plan.switches)) {
    if (definition.fingerprint !== plan.definition) throw new AppError('DEFINITION_CHANGED', { file: definition.path });
    const entry = entryOf(definition, plan.snapshotId);
    await files.makeOverlays(plan.switches, signal);
    await files.switchDisks({ definition, domain }, plan.switches);
    changeHardware(domain, hardwareOf(entry), definition.path);
    writeSnapshots(domain, { ...definition.snapshots, currentId: entry.id });
    await replaceDefinition(definition.path, serializeXml(domain.document));
  }
  for (const file of plan.abandoned) await files.removeUnchanged(file);
}

export async function findRevert(files: SnapshotFiles, definition: Definition, plan: PlanOf<'revert'>): Promise<'done' | 'absent' | 'partial'> {
  if (!files.isSwitched(definition, plan.switches)) return (await files.anyOverlayExists(plan.switches)) ? 'partial' : 'absent';
  for (const file of plan.abandoned) if ((await stampOf(file.path))?.stamp === file.stamp) return 'partial';
  return 'done';
}

/** Before the switch there are only overlays that nothing refers to; after it, what was abandoned may be gone. */
export async function undoRevert(files: SnapshotFiles, definition: Definition, plan: PlanOf<'revert'>): Promise<void> {
  if (files.isSwitched(definition, plan.switches)) throw new AppError('SNAPSHOT_REVERTED_FOR_GOOD', { vm: definition.name });
  await files.removeOverlays(plan.switches);
}

/** @throws `NOT_FOUND` */
export function entryOf(definition: Definition, snapshotId: string): SnapshotEntry {
  const entry = definition.snapshots.entries.find((item) => item.id === snapshotId);
  if (entry === undefined) throw new AppError('NOT_FOUND', { what: 'snapshot', id: snapshotId });
  return entry;
}

/** Real paths of all files that snapshots of the VM hold. */
export async function snapshotFilesOf(files: SnapshotFiles, definition: Definition): Promise<string[]> {
  const written = definition.snapshots.entries.flatMap((entry) => entry.disks.map((disk) => disk.file));
  const located = await Promise.all(written.map((file) => files.library.definitions.locate(file, definition.path)));
  return located.flatMap((path) => path ?? []);
}

/** Recorded values that can be set; a video model that we do not offer stays as it is. */
function hardwareOf({ hardware }: SnapshotEntry): ReturnType<typeof hardwareChange.parse> {
  const candidates = {
    vcpus: hardware.vcpus ?? undefined, memoryBytes: hardware.memoryBytes ?? undefined, bootMode: hardware.bootMode, videoModel: hardware.videoModel ?? undefined,
  };
  const valid = Object.entries(candidates).filter(([key, value]) => value !== undefined && hardwareChange.safeParse({ [key]: value }).success);
  return hardwareChange.parse(Object.fromEntries(valid));
}
