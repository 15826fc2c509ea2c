/** `platforms.*` and `sampleSite.*`: what people configure, and the listings they ask for. */
import type { PlatformService } from '../../platforms/platform-service.ts';
import type { SamplePlatform } from '../../platforms/sample-platform.ts';
import type { SyncSchedule } from '../../sync/sync-schedule.ts';
import type { SyncService } from '../../sync/sync-service.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export interface PlatformHandlersDeps {
  platforms: PlatformService;
  syncs: SyncService;
  schedule: SyncSchedule;
  sample: SamplePlatform;
}

export function platformsHandlers({ platforms, syncs, schedule, sample }: PlatformHandlersDeps): Handlers<AreaCommands<'platforms'> | AreaCommands<'sampleSite'>> {
  return {
    'platforms.kinds': () => Promise.resolve(platforms.kinds().map((kind) => ({ ...kind, fields: [...kind.fields] }))),
    'platforms.list': () => platforms.list(),
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
