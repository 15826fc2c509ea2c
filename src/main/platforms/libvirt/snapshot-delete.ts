/**
 * Deletes an external snapshot: each file that stands directly on its frozen files is made whole by libvirt in a new volume, looked at,
 * and swapped in under its own name, so that whatever stands on that file never notices. Then the record goes, and the frozen files last.
 */
import { posix } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { SnapshotIntent } from '../connector.ts';
import { removeVolume } from './deleter-role.ts';
import { definitionFingerprint, requireStopped, type HostDomain } from './domains.ts';
import type { Pool } from './pools.ts';
import { flatPathFor, toIntent, type PlanOf, type StampedFile } from './snapshot-plan.ts';
import type { SnapshotTools, Subject } from './snapshot-tools.ts';
import { snapshotPointedAt, type HostSnapshot } from './snapshot-xml.ts';
import { volumeXml } from './volume-xml.ts';

type DeletePlan = PlanOf<'delete'>;
type OnProgress = (progress: { doneBytes: number; totalBytes: number }) => void;

export async function planDelete(tools: SnapshotTools, subject: Subject, name: string, mark: string): Promise<SnapshotIntent & { neededBytes: number; freeBytes: number }> {
  const { found, pools } = subject;
  requireStopped(found);
  const snapshot = tools.snapshot(subject, name);
  const remove: StampedFile[] = [];
  for (const path of tools.frozenFiles(snapshot, pools)) {
    const stamp = await tools.disks.stamp(path);
    if (stamp !== 'gone') remove.push({ path, stamp });
  }
  await tools.refuseShared(subject, name, remove.map((file) => file.path));
  const flatten: DeletePlan['flatten'] = [];
  let neededBytes = 0;
  for (const path of candidates(tools, subject)) {
    const layers = await tools.disks.layers(path, pools);
    const base = layers[1]?.path;
    if (base === undefined || !remove.some((file) => file.path === base)) continue;
    const virtualBytes = layers[0]?.virtualBytes ?? 0;
    flatten.push({ path, base, temporary: flatPathFor(path, mark), virtualBytes, mode: (await tools.disks.host.files.stat(path))?.mode ?? 0o600 });
    // Tables of a qcow2 take 10 bytes per 64 KiB cluster; a rounding on top.
    neededBytes += Math.min(virtualBytes, layers.reduce((sum, layer) => sum + layer.actualBytes, 0)) + Math.ceil(virtualBytes / 6000) + 1024 ** 2;
  }
  const pool = tools.poolFor(flatten[0]?.path ?? remove[0]?.path ?? '', pools);
  const others: DeletePlan['others'] = found.snapshots.filter((item) => item.name !== name && item.domain !== null).map((item) => ({ name: item.name, disks: heldBy(tools, item, pools) }));
  const intent = toIntent(name, { operation: 'delete', name, definition: definitionFingerprint(found.text), flatten, remove, others });
  return { ...intent, neededBytes, freeBytes: pool.freeBytes ?? 0 };
}

function heldBy(tools: SnapshotTools, snapshot: HostSnapshot, pools: readonly Pool[]): DeletePlan['others'][number]['disks'] {
  return (snapshot.domain?.disks ?? []).flatMap((disk) => {
    const { path } = tools.disks.locate(disk, pools);
    return path === null ? [] : [{ key: disk.key, path, format: disk.format === 'raw' ? 'raw' : 'qcow2' }];
  });
}

/** Every file of the domain that may stand on a frozen one. */
function candidates(tools: SnapshotTools, subject: Subject): Set<string> {
  return new Set([...tools.currentFiles(subject), ...subject.found.snapshots.flatMap((item) => tools.frozenFiles(item, subject.pools))]);
}

export async function runDelete(tools: SnapshotTools, subject: Subject, plan: DeletePlan, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
  const { found, pools } = subject;
  if (found.snapshots.some((item) => item.name === plan.name)) {
    requireStopped(found);
    if (definitionFingerprint(found.text) !== plan.definition) throw new AppError('DEFINITION_CHANGED', { file: found.domain.name });
    const totalBytes = plan.flatten.reduce((sum, item) => sum + item.virtualBytes, 0);
    let doneBytes = 0;
    for (const item of plan.flatten) {
      signal.throwIfAborted();
      if (await standsOn(tools, subject, item)) await flatten(tools, subject, item, signal);
      doneBytes += item.virtualBytes;
      onProgress({ doneBytes, totalBytes });
    }
    // Somebody may have put a VM on it meanwhile.
    await tools.refuseShared(subject, plan.name, plan.remove.map((file) => file.path));
    await tools.virsh.run(['snapshot-delete', '--domain', found.uuid, '--snapshotname', plan.name, '--metadata'], { signal });
  }
  await mendOthers(tools, await tools.subject(found.uuid, signal), plan, signal);
  for (const file of plan.remove) if ((await tools.disks.stamp(file.path)) === file.stamp) await removeVolume(tools.virsh, tools.disks, file.path, pools);
}

