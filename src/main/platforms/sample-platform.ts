/** The sample site as the app knows it: its files, its platform and its two image pools, made and removed together. */
import type { Logger } from 'pino';
import { AppError } from '../../shared/model/app-error.ts';
import type { DesktopImageId, ImagePoolId } from '../../shared/model/ids.ts';
import type { Platform } from '../../shared/model/platform.ts';
import type { DiskEngine } from '../disks/disk-engine.ts';
import type { EventBus } from '../events.ts';
import type { ImagePools } from '../image-pools/image-pools.ts';
import { createSampleSite, removeSampleSite } from '../sample-site/sample-site.ts';
import type { DesktopImageRepository } from '../store/repositories/desktop-image.repo.ts';
import type { ImagePoolRepository } from '../store/repositories/image-pool.repo.ts';
import type { PlatformRepository, StoredPlatform } from '../store/repositories/platform.repo.ts';
import type { PlatformService } from './platform-service.ts';
import type { PlatformUse } from './platform-use.ts';

export interface SamplePlatformDeps {
  /** `<data directory>/sample-site` */
  directory: string;
  engine: DiskEngine;
  service: PlatformService;
  platforms: PlatformRepository;
  pools: ImagePools;
  storedPools: ImagePoolRepository;
  desktopImages: DesktopImageRepository;
  use: PlatformUse;
  events: EventBus;
  log: Logger;
}

const platformName = 'Sample site';

export class SamplePlatform {
  readonly #deps: SamplePlatformDeps;
  #making: Promise<Platform> | null = null;

  constructor(deps: SamplePlatformDeps) {
    this.#deps = deps;
  }

  async exists(): Promise<boolean> {
    return (await this.#stored()) !== null;
  }

  async #stored(): Promise<StoredPlatform | null> {
    return (await this.#deps.platforms.list()).find((platform) => platform.isSample) ?? null;
  }

  /** Makes what is missing of it; a second call while it is being made waits for the first. */
  create(signal: AbortSignal): Promise<Platform> {
    this.#making ??= this.#create(signal).finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  async #create(signal: AbortSignal): Promise<Platform> {
    const { directory, engine, service, pools, storedPools, platforms } = this.#deps;
    const site = await createSampleSite(directory, engine, signal);
    for (const pool of site.pools) {
      const names = new Set((await storedPools.list()).filter((item) => item.path !== pool.path).map((item) => item.name.toLowerCase()));
      const known = (await storedPools.list()).find((item) => item.path === pool.path);
      if (known !== undefined) await pools.restoreMarker(known.id);
      else await pools.add({ name: freeName(pool.name, names), path: pool.path, isSample: true });
    }
    const stored = await this.#stored();
    if (stored !== null) {
      service.startSync(stored.id);
      return service.show(stored.id);
    }
    const names = new Set((await platforms.list()).map((item) => item.name.toLowerCase()));
    const platform = await service.register({ kind: 'local', name: freeName(platformName, names), config: { path: site.libraryPath }, isSample: true }, {}, signal);
    this.#deps.events.emit('system.changed', {});
    return platform;
  }

  /**
   * Removes platform, pools, what was published into them, and the files.
   * @throws `SAMPLE_SITE_IN_USE` while a task works on any of it
   */
  async remove(): Promise<void> {
    const { directory, service, storedPools, pools, use, events, log } = this.#deps;
    const stored = await this.#stored();
    const samplePools = (await storedPools.list()).filter((pool) => pool.isSample);
    const poolIds = new Set<ImagePoolId>(samplePools.map((pool) => pool.id));
    if (stored !== null) {
      const tasks = await use.tasksOf(stored.id, poolIds);
      if (tasks.length > 0) throw new AppError('SAMPLE_SITE_IN_USE', { tasks: tasks.join(', ') });
      await service.forget(stored.id);
    }
    for (const { id } of samplePools) {
      await this.#forgetImages(id);
      await pools.remove(id);
    }
    await removeSampleSite(directory);
    events.emit('desktopImages.changed', {});
    events.emit('system.changed', {});
    log.info('sample site removed');
  }

  /** Every page of the list is gone through: other pools have images too. */
  async #forgetImages(poolId: ImagePoolId): Promise<void> {
    const { desktopImages } = this.#deps;
    const mine: DesktopImageId[] = [];
    for (let offset = 0; ; offset += 500) {
      const { rows } = await desktopImages.list({ filter: '', sort: { key: 'name', isDescending: false }, offset, limit: 500 });
      mine.push(...rows.filter((row) => row.image.poolId === poolId).map((row) => row.image.id));
      if (rows.length < 500) break;
    }
    for (const id of mine) for (const version of await desktopImages.versions(id)) await desktopImages.removeVersion(version.id);
  }
}

/** The name, with a number where somebody already has it. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name.toLowerCase())) return name;
  let number = 2;
  while (taken.has(`${name} (${number})`.toLowerCase())) number += 1;
  return `${name} (${number})`;
}
