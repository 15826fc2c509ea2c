/**
 * Snapshots of VMs in a library. The files that hold the VM's disks become read-only bases under new qcow2 overlays, and the definition
 * follows in one rename that also records the snapshot. Reverting puts a new overlay on the old base; deleting makes whole what stood
 * on it. Every operation can be broken off at any point and told afterwards.
 */
import { stat, statfs } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { Clock } from '../../clock.ts';
import type { DiskEngine } from '../../disks/disk-engine.ts';
import type { SnapshotIntent, SnapshotRole } from '../connector.ts';
import type { DefinedDisk, Definition } from './definitions.ts';
import { exists, replaceDefinition } from './definition-file.ts';
import { stampOf } from './disk-chains.ts';
import { setDiskSource } from '../domain-xml/domain-edit.ts';
import { refuseInUse } from './hardware-role.ts';
import type { Library } from './library.ts';
import { planDelete, runDelete, findDelete, undoDelete } from './snapshot-delete.ts';
import { setMode, SnapshotFiles } from './snapshot-files.ts';
import { readSnapshots, writeSnapshots } from './snapshot-metadata.ts';
import { overlayPathFor, planOf, snapshotIdFor, toIntent, type DiskSwitch, type PlanOf } from './snapshot-plan.ts';
import { findRevert, planRevert, runRevert, undoRevert } from './snapshot-revert.ts';
import { serializeXml } from '../domain-xml/xml.ts';
import { readOnlyReason } from './writability.ts';

export class LocalSnapshots implements SnapshotRole {
  readonly #files: SnapshotFiles;
  readonly #clock: Clock;

  constructor(library: Library, engine: DiskEngine, clock: Clock) {
    this.#files = new SnapshotFiles(library, engine);
    this.#clock = clock;
  }

  async obstacle(vm: ExternalId): Promise<Message | null> {
    const definition = await this.#files.library.definition(vm);
    if (definition.kind === 'bare-disk') return say('SNAPSHOT_BARE_DISK');
    if (definition.kind === 'ovf') return say('SNAPSHOT_OVF');
    if (definition.text === null || definition.disks.length === 0) return definition.disks[0]?.problem ?? say('SNAPSHOT_NO_DISK');
    for (const disk of definition.disks) {
      const problem = await this.#diskObstacle(vm, disk);
      if (problem !== null) return problem;
    }
    return readOnlyReason(dirname(definition.path));
  }

  async #diskObstacle(vm: ExternalId, { path, problem }: DefinedDisk): Promise<Message | null> {
    if (path === null) return problem ?? say('SNAPSHOT_NO_DISK');
    let format: string;
    try {
      format = (await this.#files.library.chains.layers(path))[0]?.format ?? '';
    } catch (error) {
      if (error instanceof AppError) return error.asMessage;
      throw error;
    }
    if (format !== 'qcow2' && format !== 'raw') return say('SNAPSHOT_FORMAT', { format: format.toUpperCase() });
    // A VM that goes on writing into the file itself would change what the snapshot holds; its overlay's base becomes read-only besides.
    const users = await this.#files.library.directUsers(vm, path, new AbortController().signal);
    if (users.length > 0) return say('SNAPSHOT_DISK_SHARED', { file: basename(path), users: users.join(', ') });
    // What a running program goes on writing would change the snapshot under its overlay: where no lock tells, a changing file does.
    if (await this.#files.library.chains.isChanging(path)) return say('LIBRARY_DISK_CHANGING', { file: basename(path) });
    return readOnlyReason(dirname(path));
  }

  async #refuse(vm: ExternalId): Promise<void> {
    const reason = await this.obstacle(vm);
    if (reason !== null) throw new AppError(reason.code, reason.params);
  }