/**
 * libvirt takes a snapshot that goes for merged into its base, and lets those above it name that base from then on (seen with 9.0, also
 * with `--metadata`). They are told once more what they hold.
 */
async function mendOthers(tools: SnapshotTools, subject: Subject, plan: DeletePlan, signal: AbortSignal): Promise<void> {
  const { found } = subject;
  for (const other of forgetful(tools, subject, plan)) {
    const text = await tools.virsh.run(['snapshot-dumpxml', '--security-info', '--domain', found.uuid, '--snapshotname', other.name], { signal });
    const current = found.currentSnapshot === other.name ? ['--current'] : [];
    await tools.virsh.feed(['snapshot-create', '--domain', found.uuid, '--redefine', ...current, '--xmlfile', '/dev/stdin'], snapshotPointedAt(text, other.name, other.disks), { signal });
  }
}

function forgetful(tools: SnapshotTools, { found, pools }: Subject, plan: DeletePlan): DeletePlan['others'] {
  return plan.others.filter((other) => {
    const now = found.snapshots.find((item) => item.name === other.name);
    return now !== undefined && JSON.stringify(heldBy(tools, now, pools)) !== JSON.stringify(other.disks);
  });
}

async function flatten(tools: SnapshotTools, subject: Subject, item: DeletePlan['flatten'][number], signal: AbortSignal): Promise<void> {
  const { pools } = subject;
  const pool = tools.poolFor(item.path, pools);
  const before = await tools.disks.stamp(item.path);
  // What an attempt left that did not end is not to be trusted.
  await tools.removeAll([item.temporary], pools);
  await tools.virsh.run(['pool-refresh', '--pool', pool.uuid], { signal });
  await tools.virsh.feed(
    ['vol-create-from', '--pool', pool.uuid, '--file', '/dev/stdin', '--vol', item.path, '--inputpool', pool.uuid],
    volumeXml({ name: posix.basename(item.temporary), format: 'qcow2', virtualBytes: item.virtualBytes }), { signal, timeoutMs: 0 },
  );
  const layers = await tools.disks.layers(item.temporary, pools, signal);
  if (layers.length !== 1 || layers[0]?.format !== 'qcow2' || layers[0].virtualBytes !== item.virtualBytes) {
    throw new AppError('SNAPSHOT_READ_BACK_DIFFERS', { file: item.path }, { isRetryable: true });
  }
  // Copying took its time: a VM that was started meanwhile must not lose what it wrote.
  requireStopped(await again(tools, subject, signal));
  if ((await tools.disks.stamp(item.path)) !== before) throw new AppError('DISK_CHANGED', { path: item.path }, { isRetryable: true });
  await tools.disks.host.files.setMode(item.temporary, item.mode);
  // From here on the file no longer needs its base; before, the old file is untouched.
  await tools.disks.host.files.rename(item.temporary, item.path);
  await tools.virsh.run(['pool-refresh', '--pool', pool.uuid]);
}

async function again(tools: SnapshotTools, { found }: Subject, signal: AbortSignal): Promise<HostDomain> {
  return (await tools.subject(found.uuid, signal)).found;
}

async function standsOn(tools: SnapshotTools, { pools }: Subject, { path, base }: DeletePlan['flatten'][number]): Promise<boolean> {
  return (await tools.disks.layers(path, pools)).slice(1).some((layer) => layer.path === base);
}

export async function findDelete(tools: SnapshotTools, subject: Subject, plan: DeletePlan): Promise<'done' | 'absent' | 'partial'> {
  if (!subject.found.snapshots.some((item) => item.name === plan.name)) {
    if (forgetful(tools, subject, plan).length > 0) return 'partial';
    for (const file of plan.remove) if ((await tools.disks.stamp(file.path)) === file.stamp) return 'partial';
    return 'done';
  }
  for (const item of plan.flatten) if ((await tools.anyExists([item.temporary])) || !(await standsOn(tools, subject, item))) return 'partial';
  return 'absent';
}

/** A file that was made whole already holds the same bytes as before; only what was not finished goes. */
export async function undoDelete(tools: SnapshotTools, { pools }: Subject, plan: DeletePlan): Promise<void> {
  await tools.removeAll(plan.flatten.map((item) => item.temporary), pools);
}
