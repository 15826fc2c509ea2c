/** Goes back to an external snapshot: new overlays on its frozen files, and the definition of that time over them, in one step. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { SnapshotIntent } from '../connector.ts';
import { definitionFingerprint, requireStopped } from './domains.ts';
import { overlayPathFor, toIntent, type DiskSwitch, type PlanOf, type StampedFile } from './snapshot-plan.ts';
import type { SnapshotTools, Subject } from './snapshot-tools.ts';
import { parseSnapshot } from './snapshot-xml.ts';

export async function planRevert(tools: SnapshotTools, subject: Subject, name: string, mark: string): Promise<SnapshotIntent> {
  const { found, pools } = subject;
  requireStopped(found);
  const snapshot = tools.snapshot(subject, name);
  const switches: DiskSwitch[] = [];
  for (const disk of snapshot.domain.disks) {
    const base = tools.disks.locate(disk, pools).path;
    if (base === null || (await tools.disks.stamp(base)) === 'gone') throw new AppError('SNAPSHOT_FILE_MISSING', { name, file: base ?? disk.source });
    const [top] = await tools.disks.layers(base, pools);
    switches.push({ key: disk.key, base, baseFormat: top?.format === 'raw' ? 'raw' : 'qcow2', virtualBytes: top?.virtualBytes ?? 0, overlay: overlayPathFor(base, mark) });
  }
  const frozen = new Set(found.snapshots.flatMap((item) => tools.frozenFiles(item, pools)));
  const abandoned: StampedFile[] = [];
  for (const path of tools.currentFiles(subject)) {
    const stamp = await tools.disks.stamp(path);
    if (!frozen.has(path) && stamp !== 'gone') abandoned.push({ path, stamp });
  }
  await tools.refuseShared(subject, name, abandoned.map((file) => file.path));
  return toIntent(name, { operation: 'revert', name, definition: definitionFingerprint(found.text), switches, abandoned });
}

export async function runRevert(tools: SnapshotTools, subject: Subject, plan: PlanOf<'revert'>, signal: AbortSignal): Promise<void> {
  const { found, pools } = subject;
  requireStopped(found);
  if (!tools.isOn(subject, plan.switches, 'overlay')) {
    if (definitionFingerprint(found.text) !== plan.definition) throw new AppError('DEFINITION_CHANGED', { file: found.domain.name });
    tools.snapshot(subject, plan.name);
    await tools.makeOverlays(plan.switches, pools, signal);
    // Asked with its passwords, which the shown text does not have.
    const text = await tools.virsh.run(['snapshot-dumpxml', '--security-info', '--domain', found.uuid, '--snapshotname', plan.name], { signal });
    await tools.virsh.feed(['define', '/dev/stdin'], tools.pointedAt(domainIn(text, plan.name), plan.switches, 'overlay', found.domain.name), { signal });
  }
  if (found.currentSnapshot !== plan.name) await makeCurrent(tools, found.uuid, plan.name, signal);
  await tools.removeUnchanged(plan.abandoned, pools);
}

/** libvirt has no command for it: the snapshot is told once more, as the current one. */
async function makeCurrent(tools: SnapshotTools, uuid: string, name: string, signal: AbortSignal): Promise<void> {
  const text = await tools.virsh.run(['snapshot-dumpxml', '--security-info', '--domain', uuid, '--snapshotname', name], { signal });
  await tools.virsh.feed(['snapshot-create', '--domain', uuid, '--redefine', '--current', '--xmlfile', '/dev/stdin'], text, { signal });
}

function domainIn(text: string, name: string): string {
  const found = parseSnapshot(text, name).domainText;
  if (found === null) throw new AppError('LIBVIRT_SNAPSHOT_INTERNAL', { name });
  return found;
}

export async function findRevert(tools: SnapshotTools, subject: Subject, plan: PlanOf<'revert'>): Promise<'done' | 'absent' | 'partial'> {
  if (!tools.isOn(subject, plan.switches, 'overlay')) return (await tools.anyExists(plan.switches.map((item) => item.overlay))) ? 'partial' : 'absent';
  if (subject.found.currentSnapshot !== plan.name) return 'partial';
  for (const file of plan.abandoned) if ((await tools.disks.stamp(file.path)) === file.stamp) return 'partial';
  return 'done';
}

/** Before the switch there are only overlays that nothing refers to; after it, what was abandoned may be gone. */
export async function undoRevert(tools: SnapshotTools, subject: Subject, plan: PlanOf<'revert'>): Promise<void> {
  if (tools.isOn(subject, plan.switches, 'overlay')) throw new AppError('SNAPSHOT_REVERTED_FOR_GOOD', { vm: subject.found.domain.name });
  await tools.removeAll(plan.switches.map((item) => item.overlay), subject.pools);
}
