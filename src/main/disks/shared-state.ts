/** Memory that the threads of one job share: which blocks are done, their digests, where they went, and the counters between them. */
import { blockCount } from './blocks.ts';

export const blockState = { pending: 0, empty: 1, stored: 2, foundZero: 3 } as const;

/** Places in `control`; all are used with Atomics. */
export const counter = { nextBlock: 0, stop: 1, allocated: 2, doneBlocks: 3, storedBlocks: 4 } as const;

/** What crosses the thread border: only shared buffers and numbers. */
export interface SharedState {
  virtualBytes: number;
  digestBytes: number;
  control: Int32Array<SharedArrayBuffer>;
  /** One `blockState` a block. */
  states: Uint8Array<SharedArrayBuffer>;
  digests: Uint8Array<SharedArrayBuffer>;
  /** Slot of each stored block in the target; used by dynamic VHD only, else empty. */
  slots: Uint32Array<SharedArrayBuffer>;
}

export function createSharedState(virtualBytes: number, digestBytes: number, hasSlots: boolean): SharedState {
  const blocks = blockCount(virtualBytes);
  return {
    virtualBytes,
    digestBytes,
    control: new Int32Array(new SharedArrayBuffer(32)),
    states: new Uint8Array(new SharedArrayBuffer(blocks)),
    digests: new Uint8Array(new SharedArrayBuffer(blocks * digestBytes)),
    slots: new Uint32Array(new SharedArrayBuffer(hasSlots ? blocks * 4 : 0)),
  };
}

/** The next block that is still to do, or null when there is none or the job has been stopped. */
export function takeBlock(state: SharedState): number | null {
  while (Atomics.load(state.control, counter.stop) === 0) {
    const block = Atomics.add(state.control, counter.nextBlock, 1);
    if (block >= state.states.length) return null;
    if (state.states[block] === blockState.pending) return block;
  }
  return null;
}

/** Records a block as done. The state is stored last: who sees it sees digest and slot too. */
export function finishBlock(state: SharedState, block: number, outcome: 2 | 3, digest: Uint8Array | null): void {
  if (digest !== null) state.digests.set(digest, block * state.digestBytes);
  Atomics.store(state.states, block, outcome);
  Atomics.add(state.control, counter.doneBlocks, 1);
  if (outcome === blockState.stored) Atomics.add(state.control, counter.storedBlocks, 1);
}
