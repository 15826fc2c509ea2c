/** `platforms.*` and `sampleSite.*`: what people configure, and the listings they ask for. */
import type { ConsoleScope } from '../../../shared/model/business-attributes.ts';
import type { Platform } from '../../../shared/model/platform.ts';
import type { ImageService } from '../../images/image-service.ts';
import type { PlatformService } from '../../platforms/platform-service.ts';
import type { SamplePlatform } from '../../platforms/sample-platform.ts';
import type { SyncSchedule } from '../../sync/sync-schedule.ts';
import type { SourceVmService } from '../../source-vms/source-vm-service.ts';
import type { SyncService } from '../../sync/sync-service.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export interface PlatformHandlersDeps {
  platforms: PlatformService;
  syncs: SyncService;
  schedule: Pick<SyncSchedule, 'settings' | 'setSettings'>;
  sample: SamplePlatform;
  images: Pick<ImageService, 'list'>;
  sourceVms: Pick<SourceVmService, 'list'>;
}

export function platformsHandlers({ platforms, syncs, schedule, sample, images, sourceVms }: PlatformHandlersDeps): Handlers<AreaCommands<'platforms'> | AreaCommands<'sampleSite'>> {
  /** A tenant's console knows the platform by its name and health, and counts what is its own. */
  const seenByTenant = async (platform: Platform, scope: ConsoleScope): Promise<Platform> => {
    const query = { filter: '', sort: null, offset: 0, limit: 1, platformId: platform.id };
    const [ownImages, ownVms] = await Promise.all([images.list({ ...query, scope: 'all' }, scope), sourceVms.list(query, scope)]);
    return { ...platform, config: {}, counts: { ...platform.counts, images: ownImages.total, sourceVms: ownVms.total } };
  };
  return {
    'platforms.kinds': () => Promise.resolve(platforms.kinds().map((kind) => ({ ...kind, fields: [...kind.fields] }))),
    'platforms.list': async (_input, { scope }) => {
      const listed = await platforms.list();
      return scope.kind === 'system' ? listed : Promise.all(listed.filter(({ id }) => id === scope.platformId).map((platform) => seenByTenant(platform, scope)));
    },
    'platforms.show': ({ id }) => platforms.show(id),
    'platforms.testConfig': (input, { signal }) => platforms.testConfig(input, signal),
    'platforms.test': ({ id }, { signal }) => platforms.test(id, signal),
    'platforms.add': (input, { signal }) => platforms.add(input, signal),
    'platforms.update': (input, { signal }) => platforms.update(input, signal),
    'platforms.lists': ({ id }) => platforms.lists(id),
    'platforms.sync': async ({ id, isQuick }) => {
      const ids = id === null ? (await platforms.list()).map((platform) => platform.id) : [(await platforms.show(id)).id];
      return Promise.all(ids.map((platform) => syncs.sync(platform, isQuick ? 'quick' : 'complete')));
    },
    'platforms.schedule': () => schedule.settings(),
    'platforms.setSchedule': (change) => schedule.setSettings(change),
    'platforms.cancelSync': async ({ id }) => {
      await syncs.cancel(id);
      return {};
    },
    'platforms.remove': async ({ id }) => {
      await platforms.remove(id);
      return {};
    },
    'sampleSite.create': (_input, { signal }) => sample.create(signal),
    'sampleSite.remove': async () => {
      await sample.remove();
      return {};
    },
  };
}
