/** VDI images for workflows: found in the cache, and read again by a sync of their platform after a change. */
import type { ExternalId, ImageId, PlatformId } from '../../shared/model/ids.ts';
import type { ImageRepository } from '../store/repositories/image.repo.ts';
import type { KnownPlatformImage, PlatformImageLookup } from '../workflows/platform-image-lookup.ts';
import type { SyncService } from './sync-service.ts';

export class CachedPlatformImages implements PlatformImageLookup {
  readonly #deps: { images: ImageRepository; syncs: SyncService };

  constructor(deps: { images: ImageRepository; syncs: SyncService }) {
    this.#deps = deps;
  }

  async find(id: ImageId): Promise<KnownPlatformImage | null> {
    const row = await this.#deps.images.find(id);
    if (row === null || row.missingSince !== null) return null;
    return { id, platformId: row.platformId, platformName: row.platformName, externalId: row.record.externalId, name: row.record.name, isGolden: row.business.attributes.isGolden };
  }

  refresh({ platformId }: { platformId: PlatformId; externalId: ExternalId }): Promise<void> {
    // The sync tells how it ends by itself; a run has done its work whether or not the list can show it yet.
    this.#deps.syncs.sync(platformId).catch(() => undefined);
    return Promise.resolve();
  }
}
