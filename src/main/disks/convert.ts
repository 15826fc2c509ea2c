/**
 * One conversion, from the lead thread's view: look at all metadata, plan the target, let the crew move blocks, flush and keep the
 * checkpoint meanwhile, write the tables last. The source is opened for reading only and must be the same before and after.
 */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { BlockReader } from './block-reader.ts';
import { blockBytes } from './blocks.ts';
import { Checkpoint, readCheckpoint, restoreBlocks, type CheckpointSubject } from './checkpoint.ts';
import type { ConvertJob, ConvertResult, DiskFile } from './disk-engine.ts';
import { FileSource } from './file-source.ts';
import { fingerprintOf } from './fingerprint.ts';
import { Flusher } from './flusher.ts';
import { createBlockHasher, digestBytes, identityOf } from './identity.ts';
import { watched, type Job } from './job.ts';
import { readBlock } from './mover.ts';
import { openDisk, type OpenDisk } from './open-disk.ts';
import { blockState, counter, createSharedState, type SharedState } from './shared-state.ts';
import { markEmptyBlocks, requireSoundLayers } from './survey.ts';
import { TargetFile } from './target-file.ts';
import { finishTarget, planTarget, viewTarget, type TargetPlan } from './target-plan.ts';

/** Blocks of this many last batches are read back before a conversion goes on. */
const verifiedBatches = 2;

export async function convert(request: ConvertJob, job: Job): Promise<ConvertResult> {
  const opened = await openDisk(request.source, job.signal);
  job.crew.warm();
  try {
    const before = await fingerprintOf(opened.sources);
    const { virtualBytes } = opened.reader;
    await requireSoundLayers(opened.reader, job.signal);
    const state = createSharedState(virtualBytes, digestBytes.fast, request.targetFormat === 'vhd');
    const blocks = await markEmptyBlocks(opened.reader, state.states, blockState.empty, job.signal);
    const plan = planTarget(
      { path: request.targetPath, format: request.targetFormat, compression: request.compression, virtualBytes, maxTargetBytes: request.maxTargetBytes },
      state.states,
    );
    const target = await openTarget(request, plan, state, before, opened.reader);
    try {
      const targetBytes = await checkedMeanwhile(opened, job, (both) => move(request.source, plan, target, state, blocks, both));
      if ((await fingerprintOf(opened.sources)) !== before) throw new CodedError('DISK_CHANGED', { path: request.source.path });
      closeTarget(target);
      if (request.checkpointPath !== null) Checkpoint.remove(request.checkpointPath);
      const fastIdentity = await identityOf('fast', virtualBytes, state.digests);
      return { virtualBytes, targetBytes, fastIdentity, sourceFingerprint: before, resumedFromBytes: target.resumedBlocks * blockBytes };
    } finally {
      closeTarget(target);
    }
  } finally {
    await opened.reader.close();
  }
}

/**
 * Moves blocks and, beside it, compares a disk of an archive with the checksum that the archive states: one read of it all, mostly of
 * what was read just now. The first failure ends the other.
 */
async function checkedMeanwhile<T>({ checksum }: OpenDisk, job: Job, work: (job: Job) => Promise<T>): Promise<T> {
  if (checksum === undefined) return work(job);
  const { requireChecksum } = await import('./ova/manifest.ts');
  const failed = new AbortController();
  const signal = AbortSignal.any([job.signal, failed.signal]);
  const ending = (error: unknown): never => {
    failed.abort(error);
    throw error;
  };
  const [moved, checked] = await Promise.allSettled([
    work({ ...job, signal }).catch(ending),
    requireChecksum(checksum.member, checksum.stated, signal).catch(ending),
  ]);
  job.signal.throwIfAborted();
  if (moved.status === 'rejected' || checked.status === 'rejected') throw failed.signal.reason;
  return moved.value;
}

interface OpenTarget {
  file: TargetFile;
  checkpoint: Checkpoint | null;
  resumedBlocks: number;
  isClosed?: boolean;
}

