/** Stores on platforms that desktop images can be published into, as their platforms last told them. */
import { z } from 'zod';
import type { Selectable } from 'kysely';
import { fileType } from '../../../shared/model/desktop-image.ts';
import type { ExternalId, PlatformId } from '../../../shared/model/ids.ts';
import { message } from '../../../shared/model/message-schema.ts';
import type { PoolRecord } from '../../platforms/inventory-records.ts';
import { parseCached } from '../cached-json.ts';
import type { CacheSchema, PlatformPoolTable } from '../schema-cache.ts';
import type { StoreDatabase } from '../store.ts';
import type { SyncMark } from './inventory-rows.ts';

export interface StoredPlatformPool {
  platformId: PlatformId;
  record: PoolRecord;
  /** When the platform last told of it. */
  seenAt: number;
}

const fileTypes = z.array(fileType);

export class PlatformPoolRepository {
  readonly #db: StoreDatabase<CacheSchema>;

  constructor(db: StoreDatabase<CacheSchema>) {
    this.#db = db;
  }

  async list(): Promise<StoredPlatformPool[]> {
    return (await this.#db.read.selectFrom('platform_pool').selectAll().orderBy('platform_id').orderBy('name').execute()).map(toPool);
  }

  async byPlatform(platform: PlatformId): Promise<StoredPlatformPool[]> {
    return (await this.#db.read.selectFrom('platform_pool').selectAll().where('platform_id', '=', platform).orderBy('name').execute()).map(toPool);
  }

  async find(platform: PlatformId, externalId: ExternalId): Promise<StoredPlatformPool | null> {
    const row = await this.#db.read.selectFrom('platform_pool').selectAll().where('platform_id', '=', platform).where('external_id', '=', externalId).executeTakeFirst();
    return row === undefined ? null : toPool(row);
  }

  async write(platform: PlatformId, records: readonly PoolRecord[], { sync, at }: SyncMark): Promise<void> {
    await this.#db.bulk([{
      sql: `insert or replace into platform_pool (platform_id, external_id, name, location, free_bytes, total_bytes, file_types_json, problem_json, seen_at, last_seen_sync)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      rows: records.map((pool) => [
        platform, pool.externalId, pool.name, pool.location, pool.freeBytes, pool.totalBytes, JSON.stringify(pool.fileTypes),
        pool.problem === null ? null : JSON.stringify(pool.problem), at, sync,
      ]),
    }]);
  }

  /** After a complete listing only: forgets what it did not have. @returns how many */
  async sweep(platform: PlatformId, { sync }: SyncMark): Promise<number> {
    const gone = await this.#db.write.deleteFrom('platform_pool').where('platform_id', '=', platform).where('last_seen_sync', '<', sync).executeTakeFirst();
    return Number(gone.numDeletedRows);
  }

  async removePlatform(platform: PlatformId): Promise<void> {
    await this.#db.write.deleteFrom('platform_pool').where('platform_id', '=', platform).execute();
  }
}

function toPool(row: Selectable<PlatformPoolTable>): StoredPlatformPool {
  return {
    platformId: row.platform_id,
    seenAt: row.seen_at,
    record: {
      externalId: row.external_id, name: row.name, location: row.location, freeBytes: row.free_bytes, totalBytes: row.total_bytes,
      fileTypes: fileTypes.safeParse(parseCached(row.file_types_json)).data ?? [],
      problem: row.problem_json === null ? null : (message.safeParse(parseCached(row.problem_json)).data ?? null),
    },
  };
}
