/**
 * What one thread of a job does: takes block after block until none is left. It reads and writes blocking, into buffers it keeps,
 * and looks at the shared stop flag between blocks.
 */
import type { BlockReader } from './block-reader.ts';
import { blockBytes, bytesInBlock, isAllZero } from './blocks.ts';
import { createBlockHasher, type BlockHasher } from './identity.ts';
import type { MoverTask } from './mover-task.ts';
import { openDisk } from './open-disk.ts';
import { blockState, counter, finishBlock, takeBlock, type SharedState } from './shared-state.ts';
import { TargetFile } from './target-file.ts';
import { createBlockWriter, type BlockWriter } from './target-plan.ts';

/** Blocks under way at once in one thread where answers come late: while some are awaited, others are worked on. */
const remoteLanes = 4;

/** `compare` answers with the guest offset of the first difference it met, or null; the others with null. */
export async function runMover(task: MoverTask): Promise<number | null> {
  const isRemote = task.source.place !== undefined || (task.kind === 'compare' && task.other.place !== undefined);
  if (!isRemote) return runLane(task);
  const ended = await Promise.allSettled(
    Array.from({ length: remoteLanes }, () =>
      runLane(task).catch((error: unknown) => {
        Atomics.store(task.state.control, counter.stop, 1);
        throw error;
      }),
    ),
  );
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const found = ended.flatMap((end) => (end.status === 'fulfilled' && end.value !== null ? [end.value] : []));
  return found.length === 0 ? null : Math.min(...found);
}

/** Block after block, with files and buffers of its own: what a reader keeps from block to block is for one after the other. */
async function runLane(task: MoverTask): Promise<number | null> {
  const { reader } = await openDisk(task.source, undefined, { isBlocking: true });
  try {
    switch (task.kind) {
      case 'convert': {
        const file = new TargetFile(task.plan.path, 'r+');
        try {
          await moveBlocks(reader, task.state, await createBlockHasher('fast'), createBlockWriter(task.plan, file, task.state));
        } finally {
          file.close();
        }
        return null;
      }
      case 'identify':
        await moveBlocks(reader, task.state, await createBlockHasher(task.level), null);
        return null;
      case 'compare': {
        const other = await openDisk(task.other, undefined, { isBlocking: true });
        try {
          return await compareBlocks(reader, other.reader, task.state);
        } finally {
          await other.reader.close();
        }
      }
    }
  } finally {
    await reader.close();
  }
}

async function moveBlocks(reader: BlockReader, state: SharedState, hasher: BlockHasher, writer: BlockWriter | null): Promise<void> {
  const buffer = Buffer.alloc(blockBytes);
  for (let block = takeBlock(state); block !== null; block = takeBlock(state)) {
    await readBlock(reader, block, buffer);
    if (isAllZero(buffer)) {
      finishBlock(state, block, blockState.foundZero, null);
    } else {
      await writer?.write(block, buffer);
      finishBlock(state, block, blockState.stored, hasher.digest(buffer));
    }
  }
}

/** Fills `buffer` with the block's guest bytes, and zeros after the disk's end. */
export async function readBlock(reader: BlockReader, block: number, buffer: Buffer): Promise<void> {
  const length = bytesInBlock(block, reader.virtualBytes);
  await reader.readInto(block * blockBytes, buffer.subarray(0, length));
  buffer.fill(0, length);
}

/** Stops at this thread's first difference: blocks are handed out in order, so an earlier one can only be another thread's. */
async function compareBlocks(a: BlockReader, b: BlockReader, state: SharedState): Promise<number | null> {
  const first = Buffer.alloc(blockBytes);
  const second = Buffer.alloc(blockBytes);
  for (let block = takeBlock(state); block !== null; block = takeBlock(state)) {
    const length = bytesInBlock(block, state.virtualBytes);
    await a.readInto(block * blockBytes, first.subarray(0, length));
    await b.readInto(block * blockBytes, second.subarray(0, length));
    if (first.compare(second, 0, length, 0, length) !== 0) {
      Atomics.store(state.control, counter.stop, 1);
      let at = 0;
      while (first[at] === second[at]) at += 1;
      return block * blockBytes + at;
    }
    finishBlock(state, block, blockState.stored, null);
  }
  return null;
}
