/**
 * Reads the lists of one platform into the cache. Each list is complete or not by itself: trouble with images does not keep VMs from
 * being swept. A quick pass reads only what changed since the platform was last read, and sweeps nothing.
 */
import type { Clock } from '../clock.ts';
import type { Connector, Inventory } from '../platforms/connector.ts';
import type { ImageRecord, SourceVmRecord } from '../platforms/inventory-records.ts';
import type { InventoryWriter, JudgingContext, WrittenCounts } from '../source-vms/inventory-writer.ts';
import type { ImageRepository } from '../store/repositories/image.repo.ts';
import type { SyncMark } from '../store/repositories/inventory-rows.ts';
import type { SyncCounts } from '../store/repositories/platform-health.repo.ts';
import type { PlatformListsRepository } from '../store/repositories/platform-lists.repo.ts';
import type { PlatformPoolRepository } from '../store/repositories/platform-pool.repo.ts';
import type { SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import type { ListName } from '../store/schema-cache.ts';
import { inBatches } from './batches.ts';
import type { ChangedEvents } from './changed-events.ts';

export interface InventoryReaderDeps {
  vms: SourceVmRepository;
  images: ImageRepository;
  lists: PlatformListsRepository;
  platformPools: PlatformPoolRepository;
  writer: InventoryWriter;
  changes: ChangedEvents;
  clock: Clock;
}

/** One reading of one platform. */
export interface Reading {
  connector: Connector;
  context: JudgingContext;
  mark: SyncMark;
  counts: SyncCounts;
  /** How far the platform's clock is ahead of ours (ms); null where it does not say. */
  clockOffsetMs: number | null;
  signal: AbortSignal;
}

/** Changes are asked for from so long before: clocks are compared to the second, and a change may show late in the platform's list. */
const overlapMs = 2 * 60_000;
/** Where the platform's clock is not known, ours may be off by this much. */
const unknownClockOverlapMs = 15 * 60_000;

/** The lists that a quick pass can read on this platform. */
export function hasChanges(inventory: Inventory): boolean {
  return inventory.changedImages !== undefined || inventory.changedSourceVms !== undefined;
}

export class InventoryReader {
  readonly #deps: InventoryReaderDeps;

  constructor(deps: InventoryReaderDeps) {
    this.#deps = deps;
  }

  /** Every list of the platform, each swept after its own end. @throws the first failure, after all lists have ended */
  async readAll(reading: Reading): Promise<void> {
    const { lists, platformPools, vms, images, changes } = this.#deps;
    const { connector: { inventory }, context: { platform: { id } }, mark, counts, signal } = reading;
    const short = async (): Promise<void> => {
      await this.#list(reading, 'projects', inventory.projects?.(signal), (batch) => lists.writeProjects(id, batch, mark), () => lists.sweep('project', id, mark));
      await this.#list(reading, 'instance-sizes', inventory.instanceSizes?.(signal), (batch) => lists.writeInstanceSizes(id, batch, mark), () => lists.sweep('instance_size', id, mark));
      await this.#list(reading, 'pools', inventory.pools?.(signal), (batch) => platformPools.write(id, batch, mark), () => platformPools.sweep(id, mark));
    };
    try {
      await allSettled([
        short,
        () => this.#list(reading, 'source-vms', inventory.sourceVms(signal), (batch) => this.#writeVms(reading, batch), async () => {
          // Never `+= await`: the lists are read at the same time.
          const missing = await vms.sweep(id, mark);
          counts.missing += missing;
        }),
        () => this.#list(reading, 'images', inventory.images?.(signal), (batch) => this.#writeImages(reading, batch), async () => {
          const missing = await images.sweep(id, mark);
          counts.missing += missing;
        }),
      ], signal);
    } finally {
      await this.#nameProjects(reading);
      for (const topic of ['sourceVms.changed', 'images.changed', 'platforms.changed'] as const) changes.changed(topic, id);
    }
  }

  /**
   * What changed since each list was last read.
   * @returns false where no list can be asked so: it was never read to its end, or the platform has no such question
   */
  async readChanges(reading: Reading): Promise<boolean> {
    const { lists, changes } = this.#deps;
    const { connector: { inventory }, context: { platform: { id } }, signal } = reading;
    const known = await lists.listings(id);
    const readFrom = (list: ListName): number | null => known.get(list)?.changesSince ?? null;
    const vmsFrom = inventory.changedSourceVms === undefined ? null : readFrom('source-vms');
    const imagesFrom = inventory.changedImages === undefined ? null : readFrom('images');
    if (vmsFrom === null && imagesFrom === null) return false;
    const nextFrom = this.#changesSince(reading);
    const read = async <T>(list: ListName, pages: AsyncIterable<T[]>, write: (batch: T[]) => Promise<void>): Promise<void> => {
      await inBatches(pages, signal, write);
      await lists.setChangesSince(id, list, nextFrom);
    };
    try {
      await allSettled([
        async () => {
          if (vmsFrom !== null && inventory.changedSourceVms !== undefined) await read('source-vms', inventory.changedSourceVms(vmsFrom, signal), (batch) => this.#writeVms(reading, batch));
        },
        async () => {
          if (imagesFrom !== null && inventory.changedImages !== undefined) await read('images', inventory.changedImages(imagesFrom, signal), (batch) => this.#writeImages(reading, batch));
        },
      ], signal);
    } finally {
      for (const topic of ['sourceVms.changed', 'images.changed'] as const) if (reading.counts.seen > 0) changes.changed(topic, id);
    }
    return true;
  }

  /** What is not offered is not listed. Swept and noted only when the pages came to their end. */
  async #list<T>(reading: Reading, list: ListName, pages: AsyncIterable<T[]> | undefined, write: (batch: T[]) => Promise<void>, sweep: () => Promise<unknown>): Promise<void> {
    if (pages === undefined) return;
    const { context: { platform: { id } }, connector: { inventory }, signal } = reading;
    await inBatches(pages, signal, write);
    signal.throwIfAborted();
    await sweep();
    const canAsk = (list === 'images' && inventory.changedImages !== undefined) || (list === 'source-vms' && inventory.changedSourceVms !== undefined);
    await this.#deps.lists.setListed(id, list, { completedAt: this.#deps.clock.now(), changesSince: canAsk ? this.#changesSince(reading) : null });
  }

  /** From the moment this reading began, by the platform's clock. */
  #changesSince({ mark, clockOffsetMs }: Reading): number {
    return clockOffsetMs === null ? mark.at - unknownClockOverlapMs : mark.at + clockOffsetMs - overlapMs;
  }

  async #writeVms({ context, mark, counts }: Reading, batch: SourceVmRecord[]): Promise<void> {
    add(counts, batch.length, await this.#deps.writer.writeVms(batch, context, mark));
    this.#deps.changes.changed('sourceVms.changed', context.platform.id);
  }

  async #writeImages({ context, mark, counts }: Reading, batch: ImageRecord[]): Promise<void> {
    add(counts, batch.length, await this.#deps.writer.writeImages(batch, context, mark));
    this.#deps.changes.changed('images.changed', context.platform.id);
  }

  /** The lists are read at the same time: rows may have been written before the names of their projects were known. */
  async #nameProjects({ context, connector: { inventory } }: Reading): Promise<void> {
    if (inventory.projects === undefined) return;
    await this.#deps.vms.nameProjects(context.platform.id);
    await this.#deps.images.nameProjects(context.platform.id);
    await this.#deps.writer.judgeOwners(context);
  }
}

function add(counts: SyncCounts, seen: number, written: WrittenCounts): void {
  counts.seen += seen;
  counts.added += written.added;
  counts.changed += written.changed;
}

/** Runs all to their end, also when one fails. @throws the first failure; of an abort, its reason */
async function allSettled(works: readonly (() => Promise<void>)[], signal: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(works.map((work) => work()));
  signal.throwIfAborted();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
