/**
 * Stores on platforms, which are image pools by themselves: found by the last listing of their platform, keyed by platform and the
 * platform's own id. What they hold of ours is in the state; how much is free is what the platform last said.
 */
import type { PlatformId } from '../../shared/model/ids.ts';
import type { ImagePool } from '../../shared/model/image-pool.ts';
import { say } from '../../shared/model/message.ts';
import type { PoolRecord } from '../platforms/inventory-records.ts';
import { imagePoolIdOf } from '../platforms/resource-id.ts';
import type { StoredPool } from '../store/repositories/image-pool.repo.ts';
import type { PlatformPoolRepository } from '../store/repositories/platform-pool.repo.ts';
import type { PlatformRepository } from '../store/repositories/platform.repo.ts';

export interface PlatformStore {
  platformId: PlatformId;
  platformName: string;
  isReadOnly: boolean;
  record: PoolRecord;
  /** When its platform last told of it, in epoch ms. */
  seenAt: number;
}

export interface PlatformStores {
  list(): Promise<PlatformStore[]>;
}

export const noPlatformStores: PlatformStores = { list: () => Promise.resolve([]) };

/** As the last listings have them. */
export class CachedPlatformStores implements PlatformStores {
  readonly #deps: { pools: PlatformPoolRepository; platforms: PlatformRepository };

  constructor(deps: { pools: PlatformPoolRepository; platforms: PlatformRepository }) {
    this.#deps = deps;
  }

  async list(): Promise<PlatformStore[]> {
    const [pools, platforms] = await Promise.all([this.#deps.pools.list(), this.#deps.platforms.list()]);
    const known = new Map(platforms.map((platform) => [platform.id, platform]));
    return pools.flatMap(({ platformId, record, seenAt }) => {
      const platform = known.get(platformId);
      return platform === undefined ? [] : [{ platformId, platformName: platform.name, isReadOnly: platform.isReadOnly, record, seenAt }];
    });
  }
}

/** What is remembered of a store once something was published into it. */
export function storedPoolOf({ platformId, platformName, record }: PlatformStore): Pick<StoredPool, 'id' | 'name' | 'path' | 'isSample' | 'marker' | 'store'> {
  return {
    id: imagePoolIdOf(platformId, record.externalId), name: `${platformName} / ${record.name}`, path: `platform:${platformId}/${record.externalId}`, isSample: false,
    marker: null, store: { platformId, externalId: record.externalId },
  };
}

/** @param held what the state knows of it; null while nothing was published into it */
export function poolOfStore(store: PlatformStore, held: StoredPool | null): ImagePool {
  const { record, platformName } = store;
  const readOnly = store.isReadOnly ? say('PLATFORM_READ_ONLY', { name: platformName }) : null;
  return {
    id: imagePoolIdOf(store.platformId, record.externalId), kind: 'platform', platformId: store.platformId, externalId: record.externalId,
    name: `${platformName} / ${record.name}`, path: record.location ?? platformName, isSample: false, isWritable: readOnly === null && record.problem === null,
    freeBytes: record.freeBytes, totalBytes: record.totalBytes, fileSystem: null, maxFileBytes: null, hasWindowsNames: false,
    fileTypes: [...record.fileTypes], desktopImageCount: held?.desktopImageCount ?? 0, usedBytes: held?.usedBytes ?? 0,
    problem: record.problem ?? readOnly, checkedAt: store.seenAt,
  };
}

/** One that holds images of ours and that its platform does not list any more, or whose platform was removed here. */
export function poolOfLostStore(held: StoredPool, at: number): ImagePool {
  return {
    id: held.id, kind: 'platform', platformId: held.store?.platformId ?? null, externalId: held.store?.externalId ?? null, name: held.name, path: held.name,
    isSample: false, isWritable: false, freeBytes: null, totalBytes: null, fileSystem: null, maxFileBytes: null, hasWindowsNames: false, fileTypes: [],
    desktopImageCount: held.desktopImageCount, usedBytes: held.usedBytes, problem: say('POOL_STORE_NOT_LISTED', { pool: held.name }), checkedAt: at,
  };
}
