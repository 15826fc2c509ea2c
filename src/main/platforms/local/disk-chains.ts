/**
 * What the headers of disk files say (format, sizes, the files below), remembered as long as no file of the chain changes. Asks the
 * disk engine; opens nothing itself. Also owns the question whether a disk is still being written.
 */
import { realpath, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiskLayer } from '../../../shared/model/disk.ts';
import type { Clock } from '../../clock.ts';
import type { DiskEngine, DiskFile } from '../../disks/disk-engine.ts';
import { codeOf } from './definition-file.ts';
import type { LibraryRoot } from './library-root.ts';

/** A disk whose last change is younger than this may still be written: it is looked at twice. */
export const defaultSettleMs = 2000;

/** Size, time and inode of a file at one moment; equal stamps mean that nothing was written between. */
export interface FileStamp {
  stamp: string;
  modifiedAt: number;
}

/** Null when the file has gone. */
export async function stampOf(path: string): Promise<FileStamp | null> {
  try {
    const file = await stat(path, { bigint: true });
    return { stamp: `${file.size}:${file.mtimeNs}:${file.ino}`, modifiedAt: Number(file.mtimeMs) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

interface RememberedChain {
  layers: DiskLayer[];
  /** One per layer, in their order. */
  stamps: string[];
}

const chainsAtOnce = 2;

export class DiskChains {
  readonly #engine: DiskEngine;
  readonly #root: LibraryRoot;
  readonly #clock: Clock;
  readonly #settleMs: number;
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  readonly #remembered = new Map<string, RememberedChain>();

  constructor(engine: DiskEngine, root: LibraryRoot, clock: Clock, settleMs: number) {
    this.#engine = engine;
    this.#root = root;
    this.#clock = clock;
    this.#settleMs = settleMs;
  }

  /** The disk as the engine takes it: its chain may lead anywhere inside the library and nowhere else. */
  async fileOf(path: string): Promise<DiskFile> {
    return { path, policy: { roots: [await this.#root.real()] } };
  }

  /** The layers with real paths, from headers only. Errors are the engine's, and never remembered. */
  async layers(path: string, signal?: AbortSignal): Promise<DiskLayer[]> {
    const known = this.#remembered.get(path);
    if (known !== undefined && (await this.#isUnchanged(known))) return known.layers;
    const found = await this.#inTurn(async () => this.#engine.chain(await this.fileOf(path), signal));
    const layers = await Promise.all(found.map(async (layer) => ({ ...layer, path: await realpath(layer.path) })));
    const stamps = await Promise.all(layers.map(async (layer) => (await stampOf(layer.path))?.stamp ?? 'gone'));
    this.#remembered.set(path, { layers, stamps });
    return layers;
  }

  /** Few at once: reading a header takes less time than starting one more of the engine's threads. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#active >= chainsAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active += 1;
    try {
      return await work();
    } finally {
      this.#active -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #isUnchanged({ layers, stamps }: RememberedChain): Promise<boolean> {
    for (const [index, layer] of layers.entries()) {
      if ((await stampOf(layer.path))?.stamp !== stamps[index]) return false;
    }
    return true;
  }

  /** Forgets chains of files that a complete listing no longer saw. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of this.#remembered.keys()) if (!paths.has(path)) this.#remembered.delete(path);
  }

  /** Whether the last change is so fresh that a second look is needed. A time in the future counts: clocks of media differ. */
  isFresh(file: FileStamp): boolean {
    return this.#clock.now() - file.modifiedAt < this.#settleMs;
  }

  /** Whether the file is written right now: a fresh one changes between two looks. One at rest is looked at once. */
  async isChanging(path: string, signal?: AbortSignal): Promise<boolean> {
    const first = await stampOf(path);
    if (first === null || !this.isFresh(first)) return false;
    await this.settle(signal);
    return (await stampOf(path))?.stamp !== first.stamp;
  }

  /** Waits until a second look can tell whether a fresh file is still being written. */
  async settle(signal?: AbortSignal): Promise<void> {
    await sleep(this.#settleMs, undefined, signal === undefined ? {} : { signal });
  }
}