  async prepare(vm: ExternalId, name: string, key: string): Promise<SnapshotIntent> {
    await this.#refuse(vm);
    const { definition } = await this.#files.subject(vm);
    await refuseInUse(definition);
    if (definition.snapshots.entries.some((entry) => entry.name === name)) throw new AppError('SNAPSHOT_NAME_TAKEN', { name, vm: definition.name });
    const snapshotId = snapshotIdFor(vm, key);
    const switches: DiskSwitch[] = [];
    for (const disk of definition.disks) {
      if (disk.path === null) continue;
      const [top] = await this.#files.library.chains.layers(disk.path);
      switches.push({
        key: disk.key, base: disk.path, baseWritten: disk.source, baseFormat: top?.format === 'raw' ? 'raw' : 'qcow2',
        baseMode: (await stat(disk.path)).mode & 0o777, overlay: overlayPathFor(disk.path, snapshotId),
      });
    }
    return toIntent(name, { operation: 'create', snapshotId, at: this.#clock.now(), definition: definition.fingerprint, switches });
  }

  async create(vm: ExternalId, intent: SnapshotIntent, signal: AbortSignal): Promise<void> {
    const plan = planOf(intent);
    if (plan.operation !== 'create') throw new AppError('SNAPSHOT_PLAN_OTHER');
    const { definition, domain } = await this.#files.subject(vm);
    if (definition.snapshots.entries.some((entry) => entry.id === plan.snapshotId)) return;
    if (definition.fingerprint !== plan.definition) throw new AppError('DEFINITION_CHANGED', { file: definition.path });
    await refuseInUse(definition);
    await this.#files.makeOverlays(plan.switches, signal);
    for (const item of plan.switches) await setMode(item.base, item.baseMode & ~0o222);
    await this.#files.switchDisks({ definition, domain }, plan.switches);
    const disks = await Promise.all(plan.switches.map(async (item) => ({
      key: item.key, file: item.baseWritten, format: item.baseFormat, mode: item.baseMode, overlayStamp: (await stampOf(item.overlay))?.stamp ?? null,
    })));
    const { vcpus, memoryBytes, bootMode, videoModel } = definition;
    writeSnapshots(domain, {
      currentId: plan.snapshotId,
      entries: [...definition.snapshots.entries, {
        id: plan.snapshotId, name: intent.name, createdAt: plan.at, parentId: definition.snapshots.currentId, hardware: { vcpus, memoryBytes, bootMode, videoModel }, disks,
      }],
    });
    await replaceDefinition(definition.path, serializeXml(domain.document));
  }

  async find(vm: ExternalId, intent: SnapshotIntent): Promise<'done' | 'absent' | 'partial'> {
    const plan = planOf(intent);
    const definition = await this.#files.library.definition(vm);
    switch (plan.operation) {
      case 'create':
        if (definition.snapshots.entries.some((entry) => entry.id === plan.snapshotId)) return 'done';
        return (await this.#files.anyOverlayExists(plan.switches)) ? 'partial' : 'absent';
      case 'revert': return findRevert(this.#files, definition, plan);
      case 'delete': return findDelete(this.#files, definition, plan);
    }
  }

  async undo(vm: ExternalId, intent: SnapshotIntent): Promise<void> {
    const plan = planOf(intent);
    switch (plan.operation) {
      case 'create': return this.#undoCreate(vm, plan);
      case 'revert': return undoRevert(this.#files, await this.#files.library.definition(vm), plan);
      case 'delete': return undoDelete(plan);
    }
  }

  /** Takes the snapshot back as long as the VM has written nothing into the overlays. */
  async #undoCreate(vm: ExternalId, plan: PlanOf<'create'>): Promise<void> {
    const { definition, domain } = await this.#files.subject(vm);
    const entry = definition.snapshots.entries.find((item) => item.id === plan.snapshotId);
    if (entry !== undefined) {
      await refuseInUse(definition);
      const isLatest = definition.snapshots.currentId === entry.id && this.#files.isSwitched(definition, plan.switches);
      if (!isLatest || !(await this.#isPristine(plan, definition))) throw new AppError('SNAPSHOT_USED', { name: entry.name, vm: definition.name });
      for (const item of plan.switches) {
        const disk = domain.disks.find((candidate) => candidate.key === item.key);
        if (disk !== undefined) setDiskSource(disk, item.baseWritten, item.baseFormat);
      }
      const tree = readSnapshots(domain.root);
      writeSnapshots(domain, { currentId: entry.parentId, entries: tree.entries.filter((item) => item.id !== entry.id) });
      await replaceDefinition(definition.path, serializeXml(domain.document));
    }
    await this.#files.removeOverlays(plan.switches);
    for (const item of plan.switches) if (await exists(item.base)) await setMode(item.base, item.baseMode);
  }

  async #isPristine(plan: PlanOf<'create'>, definition: Definition): Promise<boolean> {
    const entry = definition.snapshots.entries.find((item) => item.id === plan.snapshotId);
    for (const item of plan.switches) {
      const made = entry?.disks.find((disk) => disk.key === item.key)?.overlayStamp ?? null;
      if (made === null || (await stampOf(item.overlay))?.stamp !== made) return false;
    }
    return true;
  }

  async prepareRevert(vm: ExternalId, snapshotId: string, key: string): Promise<SnapshotIntent> {
    await this.#refuse(vm);
    return planRevert(this.#files, vm, snapshotId, snapshotIdFor(vm, key));
  }

  async revert(vm: ExternalId, intent: SnapshotIntent, signal: AbortSignal): Promise<void> {
    const plan = planOf(intent);
    if (plan.operation !== 'revert') throw new AppError('SNAPSHOT_PLAN_OTHER');
    await runRevert(this.#files, vm, plan, signal);
  }

  async prepareDelete(vm: ExternalId, snapshotId: string, key: string): Promise<SnapshotIntent & { neededBytes: number; freeBytes: number }> {
    await this.#refuse(vm);
    const { intent, neededBytes, folder } = await planDelete(this.#files, vm, snapshotId, key);
    const space = await statfs(folder);
    return { ...intent, neededBytes, freeBytes: space.bavail * space.bsize };
  }

  async delete(vm: ExternalId, intent: SnapshotIntent, onProgress: (progress: { doneBytes: number; totalBytes: number }) => void, signal: AbortSignal): Promise<void> {
    const plan = planOf(intent);
    if (plan.operation !== 'delete') throw new AppError('SNAPSHOT_PLAN_OTHER');
    await runDelete(this.#files, vm, plan, onProgress, signal);
  }
}
