/**
 * Reads the inventories of platforms into the cache. Rows are swept only after a complete listing of the list they belong to: a failed
 * or stopped one hides nothing. One sync a platform at a time; several platforms at once.
 */
import type { Logger } from 'pino';
import { AppError, viewError, type ErrorView } from '../../shared/model/app-error.ts';
import type { PlatformId } from '../../shared/model/ids.ts';
import { type Clock } from '../clock.ts';
import { probedCapabilities, roleAvailability } from '../platforms/capabilities.ts';
import type { Connector } from '../platforms/connector.ts';
import type { PlatformConnectors } from '../platforms/platform-connectors.ts';
import type { InventoryWriter, JudgingContext, WrittenCounts } from '../source-vms/inventory-writer.ts';
import type { ImageRepository } from '../store/repositories/image.repo.ts';
import type { SyncMark } from '../store/repositories/inventory-rows.ts';
import type { PlatformHealthRepository, SyncCounts } from '../store/repositories/platform-health.repo.ts';
import type { SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import type { ChangedEvents } from './changed-events.ts';

export interface SyncResult extends SyncCounts {
  platformId: PlatformId;
  status: 'ok' | 'partial' | 'failing';
}

export interface SyncDeps {
  connectors: PlatformConnectors;
  health: PlatformHealthRepository;
  vms: SourceVmRepository;
  images: ImageRepository;
  writer: InventoryWriter;
  changes: ChangedEvents;
  clock: Clock;
  log: Logger;
  /** New or changed disks are waiting to be looked into. */
  onSynced: () => void;
}

/** Platforms read at the same time. */
const maxParallel = 4;
/** Rows a transaction. */
const batchSize = 500;

interface RunningSync {
  abort: AbortController;
  done: Promise<SyncResult>;
}

export class SyncService {
  readonly #deps: SyncDeps;
  readonly #running = new Map<PlatformId, RunningSync>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  #isDisposed = false;

  constructor(deps: SyncDeps) {
    this.#deps = deps;
  }

  isSyncing(id: PlatformId): boolean {
    return this.#running.has(id);
  }

  /** Starts a sync, or joins the one that is running. Never rejects for what the platform does: the result and its health say it. */
  sync(id: PlatformId): Promise<SyncResult> {
    const running = this.#running.get(id);
    if (running !== undefined) return running.done;
    const abort = new AbortController();
    const done = this.#inTurn(() => this.#run(id, abort.signal)).finally(() => {
      this.#running.delete(id);
      this.#deps.changes.changed('platforms.changed', id);
    });
    this.#running.set(id, { abort, done });
    if (this.#isDisposed) abort.abort();
    this.#deps.changes.changed('platforms.changed', id);
    return done;
  }

  /** Stops a running sync; what was read so far stays, nothing is swept. */
  async cancel(id: PlatformId): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.abort.abort(new AppError('ABORTED'));
    await running.done;
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await Promise.allSettled([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#active >= maxParallel) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active += 1;
    try {
      return await work();
    } finally {
      this.#active -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #run(id: PlatformId, signal: AbortSignal): Promise<SyncResult> {
    const { health, clock, log, onSynced } = this.#deps;
    const sync = await health.beginSync(id, clock.now());
    const counts: SyncCounts = { seen: 0, added: 0, changed: 0, missing: 0 };
    let error: ErrorView | null = null;
    try {
      await this.#read(id, { sync, at: clock.now() }, counts, signal);
    } catch (cause) {
      error = viewError(signal.aborted ? new AppError('ABORTED') : cause, `sync-${sync}`);
      if (!(cause instanceof AppError) && !signal.aborted) log.error({ err: cause, correlationId: `sync-${sync}` }, 'sync failed');
    }
    const status = error === null ? 'ok' : counts.seen > 0 || signal.aborted ? 'partial' : 'failing';
    await health.endSync(id, sync, { at: clock.now(), status, counts, error });
    await health.setOutcome(id, status, clock.now(), error);
    if (counts.seen > 0 || counts.missing > 0) onSynced();
    return { platformId: id, status, ...counts };
  }

  async #read(id: PlatformId, mark: SyncMark, counts: SyncCounts, signal: AbortSignal): Promise<void> {
    const { connectors, health, writer } = this.#deps;
    signal.throwIfAborted();
    const stored = await connectors.platform(id);
    const connector = await connectors.connector(id);
    const probe = await connector.probe(signal);
    const capabilities = probedCapabilities(connector, probe.capabilities);
    await health.setProbe(id, { version: probe.version, capabilities });
    const context = await writer.context({ id, name: stored.name }, roleAvailability('hardware', capabilities, stored).isAvailable);
    const failures: unknown[] = [];
    // Each list is complete or not by itself: trouble with images does not keep VMs from being swept.
    for (const list of [() => this.#readVms(connector, context, mark, counts, signal), () => this.#readImages(connector, context, mark, counts, signal)]) {
      try {
        await list();
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async #readVms(connector: Connector, context: JudgingContext, mark: SyncMark, counts: SyncCounts, signal: AbortSignal): Promise<void> {
    const { vms, writer, changes } = this.#deps;
    const { id } = context.platform;
    try {
      await inBatches(connector.inventory.sourceVms(signal), signal, async (batch) => {
        add(counts, batch.length, await writer.writeVms(batch, context, mark));
        changes.changed('sourceVms.changed', id);
      });
      counts.missing += await vms.sweep(id, mark);
    } finally {
      changes.changed('sourceVms.changed', id);
    }
  }

  async #readImages(connector: Connector, context: JudgingContext, mark: SyncMark, counts: SyncCounts, signal: AbortSignal): Promise<void> {
    const { images, writer, changes } = this.#deps;
    const { id } = context.platform;
    if (connector.inventory.images === undefined) return;
    try {
      await inBatches(connector.inventory.images(signal), signal, async (batch) => add(counts, batch.length, await writer.writeImages(batch, context, mark)));
      counts.missing += await images.sweep(id, mark);
    } finally {
      changes.changed('images.changed', id);
    }
  }
}

function add(counts: SyncCounts, seen: number, written: WrittenCounts): void {
  counts.seen += seen;
  counts.added += written.added;
  counts.changed += written.changed;
}

/** Gathers pages into batches. What came before a failure is written too; then the failure goes on. */
async function inBatches<T>(pages: AsyncIterable<T[]>, signal: AbortSignal, write: (batch: T[]) => Promise<void>): Promise<void> {
  let batch: T[] = [];
  const flush = async (): Promise<void> => {
    const full = batch;
    batch = [];
    if (full.length > 0) await write(full);
  };
  try {
    for await (const page of pages) {
      signal.throwIfAborted();
      batch.push(...page);
      if (batch.length >= batchSize) await flush();
    }
  } finally {
    await flush();
  }
}
