/** The intent of a snapshot operation as data: computed once, stored by the workflow, and enough to find out after a crash what happened. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { z } from 'zod';
import type { SnapshotIntent } from '../connector.ts';

/** One disk that is pointed at a new overlay. All paths are on the host. */
const diskSwitch = z.object({ key: z.string(), base: z.string(), baseFormat: z.enum(['qcow2', 'raw']), virtualBytes: z.number(), overlay: z.string() });
export type DiskSwitch = z.infer<typeof diskSwitch>;

const stampedFile = z.object({ path: z.string(), stamp: z.string() });
export type StampedFile = z.infer<typeof stampedFile>;

const snapshotPlan = z.discriminatedUnion('operation', [
  z.object({
    operation: z.literal('create'), name: z.string(), definition: z.string(), switches: z.array(diskSwitch),
    /** In the snapshot's description, where it is found again whatever it is named. */
    mark: z.string(),
  }),
  z.object({
    operation: z.literal('revert'), name: z.string(), definition: z.string(), switches: z.array(diskSwitch),
    /** What the domain runs on now and loses. */
    abandoned: z.array(stampedFile),
  }),
  z.object({
    operation: z.literal('delete'), name: z.string(), definition: z.string(),
    /** Files that stand directly on the snapshot's: each is made whole and swapped. */
    flatten: z.array(z.object({ path: z.string(), base: z.string(), temporary: z.string(), virtualBytes: z.number(), mode: z.number() })),
    /** Files of the snapshot itself. */
    remove: z.array(stampedFile),
    /** What the other snapshots hold: libvirt forgets it when their parent goes. */
    others: z.array(z.object({ name: z.string(), disks: z.array(z.object({ key: z.string(), path: z.string(), format: z.enum(['qcow2', 'raw']) })) })),
  }),
]);
export type SnapshotPlan = z.infer<typeof snapshotPlan>;
export type PlanOf<O extends SnapshotPlan['operation']> = Extract<SnapshotPlan, { operation: O }>;

export function toIntent(name: string, plan: SnapshotPlan): SnapshotIntent {
  return { name, data: { plan: JSON.stringify(plan) } };
}

export function planOf(intent: SnapshotIntent): SnapshotPlan {
  return snapshotPlan.parse(JSON.parse(intent.data['plan'] ?? '{}'));
}

/** The same key always gives the same mark, so a second attempt finds what the first one made. */
export function markFor(vm: string, key: string): string {
  return createHash('sha256').update(vm).update('\0').update(key).digest('hex').slice(0, 10);
}

/** `win11.qcow2` → `win11.snap-0123456789.qcow2` in the same folder; the mark of an earlier overlay is replaced. */
export function overlayPathFor(base: string, mark: string): string {
  const stem = posix.basename(base).replace(/\.(qcow2|raw|img)$/i, '').replace(/\.snap-[0-9a-f]{10}$/, '');
  return posix.join(posix.dirname(base), `${cutToBytes(stem, 180)}.snap-${mark}.qcow2`);
}

/** Beside the file that it will take the place of. */
export function flatPathFor(path: string, mark: string): string {
  return posix.join(posix.dirname(path), `.flat-${markFor(path, mark)}.qcow2.part`);
}

/** A letter that was cut in the middle goes as a whole. */
function cutToBytes(text: string, limit: number): string {
  return Buffer.byteLength(text) <= limit ? text : Buffer.from(text).subarray(0, limit).toString('utf8').replace(/\uFFFD+$/, '');
}
