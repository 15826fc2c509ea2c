/**
 * Flushing while blocks are still being copied: the drive works beside the processor, and what is flushed can be recorded in the
 * checkpoint. Adapts: on a drive that others keep busy a flush waits for their writes too, so slow ones become rare.
 */
import { blockBytes } from './blocks.ts';
import type { Checkpoint } from './checkpoint.ts';
import { counter, type SharedState } from './shared-state.ts';
import type { TargetFile } from './target-file.ts';

const startEveryBytes = 64 * 1024 ** 2;
const maxEveryBytes = 1024 ** 3;

export class Flusher {
  readonly #file: TargetFile;
  readonly #checkpoint: Checkpoint | null;
  readonly #state: SharedState;
  #everyBytes = startEveryBytes;
  #flushedBlocks: number;
  #lastEndedAt = performance.now();
  #running: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(file: TargetFile, checkpoint: Checkpoint | null, state: SharedState) {
    this.#file = file;
    this.#checkpoint = checkpoint;
    this.#state = state;
    this.#flushedBlocks = Atomics.load(state.control, counter.storedBlocks);
  }

  /** Starts a flush when enough was stored since the last one; never waits. */
  tick(): void {
    const stored = Atomics.load(this.#state.control, counter.storedBlocks);
    if (this.#running !== null || this.#failure !== null || (stored - this.#flushedBlocks) * blockBytes < this.#everyBytes) return;
    this.#flushedBlocks = stored;
    this.#running = this.#flush().then(
      () => {
        this.#running = null;
      },
      (error: unknown) => {
        this.#running = null;
        this.#failure = error instanceof Error ? error : new Error(String(error));
        Atomics.store(this.#state.control, counter.stop, 1);
      },
    );
  }

  /** Waits for the flush under way and records what is done. Throws what a flush failed with. */
  async end(): Promise<void> {
    if (this.#running !== null) await this.#running;
    if (this.#failure !== null) throw this.#failure;
    if (this.#checkpoint !== null) await this.#flush();
  }

  async #flush(): Promise<void> {
    const batch = this.#checkpoint?.collect();
    const startedAt = performance.now();
    await this.#file.flushSoon();
    const endedAt = performance.now();
    if (batch !== undefined) this.#checkpoint?.append(batch);
    // A flush that took longer than it took to fill it is waiting for somebody else's writes as well.
    const isSlow = endedAt - startedAt > 2 * (startedAt - this.#lastEndedAt);
    this.#everyBytes = isSlow ? Math.min(this.#everyBytes * 2, maxEveryBytes) : Math.max(startEveryBytes, this.#everyBytes / 2);
    this.#lastEndedAt = endedAt;
  }
}
