/** Image pools with what their directories can take right now. */
import { isAbsolute, resolve } from 'node:path';
import { AppError } from '../../shared/model/app-error.ts';
import type { ImagePoolId } from '../../shared/model/ids.ts';
import type { ImagePool } from '../../shared/model/image-pool.ts';
import { newId, type Clock } from '../clock.ts';
import type { EventBus } from '../events.ts';
import type { ImagePoolRepository, StoredPool } from '../store/repositories/image-pool.repo.ts';
import { directoryFacts } from './pool-facts.ts';
import { imagePoolIdOf } from '../platforms/resource-id.ts';
import { poolOfLostStore, poolOfStore, storedPoolOf, type PlatformStores } from './platform-stores.ts';
import { ensureMarker } from './pool-marker.ts';
import { testDirectory } from './write-test.ts';

export interface ImagePoolsDeps {
  pools: ImagePoolRepository;
  stores: PlatformStores;
  events: EventBus;
  clock: Clock;
}

export class ImagePools {
  readonly #deps: ImagePoolsDeps;

  constructor(deps: ImagePoolsDeps) {
    this.#deps = deps;
  }

  async #withFacts({ createdAt: _, marker, store: __, ...stored }: StoredPool): Promise<ImagePool> {
    const own = { kind: 'directory', platformId: null, externalId: null, fileTypes: ['qcow2', 'vhd'] } as const;
    return { ...stored, ...own, fileTypes: [...own.fileTypes], ...(await directoryFacts(stored.path, marker)), checkedAt: this.#deps.clock.now() };
  }

  /** Directories first, then the stores of platforms. */
  async list(): Promise<ImagePool[]> {
    const [held, stores] = await Promise.all([this.#deps.pools.list(), this.#deps.stores.list()]);
    const directories = await Promise.all(held.filter((pool) => pool.store === null).map((pool) => this.#withFacts(pool)));
    const listed = stores.map((store) => poolOfStore(store, held.find((pool) => pool.id === imagePoolIdOf(store.platformId, store.record.externalId)) ?? null));
    const lost = held.filter((pool) => pool.store !== null && !listed.some((item) => item.id === pool.id)).map((pool) => poolOfLostStore(pool, this.#deps.clock.now()));
    return [...directories, ...listed, ...lost];
  }

  /** @throws AppError `NOT_FOUND`. */
  async get(id: ImagePoolId): Promise<ImagePool> {
    const pool = await this.#deps.pools.find(id);
    if (pool !== null && pool.store === null) return this.#withFacts(pool);
    const store = (await this.#deps.stores.list()).find((item) => imagePoolIdOf(item.platformId, item.record.externalId) === id);
    if (store !== undefined) return poolOfStore(store, pool);
    if (pool === null) throw new AppError('NOT_FOUND', { what: 'image-pool', id });
    return poolOfLostStore(pool, this.#deps.clock.now());
  }

  /** Remembers a store of a platform, so that images can be registered in it. Idempotent. @throws AppError `NOT_FOUND` */
  async remember(id: ImagePoolId): Promise<void> {
    if ((await this.#deps.pools.find(id)) !== null) return;
    const store = (await this.#deps.stores.list()).find((item) => imagePoolIdOf(item.platformId, item.record.externalId) === id);
    if (store === undefined) throw new AppError('NOT_FOUND', { what: 'image-pool', id });
    await this.#deps.pools.add({ ...storedPoolOf(store), createdAt: this.#deps.clock.now() });
  }

  /**
   * Adds a directory as a pool once a file could be written, read and deleted in it, and marks it (`pool-marker.ts`).
   * @throws AppError `POOL_TEST_FAILED`, `POOL_NAME_TAKEN`, `POOL_PATH_TAKEN`, or what is wrong with the directory.
   */
  async add({ name, path, isSample }: { name: string; path: string; isSample: boolean }): Promise<ImagePool> {
    const directory = resolve(path);
    if (!isAbsolute(path)) throw new AppError('POOL_NOT_THERE', { path });
    const taken = await this.#deps.pools.findByNameOrPath(name, directory);
    if (taken !== null) {
      throw taken.path === directory ? new AppError('POOL_PATH_TAKEN', { path: directory, name: taken.name }) : new AppError('POOL_NAME_TAKEN', { name });
    }
    const { problem } = await directoryFacts(directory);
    if (problem !== null) throw new AppError(problem.code, problem.params);
    await testDirectory(directory);
    const id = newId<ImagePoolId>('pool');
    const marker = await ensureMarker(directory, id);
    await this.#deps.pools.add({ id, name, path: directory, isSample, marker, store: null, createdAt: this.#deps.clock.now() });
    this.#deps.events.emit('imagePools.changed', {});
    return this.get(id);
  }

  /** Marks the pool's directory anew, after this program itself made the directory again. @throws AppError `NOT_FOUND`, `POOL_TEST_FAILED`. */
  async restoreMarker(id: ImagePoolId): Promise<void> {
    const pool = await this.#deps.pools.find(id);
    if (pool === null) throw new AppError('NOT_FOUND', { what: 'image-pool', id });
    if (pool.marker !== null) await ensureMarker(pool.path, pool.marker);
  }

  /** Forgets an empty pool; its directory is not touched, and keeps its marker: another Goldpress may go by it. @throws AppError `NOT_FOUND`, `POOL_HOLDS_IMAGES`. */
  async remove(id: ImagePoolId): Promise<void> {
    const pool = await this.#deps.pools.find(id);
    if (pool === null && (await this.list()).some((item) => item.id === id)) throw new AppError('POOL_OF_PLATFORM');
    if (pool === null) throw new AppError('NOT_FOUND', { what: 'image-pool', id });
    if (pool.desktopImageCount > 0) throw new AppError('POOL_HOLDS_IMAGES', { name: pool.name, count: pool.desktopImageCount });
    await this.#deps.pools.remove(id);
    this.#deps.events.emit('imagePools.changed', {});
  }
}
