/**
 * Reads the inventories of platforms into the cache: one reading of a platform at a time, several platforms at once. A complete listing
 * sweeps what it no longer had; a failed or stopped one hides nothing, and a quick pass never sweeps.
 */
import type { Logger } from 'pino';
import { AppError, viewError } from '../../shared/model/app-error.ts';
import type { ErrorView } from '../../shared/model/error-view.ts';
import type { PlatformId } from '../../shared/model/ids.ts';
import { type Clock } from '../clock.ts';
import { probedCapabilities, roleAvailability } from '../platforms/capabilities.ts';
import type { Connector, ProbeResult } from '../platforms/connector.ts';
import type { PlatformConnectors } from '../platforms/platform-connectors.ts';
import type { InventoryWriter } from '../source-vms/inventory-writer.ts';
import type { PlatformHealthRepository, SyncCounts, SyncKind } from '../store/repositories/platform-health.repo.ts';
import type { ChangedEvents } from './changed-events.ts';
import { InventoryReader, type InventoryReaderDeps, type Reading } from './inventory-reader.ts';

export interface SyncResult extends SyncCounts {
  platformId: PlatformId;
  /** What it became: a quick pass that cannot be made is a complete listing. */
  kind: SyncKind;
  status: 'ok' | 'partial' | 'failing';
}

export interface SyncDeps extends InventoryReaderDeps {
  connectors: PlatformConnectors;
  health: PlatformHealthRepository;
  writer: InventoryWriter;
  changes: ChangedEvents;
  clock: Clock;
  log: Logger;
  /** New or changed disks are waiting to be looked into. */
  onSynced: () => void;
}

/** Platforms read at the same time. */
const maxParallel = 4;

interface RunningSync {
  kind: SyncKind;
  abort: AbortController;
  done: Promise<SyncResult>;
}

export class SyncService {
  readonly #deps: SyncDeps;
  readonly #reader: InventoryReader;
  readonly #running = new Map<PlatformId, RunningSync>();
  readonly #waiting: (() => void)[] = [];
  /** What live connections answered last. */
  readonly #probed = new WeakMap<Connector, ProbeResult>();
  #active = 0;
  #isDisposed = false;

  constructor(deps: SyncDeps) {
    this.#deps = deps;
    this.#reader = new InventoryReader(deps);
  }

  isSyncing(id: PlatformId): boolean {
    return this.#running.has(id);
  }

  /**
   * Starts a reading, or joins the one that is running; a complete listing asked for during a quick pass comes after it. Never rejects for
   * what the platform does: the result and its health say it.
   */
  async sync(id: PlatformId, kind: SyncKind = 'complete'): Promise<SyncResult> {
    const running = this.#running.get(id);
    if (running === undefined) return this.#start(id, kind);
    const result = await running.done;
    return kind === 'complete' && result.kind === 'quick' && !running.abort.signal.aborted ? this.sync(id, kind) : result;
  }

  #start(id: PlatformId, kind: SyncKind): Promise<SyncResult> {
    const abort = new AbortController();
    const done = this.#inTurn(() => this.#run(id, kind, abort.signal)).finally(() => {
      this.#running.delete(id);
      this.#deps.changes.changed('platforms.changed', id);
    });
    this.#running.set(id, { kind, abort, done });
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

  async #run(id: PlatformId, wanted: SyncKind, signal: AbortSignal): Promise<SyncResult> {
    const { health, clock, log, onSynced } = this.#deps;
    const sync = await health.beginSync(id, wanted, clock.now());
    const counts: SyncCounts = { seen: 0, added: 0, changed: 0, missing: 0 };
    let kind = wanted;
    let error: ErrorView | null = null;
    try {
      const reading = await this.#open(id, wanted, sync, counts, signal);
      if (wanted === 'quick' && !(await this.#reader.readChanges(reading))) kind = 'complete';
      if (kind === 'complete') await this.#reader.readAll(reading);
    } catch (cause) {
      error = viewError(signal.aborted ? new AppError('ABORTED') : cause, `sync-${sync}`);
      if (!(cause instanceof AppError) && !signal.aborted) log.error({ err: cause, correlationId: `sync-${sync}` }, 'sync failed');
    }
    const status = error === null ? 'ok' : counts.seen > 0 || signal.aborted ? 'partial' : 'failing';
    await health.endSync(id, sync, { kind, at: clock.now(), status, counts, error });
    await health.setOutcome(id, kind, status, clock.now(), error);
    if (counts.seen > 0 || counts.missing > 0) onSynced();
    return { platformId: id, kind, status, ...counts };
  }

  /** Asks the platform who it is and what it can do; a quick pass over a connection that was asked before takes that answer. */
  async #open(id: PlatformId, kind: SyncKind, sync: number, counts: SyncCounts, signal: AbortSignal): Promise<Reading> {
    const { connectors, health, writer, clock } = this.#deps;
    const mark = { sync, at: clock.now() };
    signal.throwIfAborted();
    const stored = await connectors.platform(id);
    const connector = await connectors.connector(id);
    const asked = kind === 'quick' ? this.#probed.get(connector) : undefined;
    const probe = asked ?? (await connector.probe(signal));
    this.#probed.set(connector, probe);
    const capabilities = probedCapabilities(connector, probe.capabilities);
    if (asked === undefined) await health.setProbe(id, { version: probe.version, capabilities });
    const context = await writer.context(stored, {
      editHardware: roleAvailability('hardware', capabilities, stored).isAvailable, patchImages: roleAvailability('attributes', capabilities, stored).isAvailable,
    });
    return { connector, context, mark, counts, clockOffsetMs: probe.clockOffsetMs ?? null, signal };
  }
}