/** Also after a failure: a handle that stays open keeps the space of the removed file, and its drive from being ejected. */
function closeTarget(target: OpenTarget): void {
  if (target.isClosed === true) return;
  target.isClosed = true;
  try {
    target.checkpoint?.close();
  } finally {
    target.file.close();
  }
}

async function move(source: DiskFile, plan: TargetPlan, target: OpenTarget, state: SharedState, blocks: number, job: Job): Promise<number> {
  const flusher = new Flusher(target.file, target.checkpoint, state);
  try {
    await watched(job, state, blocks, () => job.crew.run({ kind: 'convert', source, plan, state }, blocks), () => flusher.tick());
  } finally {
    // Also after a failure or a cancel: what is done is kept, so that the conversion can go on from it.
    await flusher.end();
  }
  return finishTarget(plan, target.file, state, Date.now());
}

/** The target, new or gone on with; its full length is set where the format has one from the start. */
async function openTarget(request: ConvertJob, plan: TargetPlan, state: SharedState, sourceFingerprint: string, reader: BlockReader): Promise<OpenTarget> {
  const path = request.checkpointPath;
  if (path === null) return { file: prepared(plan, new TargetFile(plan.path, 'wx+')), checkpoint: null, resumedBlocks: 0 };
  const subject: CheckpointSubject = {
    version: 'goldpress-checkpoint-1', sourceFingerprint, targetPath: plan.path, targetFormat: plan.format, compression: plan.compression,
    virtualBytes: reader.virtualBytes,
  };
  const saved = readCheckpoint(path);
  const existing = saved !== null && saved.subject.targetPath === plan.path ? reopened(plan.path) : null;
  if (saved !== null && existing !== null && isSame(saved.subject, subject)) {
    const toVerify = restoreBlocks(saved, state, verifiedBatches);
    if (await isThere(plan, state, toVerify)) {
      const resumedBlocks = Atomics.load(state.control, counter.storedBlocks);
      return { file: existing, checkpoint: Checkpoint.resume(path, saved, state), resumedBlocks };
    }
    forget(state);
  }
  const checkpoint = Checkpoint.create(path, subject, state);
  if (existing === null) return { file: prepared(plan, new TargetFile(plan.path, 'wx+')), checkpoint, resumedBlocks: 0 };
  existing.truncate(0);
  return { file: prepared(plan, existing), checkpoint, resumedBlocks: 0 };
}

function prepared(plan: TargetPlan, file: TargetFile): TargetFile {
  if (plan.format === 'raw' || plan.format === 'vhd-fixed') file.truncate(plan.virtualBytes);
  return file;
}

/** The file that a checkpoint describes; null where it is gone. */
function reopened(path: string): TargetFile | null {
  try {
    return new TargetFile(path, 'r+');
  } catch (error) {
    if (error instanceof CodedError && error.code === 'DISK_TARGET_FOLDER_MISSING') return null;
    throw error;
  }
}

function isSame(saved: CheckpointSubject, now: CheckpointSubject): boolean {
  return JSON.stringify(saved) === JSON.stringify(now);
}

/** Back to nothing done: only what the survey found stays. */
function forget(state: SharedState): void {
  state.states.forEach((done, block) => {
    if (done !== blockState.empty) state.states[block] = blockState.pending;
  });
  state.digests.fill(0);
  state.control.fill(0);
}

/** Whether the target really holds these blocks: after a power cut a file may be shorter or emptier than it was. */
async function isThere(plan: TargetPlan, state: SharedState, blocks: readonly number[]): Promise<boolean> {
  if (blocks.length === 0) return true;
  const source = await FileSource.open(plan.path);
  const hasher = await createBlockHasher('fast');
  const buffer = Buffer.alloc(blockBytes);
  try {
    const view = viewTarget(plan, source, state);
    for (const block of blocks) {
      await readBlock(view, block, buffer);
      const wanted = state.digests.subarray(block * digestBytes.fast, (block + 1) * digestBytes.fast);
      if (!hasher.digest(buffer).every((byte, index) => byte === wanted[index])) return false;
    }
    return true;
  } catch (error) {
    // A target that cannot even be read as what it was is not there.
    if (error instanceof CodedError) return false;
    throw error;
  } finally {
    await source.close();
  }
}
