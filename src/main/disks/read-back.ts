/** Jobs that only read: the identity of a disk, and where two disks differ first. */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { DiskIdentity } from '../../shared/model/disk.ts';
import type { DiskFile } from './disk-engine.ts';
import { fingerprintOf } from './fingerprint.ts';
import { digestBytes, identityOf, type IdentityLevel } from './identity.ts';
import { watched, type Job } from './job.ts';
import { openDisk } from './open-disk.ts';
import { blockState, createSharedState } from './shared-state.ts';
import { markEmptyBlocks, requireSoundLayers } from './survey.ts';

export async function identify(file: DiskFile, level: IdentityLevel, job: Job): Promise<DiskIdentity> {
  const { reader, sources } = await openDisk(file, job.signal);
  job.crew.warm();
  try {
    const before = await fingerprintOf(sources);
    await requireSoundLayers(reader, job.signal);
    const state = createSharedState(reader.virtualBytes, digestBytes[level], false);
    const blocks = await markEmptyBlocks(reader, state.states, blockState.empty, job.signal);
    await watched(job, state, blocks, () => job.crew.run({ kind: 'identify', source: file, level, state }, blocks));
    if ((await fingerprintOf(sources)) !== before) throw new CodedError('DISK_CHANGED', { path: file.path });
    return await identityOf(level, reader.virtualBytes, state.digests);
  } finally {
    await reader.close();
  }
}

/** The guest offset of the first byte that differs; the size of the smaller disk where one only continues the other; null = the same. */
export async function firstDifference(a: DiskFile, b: DiskFile, job: Job): Promise<number | null> {
  const first = await openDisk(a, job.signal);
  try {
    const second = await openDisk(b, job.signal);
    try {
      const sizes = [first.reader.virtualBytes, second.reader.virtualBytes] as const;
      const shorter = Math.min(...sizes);
      await requireSoundLayers(first.reader, job.signal);
      await requireSoundLayers(second.reader, job.signal);
      const before = await fingerprintOf([...first.sources, ...second.sources]);
      const state = createSharedState(shorter, 0, false);
      const other = createSharedState(Math.max(...sizes), 0, false);
      // A block that neither holds is the same in both.
      await markEmptyBlocks(first.reader, other.states, blockState.empty, job.signal);
      state.states.set(other.states.subarray(0, state.states.length));
      await markEmptyBlocks(second.reader, other.states, blockState.empty, job.signal);
      let blocks = 0;
      state.states.forEach((mark, block) => {
        const isEmpty = mark === blockState.empty && other.states[block] === blockState.empty;
        state.states[block] = isEmpty ? blockState.empty : blockState.pending;
        if (!isEmpty) blocks += 1;
      });
      const answers = await watched(job, state, blocks, () => job.crew.run({ kind: 'compare', source: a, other: b, state }, blocks));
      if ((await fingerprintOf([...first.sources, ...second.sources])) !== before) throw new CodedError('DISK_CHANGED', { path: a.path });
      const found = answers.filter((answer) => answer !== null);
      if (found.length > 0) return Math.min(...found);
      return sizes[0] === sizes[1] ? null : shorter;
    } finally {
      await second.reader.close();
    }
  } finally {
    await first.reader.close();
  }
}
