/** What is known of each platform's reachability and of its listings. Lives in the cache: losing it costs a sync. */
import { errorView, type ErrorView } from '../../../shared/model/error-view.ts';
import { capabilities, type Capabilities } from '../../../shared/model/capability.ts';
import type { PlatformId } from '../../../shared/model/ids.ts';
import type { PlatformHealth } from '../../../shared/model/platform.ts';
import { parseCached } from '../cached-json.ts';
import type { CacheSchema } from '../schema-cache.ts';
import type { StoreDatabase } from '../store.ts';

export type StoredHealth = Omit<PlatformHealth, 'isSyncing'>;

export const unknownHealth: StoredHealth = { status: 'never', lastOkAt: null, lastTryAt: null, version: null, capabilities: {}, error: null };

/** A quick pass reads only what changed since the last reading, and never sweeps. */
export type SyncKind = 'complete' | 'quick';

export interface SyncCounts {
  seen: number;
  added: number;
  changed: number;
  missing: number;
}

export class PlatformHealthRepository {
  readonly #db: StoreDatabase<CacheSchema>;

  constructor(db: StoreDatabase<CacheSchema>) {
    this.#db = db;
  }

  async all(): Promise<Map<PlatformId, StoredHealth>> {
    const rows = await this.#db.read.selectFrom('platform_health').selectAll().execute();
    return new Map(rows.map((row) => [row.platform_id, {
      status: row.status, lastOkAt: row.last_ok_at, lastTryAt: row.last_try_at, version: row.version,
      // Written by another version: what is not understood is asked again at the next sync.
      capabilities: capabilities.safeParse(parseCached(row.capabilities_json)).data ?? {},
      error: row.error_json === null ? null : (errorView.safeParse(parseCached(row.error_json)).data ?? null),
    }]));
  }

  async find(id: PlatformId): Promise<StoredHealth> {
    return (await this.all()).get(id) ?? unknownHealth;
  }

  /** What a probe found; age and status stay. */
  async setProbe(id: PlatformId, probe: { version: string | null; capabilities: Capabilities }): Promise<void> {
    const values = { version: probe.version, capabilities_json: JSON.stringify(probe.capabilities) };
    await this.#db.write.insertInto('platform_health').values({ platform_id: id, status: 'never', last_ok_at: null, last_try_at: null, error_json: null, ...values })
      .onConflict((oc) => oc.column('platform_id').doUpdateSet(values)).execute();
  }

  /** The end of a try. `lastOkAt` moves only with a complete listing. */
  async setOutcome(id: PlatformId, kind: SyncKind, status: 'ok' | 'partial' | 'failing', at: number, error: ErrorView | null): Promise<void> {
    const isComplete = kind === 'complete' && status === 'ok';
    const values = { status, last_try_at: at, error_json: error === null ? null : JSON.stringify(error), ...(isComplete ? { last_ok_at: at } : {}) };
    await this.#db.write.insertInto('platform_health').values({ platform_id: id, version: null, last_ok_at: isComplete ? at : null, ...values })
      .onConflict((oc) => oc.column('platform_id').doUpdateSet(values)).execute();
  }

  /** Begins a listing; its id is the generation that rows are swept by. */
  async beginSync(id: PlatformId, kind: SyncKind, at: number): Promise<number> {
    const row = await this.#db.write.insertInto('sync_run')
      .values({ platform_id: id, kind, started_at: at, ended_at: null, status: 'running', error_json: null }).returning('id').executeTakeFirstOrThrow();
    return row.id;
  }

  /** The latest generation, also while it is being read: a row written now belongs to it. 0 before the first. */
  async latestSync(id: PlatformId): Promise<number> {
    const row = await this.#db.write.selectFrom('sync_run').select('id').where('platform_id', '=', id).orderBy('id', 'desc').executeTakeFirst();
    return row?.id ?? 0;
  }

  /** Ends a listing, and forgets all but the last 50 of the platform. */
  async endSync(id: PlatformId, sync: number, end: { kind: SyncKind; at: number; status: 'ok' | 'partial' | 'failing'; counts: SyncCounts; error: ErrorView | null }): Promise<void> {
    await this.#db.write.transaction().execute(async (tx) => {
      await tx.updateTable('sync_run').set({
        ended_at: end.at, status: end.status, is_complete: end.kind === 'complete' && end.status === 'ok' ? 1 : 0, kind: end.kind, ...end.counts, error_json: end.error === null ? null : JSON.stringify(end.error),
      }).where('id', '=', sync).execute();
      await tx.deleteFrom('sync_run').where('platform_id', '=', id).where('id', 'not in', (eb) =>
        eb.selectFrom('sync_run').select('id').where('platform_id', '=', id).orderBy('id', 'desc').limit(50)).execute();
    });
  }

  async remove(id: PlatformId): Promise<void> {
    await this.#db.write.transaction().execute(async (tx) => {
      await tx.deleteFrom('platform_health').where('platform_id', '=', id).execute();
      await tx.deleteFrom('sync_run').where('platform_id', '=', id).execute();
    });
  }
}
