/** Image pools as they are remembered: a name and a directory. What the directory can take is asked anew each time (`image-pools/`). */
import type { ExternalId, ImagePoolId, PlatformId } from '../../../shared/model/ids.ts';
import type { StoreDatabase } from '../store.ts';
import type { StateSchema } from '../schema-state.ts';

export interface StoredPool {
  id: ImagePoolId;
  name: string;
  path: string;
  isSample: boolean;
  /** The id that the marker file in its directory holds; null for a pool without one. */
  marker: string | null;
  /** The store of a platform that it is; null = a directory. */
  store: { platformId: PlatformId; externalId: ExternalId } | null;
  createdAt: number;
  desktopImageCount: number;
  /** Sum of the files of all versions, in bytes. */
  usedBytes: number;
}

export class ImagePoolRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  #query() {
    return this.#db.read
      .selectFrom('image_pool')
      .select(['id', 'name', 'path', 'is_sample', 'marker', 'created_at', 'platform_id', 'external_id'])
      .select((eb) => [
        eb.selectFrom('desktop_image').whereRef('desktop_image.pool_id', '=', 'image_pool.id').select((e) => e.fn.countAll<number>().as('n')).as('image_count'),
        eb.selectFrom('desktop_image_version')
          .innerJoin('desktop_image', 'desktop_image.id', 'desktop_image_version.desktop_image_id')
          .whereRef('desktop_image.pool_id', '=', 'image_pool.id')
          .select((e) => e.fn.sum<number | null>('desktop_image_version.actual_bytes').as('bytes'))
          .as('used_bytes'),
      ]);
  }

  async list(): Promise<StoredPool[]> {
    return (await this.#query().orderBy('name').execute()).map(toPool);
  }

  async find(id: ImagePoolId): Promise<StoredPool | null> {
    const row = await this.#query().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toPool(row);
  }

  /** Names are compared without regard to case. */
  async findByNameOrPath(name: string, path: string): Promise<StoredPool | null> {
    const row = await this.#query().where((eb) => eb.or([eb('name', '=', name), eb('path', '=', path)])).executeTakeFirst();
    return row === undefined ? null : toPool(row);
  }

  async add(pool: Pick<StoredPool, 'id' | 'name' | 'path' | 'isSample' | 'marker' | 'store' | 'createdAt'>): Promise<void> {
    await this.#db.write
      .insertInto('image_pool')
      .values({
        id: pool.id, name: pool.name, path: pool.path, is_sample: pool.isSample ? 1 : 0, marker: pool.marker, created_at: pool.createdAt,
        platform_id: pool.store?.platformId ?? null, external_id: pool.store?.externalId ?? null,
      })
      // The same store, remembered before.
      .onConflict((oc) => oc.column('id').doNothing())
      .execute();
  }

  async remove(id: ImagePoolId): Promise<void> {
    await this.#db.write.deleteFrom('image_pool').where('id', '=', id).execute();
  }
}

interface PoolRow {
  id: ImagePoolId;
  name: string;
  path: string;
  is_sample: number;
  marker: string | null;
  created_at: number;
  platform_id: PlatformId | null;
  external_id: string | null;
  image_count: number | null;
  used_bytes: number | null;
}

function toPool(row: PoolRow): StoredPool {
  return {
    id: row.id, name: row.name, path: row.path, isSample: row.is_sample === 1, marker: row.marker, createdAt: row.created_at,
    store: row.platform_id === null || row.external_id === null ? null : { platformId: row.platform_id, externalId: row.external_id },
    desktopImageCount: row.image_count ?? 0, usedBytes: row.used_bytes ?? 0,
  };
}
