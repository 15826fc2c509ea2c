/** What a conversion writes, as data for every thread of it, and the two halves of writing: blocks (many threads) and tables (one). */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { ClusterCompression, DiskTargetFormat } from '../../shared/model/disk.ts';
import type { BlockReader } from './block-reader.ts';
import type { FileSource } from './file-source.ts';
import { finishQcow2, planQcow2, Qcow2BlockWriter, viewQcow2, type Qcow2Plan } from './qcow2/target.ts';
import { finishRaw, RawBlockWriter, viewRaw } from './raw/target.ts';
import type { SharedState } from './shared-state.ts';
import type { TargetFile } from './target-file.ts';
import { finishVhd, finishVhdFixed, planVhd, requireVhdSize, VhdBlockWriter, viewVhd, type VhdPlan } from './vhd/target.ts';

export interface TargetPlan {
  path: string;
  format: DiskTargetFormat;
  compression: ClusterCompression | null;
  virtualBytes: number;
  maxTargetBytes: number | null;
  /** Set for qcow2. */
  qcow2: Qcow2Plan | null;
  /** Set for dynamic VHD. */
  vhd: VhdPlan | null;
}

/** Stores blocks that are not all zero. One writer a thread; each block is given to one of them once. */
export interface BlockWriter {
  /** @param bytes 2 MiB, the last block padded with zeros; not changed, not kept once it is done. */
  write(block: number, bytes: Buffer): void | Promise<void>;
}

/** @param states which blocks may hold anything (the survey's marks). Refuses what the format cannot hold before anything is written. */
export function planTarget(job: Pick<TargetPlan, 'path' | 'format' | 'compression' | 'virtualBytes' | 'maxTargetBytes'>, states: Uint8Array): TargetPlan {
  const { path, format, virtualBytes, maxTargetBytes } = job;
  if (format === 'vhd' || format === 'vhd-fixed') requireVhdSize(path, virtualBytes);
  const isWhole = format === 'raw' || format === 'vhd-fixed';
  if (isWhole && maxTargetBytes !== null) requireAllowed(job, virtualBytes + (format === 'raw' ? 0 : 512));
  return { ...job, qcow2: format === 'qcow2' ? planQcow2(virtualBytes, states) : null, vhd: format === 'vhd' ? planVhd(virtualBytes) : null };
}

/** Refuses to let the target grow past what was confirmed. */
export function requireAllowed(plan: Pick<TargetPlan, 'path' | 'maxTargetBytes'>, endBytes: number): void {
  if (plan.maxTargetBytes !== null && endBytes > plan.maxTargetBytes) {
    throw new CodedError('DISK_TARGET_LIMIT', { path: plan.path, limitBytes: plan.maxTargetBytes });
  }
}

export function createBlockWriter(plan: TargetPlan, file: TargetFile, state: SharedState): BlockWriter {
  if (plan.qcow2 !== null) return new Qcow2BlockWriter(plan, plan.qcow2, file, state);
  if (plan.vhd !== null) return new VhdBlockWriter(plan, plan.vhd, file, state);
  return new RawBlockWriter(plan, file);
}

/** Writes the tables and, last of all, the header; flushed in that order. Gives the size of the finished file. */
export function finishTarget(plan: TargetPlan, file: TargetFile, state: SharedState, now: number): number {
  if (plan.qcow2 !== null) return finishQcow2(plan, plan.qcow2, file, state);
  if (plan.vhd !== null) return finishVhd(plan, plan.vhd, file, state, now);
  return plan.format === 'vhd-fixed' ? finishVhdFixed(plan, file, now) : finishRaw(plan, file);
}

/** The unfinished target as a disk, to read back what a checkpoint says is there. */
export function viewTarget(plan: TargetPlan, source: FileSource, state: SharedState): BlockReader {
  if (plan.qcow2 !== null) return viewQcow2(plan, plan.qcow2, source);
  if (plan.vhd !== null) return viewVhd(plan, plan.vhd, source, state);
  return viewRaw(plan, source);
}
