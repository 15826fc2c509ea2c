/**
 * Snapshots of a stopped domain as external ones: libvirt keeps their record, the disks' files are frozen under new overlays. libvirt
 * itself cannot go back to them everywhere, so that reverting puts a new overlay on the frozen files, and deleting makes whole what
 * stands on them. Every operation can be broken off at any point and told afterwards.
 */
import { posix } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { SnapshotIntent, SnapshotRole } from '../connector.ts';
import { replaceDefinition } from './definition.ts';
import { definitionFingerprint, readAllDomains, requireStopped } from './domains.ts';
import { diskProblem, type HostDisks } from './host-disks.ts';
import { poolOf } from './pools.ts';
import { findDelete, planDelete, runDelete, undoDelete } from './snapshot-delete.ts';
import { markFor, overlayPathFor, planOf, toIntent, type DiskSwitch, type PlanOf } from './snapshot-plan.ts';
import { findRevert, planRevert, runRevert, undoRevert } from './snapshot-revert.ts';
import { SnapshotTools, type Subject } from './snapshot-tools.ts';
import type { Virsh } from './virsh.ts';

/** libvirt keeps a snapshot's record in a file of its name. */
const longestName = 200;

export class LibvirtSnapshots implements SnapshotRole {
  readonly #tools: SnapshotTools;

  constructor(virsh: Virsh, disks: HostDisks) {
    this.#tools = new SnapshotTools(virsh, disks);
  }

  async obstacle(vm: ExternalId): Promise<Message | null> {
    try {
      await this.#tools.virsh.requireRights();
    } catch (error) {
      return diskProblem(error);
    }
    const subject = await this.#tools.subject(vm);
    if (subject.found.domain.disks.length === 0) return say('SNAPSHOT_NO_DISK');
    const others = (await readAllDomains(this.#tools.virsh)).filter((other) => other.uuid !== vm);
    for (const disk of subject.found.domain.disks) {
      const { path, problem } = this.#tools.disks.locate(disk, subject.pools);
      if (path === null) return problem ?? say('SNAPSHOT_NO_DISK');
      const found = await this.#fileObstacle(path, subject);
      if (found !== null) return found;
      // A domain that goes on writing into the file itself would change what the snapshot holds.
      const users = others.filter((other) => other.domain.disks.some((item) => this.#tools.disks.locate(item, subject.pools).path === path)).map((other) => other.domain.name);
      if (users.length > 0) return say('SNAPSHOT_DISK_SHARED', { file: posix.basename(path), users: users.join(', ') });
    }
    return null;
  }

  async #fileObstacle(path: string, { pools }: Subject): Promise<Message | null> {
    const { disks } = this.#tools;
    try {
      const format = (await disks.layers(path, pools))[0]?.format ?? '';
      if (format !== 'qcow2' && format !== 'raw') return say('SNAPSHOT_FORMAT', { format: format.toUpperCase() });
    } catch (error) {
      return diskProblem(error);
    }
    if (poolOf(pools, path) === null) return say('LIBVIRT_NOT_IN_POOL', { file: path });
    const folder = posix.dirname(path);
    return (await disks.host.files.canWrite(folder)) ? null : say('LIBVIRT_FOLDER_READ_ONLY', { host: disks.host.label, folder });
  }

  async #refuse(vm: ExternalId): Promise<void> {
    const reason = await this.obstacle(vm);
    if (reason !== null) throw new AppError(reason.code, reason.params);
  }

  async prepare(vm: ExternalId, name: string, key: string): Promise<SnapshotIntent> {
    await this.#refuse(vm);
    const subject = await this.#tools.subject(vm);
    const { found, pools } = subject;
    requireStopped(found);
    if (/[/\p{Cc}]|^\.|^\s|\s$/u.test(name) || Buffer.byteLength(name) > longestName) throw new AppError('LIBVIRT_SNAPSHOT_NAME', { name, limit: longestName });
    if (found.snapshots.some((snapshot) => snapshot.name === name)) throw new AppError('SNAPSHOT_NAME_TAKEN', { name, vm: found.domain.name });
    const mark = markFor(vm, key);
    const switches: DiskSwitch[] = [];
    for (const disk of found.domain.disks) {
      const { path } = this.#tools.disks.locate(disk, pools);
      if (path === null) continue;
      const [top] = await this.#tools.disks.layers(path, pools);
      switches.push({ key: disk.key, base: path, baseFormat: top?.format === 'raw' ? 'raw' : 'qcow2', virtualBytes: top?.virtualBytes ?? 0, overlay: overlayPathFor(path, mark) });
    }
    return toIntent(name, { operation: 'create', name, mark, definition: definitionFingerprint(found.text), switches });
  }

  async create(vm: ExternalId, intent: SnapshotIntent, signal: AbortSignal): Promise<void> {
    const plan = planOf(intent);
    if (plan.operation !== 'create') throw new AppError('SNAPSHOT_PLAN_OTHER');
    const { found, pools } = await this.#tools.subject(vm, signal);
    if (this.#madeBy(found, plan) !== undefined) return;
    if (definitionFingerprint(found.text) !== plan.definition) throw new AppError('DEFINITION_CHANGED', { file: found.domain.name });
    requireStopped(found);
    // The definition is untouched, so overlays of this mark are what an attempt left that did not end.
    await this.#tools.removeAll(plan.switches.map((item) => item.overlay), pools);
    const specs = plan.switches.flatMap((item) => ['--diskspec', `${item.key},snapshot=external,file=${item.overlay.replaceAll(',', ',,')}`]);
    await this.#tools.virsh.run([
      'snapshot-create-as', '--domain', found.uuid, '--name', plan.name, '--description', descriptionOf(plan), '--disk-only', '--atomic', ...specs,
    ], { signal });
  }

  #madeBy(found: Subject['found'], plan: PlanOf<'create'>): Subject['found']['snapshots'][number] | undefined {
    return found.snapshots.find((snapshot) => snapshot.description === descriptionOf(plan));
  }

