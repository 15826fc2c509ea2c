/**
 * The intent of a snapshot operation as data: computed once, stored by the workflow, and enough to find out after a crash what happened.
 */
import { createHash } from 'node:crypto';
import { basename, join, dirname } from 'node:path';
import { z } from 'zod';
import type { SnapshotIntent } from '../connector.ts';
import { baseNameOf, cutToBytes, stemOf } from './file-names.ts';

const mode = z.number().int();

/** One disk that is pointed at a new overlay. */
const diskSwitch = z.object({
  key: z.string(),
  /** Real path of the file that becomes the base, and how the definition wrote it. */
  base: z.string(),
  baseWritten: z.string(),
  baseFormat: z.enum(['qcow2', 'raw']),
  baseMode: mode,
  overlay: z.string(),
});
export type DiskSwitch = z.infer<typeof diskSwitch>;

const stampedFile = z.object({ path: z.string(), stamp: z.string() });

const snapshotPlan = z.discriminatedUnion('operation', [
  z.object({ operation: z.literal('create'), snapshotId: z.string(), at: z.number(), definition: z.string(), switches: z.array(diskSwitch) }),
  z.object({
    operation: z.literal('revert'), snapshotId: z.string(), definition: z.string(), switches: z.array(diskSwitch),
    /** What the VM runs on now and loses. */
    abandoned: z.array(stampedFile),
  }),
  z.object({
    operation: z.literal('delete'), snapshotId: z.string(), definition: z.string(),
    /** Files that stand directly on the snapshot's: each is made whole and swapped. */
    flatten: z.array(z.object({ path: z.string(), base: z.string(), temporary: z.string(), mode })),
    /** Files of the snapshot itself. */
    remove: z.array(stampedFile),
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

/** The same key always gives the same id, so a second attempt finds what the first one made. */
export function snapshotIdFor(vm: string, key: string): string {
  return `snap-${createHash('sha256').update(vm).update('\0').update(key).digest('hex').slice(0, 10)}`;
}

/** `win11.qcow2` → `win11.snap-0123456789.qcow2` in the same folder; the mark of an earlier overlay is replaced. */
export function overlayPathFor(base: string, id: string): string {
  const stem = cutToBytes(stemOf(basename(base)).replace(/\.snap-[0-9a-f]{10}$/, ''), 180);
  return join(dirname(base), `${stem}.${id}.qcow2`);
}

/** The path as the definition writes it, with another file name. */
export function withBaseName(written: string, name: string): string {
  return `${written.slice(0, written.length - baseNameOf(written).length)}${name}`;
}
