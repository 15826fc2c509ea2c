/** The short lists of a platform (projects, instance sizes), and how far each of its lists is known. */
import type { ExternalId, PlatformId } from '../../../shared/model/ids.ts';
import type { InstanceSizeRecord, ProjectRecord } from '../../platforms/inventory-records.ts';
import type { CacheSchema, ListName } from '../schema-cache.ts';
import type { StoreDatabase } from '../store.ts';
import type { SyncMark } from './inventory-rows.ts';

export interface Listing {
  /** End of the last complete listing, by our clock. */
  completedAt: number;
  /** By the platform's clock (epoch ms): what changed before is known. Null where it cannot be asked for changes. */
  changesSince: number | null;
}

export class PlatformListsRepository {
  readonly #db: StoreDatabase<CacheSchema>;

  constructor(db: StoreDatabase<CacheSchema>) {
    this.#db = db;
  }

  async projects(platform: PlatformId): Promise<ProjectRecord[]> {
    const rows = await this.#db.read.selectFrom('project').selectAll().where('platform_id', '=', platform).orderBy('name').execute();
    return rows.map((row) => ({ externalId: row.external_id, name: row.name, isManagement: row.is_management === 1 }));
  }

  /** Names by id, read on the writing side: it sees what was written just before. */
  async projectNames(platform: PlatformId): Promise<Map<ExternalId, string>> {
    const rows = await this.#db.write.selectFrom('project').select(['external_id', 'name']).where('platform_id', '=', platform).execute();
    return new Map(rows.map((row) => [row.external_id, row.name]));
  }

  async writeProjects(platform: PlatformId, records: readonly ProjectRecord[], { sync }: SyncMark): Promise<void> {
    await this.#db.bulk([{
      sql: 'insert or replace into project (platform_id, external_id, name, is_management, last_seen_sync) values (?, ?, ?, ?, ?)',
      rows: records.map((project) => [platform, project.externalId, project.name, project.isManagement, sync]),
    }]);
  }

  async instanceSizes(platform: PlatformId): Promise<InstanceSizeRecord[]> {
    const rows = await this.#db.read.selectFrom('instance_size').selectAll().where('platform_id', '=', platform).orderBy('vcpus').orderBy('memory_bytes').orderBy('name').execute();
    return rows.map((row) => ({ externalId: row.external_id, name: row.name, vcpus: row.vcpus, memoryBytes: row.memory_bytes, diskBytes: row.disk_bytes }));
  }

  async writeInstanceSizes(platform: PlatformId, records: readonly InstanceSizeRecord[], { sync }: SyncMark): Promise<void> {
    await this.#db.bulk([{
      sql: 'insert or replace into instance_size (platform_id, external_id, name, vcpus, memory_bytes, disk_bytes, last_seen_sync) values (?, ?, ?, ?, ?, ?, ?)',
      rows: records.map((size) => [platform, size.externalId, size.name, size.vcpus, size.memoryBytes, size.diskBytes, sync]),
    }]);
  }

  /** After a complete listing only: forgets what it did not have. @returns how many */
  async sweep(table: 'project' | 'instance_size', platform: PlatformId, { sync }: SyncMark): Promise<number> {
    const gone = await this.#db.write.deleteFrom(table).where('platform_id', '=', platform).where('last_seen_sync', '<', sync).executeTakeFirst();
    return Number(gone.numDeletedRows);
  }

  async listings(platform: PlatformId): Promise<Map<ListName, Listing>> {
    const rows = await this.#db.write.selectFrom('listing').selectAll().where('platform_id', '=', platform).execute();
    return new Map(rows.map((row) => [row.list, { completedAt: row.completed_at, changesSince: row.changes_since }]));
  }

  /** The list was read to its end. */
  async setListed(platform: PlatformId, list: ListName, { completedAt, changesSince }: Listing): Promise<void> {
    const values = { completed_at: completedAt, changes_since: changesSince };
    await this.#db.write.insertInto('listing').values({ platform_id: platform, list, ...values }).onConflict((oc) => oc.columns(['platform_id', 'list']).doUpdateSet(values)).execute();
  }

  /** The changes of a list were read to their end; its last complete listing stays when it was. */
  async setChangesSince(platform: PlatformId, list: ListName, changesSince: number): Promise<void> {
    await this.#db.write.updateTable('listing').set({ changes_since: changesSince }).where('platform_id', '=', platform).where('list', '=', list).execute();
  }

  async removePlatform(platform: PlatformId): Promise<void> {
    await this.#db.write.transaction().execute(async (tx) => {
      for (const table of ['project', 'instance_size', 'listing'] as const) await tx.deleteFrom(table).where('platform_id', '=', platform).execute();
    });
  }
}