  async find(vm: ExternalId, intent: SnapshotIntent): Promise<'done' | 'absent' | 'partial'> {
    const plan = planOf(intent);
    const subject = await this.#tools.subject(vm);
    switch (plan.operation) {
      case 'create':
        if (this.#madeBy(subject.found, plan) !== undefined) return 'done';
        return (await this.#tools.anyExists(plan.switches.map((item) => item.overlay))) ? 'partial' : 'absent';
      case 'revert': return findRevert(this.#tools, subject, plan);
      case 'delete': return findDelete(this.#tools, subject, plan);
    }
  }

  async undo(vm: ExternalId, intent: SnapshotIntent): Promise<void> {
    const plan = planOf(intent);
    const subject = await this.#tools.subject(vm);
    switch (plan.operation) {
      case 'create': return this.#undoCreate(subject, plan);
      case 'revert': return undoRevert(this.#tools, subject, plan);
      case 'delete': return undoDelete(this.#tools, subject, plan);
    }
  }

  /** Takes the snapshot back as long as the domain has written nothing into the overlays. */
  async #undoCreate(subject: Subject, plan: PlanOf<'create'>): Promise<void> {
    const { found, pools } = subject;
    const made = this.#madeBy(found, plan);
    if (made !== undefined) {
      requireStopped(found);
      const used = new AppError('SNAPSHOT_USED', { name: made.name, vm: found.domain.name });
      if (this.#tools.isOn(subject, plan.switches, 'overlay')) {
        if (found.currentSnapshot !== made.name || !(await this.#isPristine(subject, plan))) throw used;
        await replaceDefinition(this.#tools.virsh, found, (text) => this.#tools.pointedAt(text, plan.switches, 'base', found.domain.name));
      } else if (!this.#tools.isOn(subject, plan.switches, 'base')) {
        throw used;
      }
      await this.#tools.virsh.run(['snapshot-delete', '--domain', found.uuid, '--snapshotname', made.name, '--metadata']);
    }
    await this.#tools.removeAll(plan.switches.map((item) => item.overlay), pools);
  }

  /** An overlay that holds no data of its own has never been written to. */
  async #isPristine({ pools }: Subject, plan: PlanOf<'create'>): Promise<boolean> {
    for (const { overlay } of plan.switches) {
      const { parts } = await this.#tools.disks.engine.map(this.#tools.disks.fileOf(overlay, pools), 1);
      if (parts.some((part) => part.dataBytes + part.compressedBytes > 0)) return false;
    }
    return true;
  }

  async prepareRevert(vm: ExternalId, snapshotId: string, key: string): Promise<SnapshotIntent> {
    await this.#refuse(vm);
    return planRevert(this.#tools, await this.#tools.subject(vm), snapshotId, markFor(vm, key));
  }

  async revert(vm: ExternalId, intent: SnapshotIntent, signal: AbortSignal): Promise<void> {
    const plan = planOf(intent);
    if (plan.operation !== 'revert') throw new AppError('SNAPSHOT_PLAN_OTHER');
    await runRevert(this.#tools, await this.#tools.subject(vm, signal), plan, signal);
  }

  async prepareDelete(vm: ExternalId, snapshotId: string, key: string): Promise<SnapshotIntent & { neededBytes: number; freeBytes: number }> {
    await this.#refuse(vm);
    return planDelete(this.#tools, await this.#tools.subject(vm), snapshotId, markFor(vm, key));
  }

  async delete(vm: ExternalId, intent: SnapshotIntent, onProgress: (progress: { doneBytes: number; totalBytes: number }) => void, signal: AbortSignal): Promise<void> {
    const plan = planOf(intent);
    if (plan.operation !== 'delete') throw new AppError('SNAPSHOT_PLAN_OTHER');
    await runDelete(this.#tools, await this.#tools.subject(vm, signal), plan, onProgress, signal);
  }
}

function descriptionOf(plan: PlanOf<'create'>): string {
  return `goldpress ${plan.mark}`;
}
