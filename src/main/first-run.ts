/**
 * What the app begins by itself: the sample site on the very first run, then the schedule that reads all platforms. Owns no data but the
 * note that the sample site was offered: a person who removed or declined it does not find it again.
 */
import type { Logger } from 'pino';
import { AppError } from '../shared/model/app-error.ts';
import type { Message } from '../shared/model/message.ts';
import { say } from '../shared/model/message.ts';
import type { SamplePlatform } from './platforms/sample-platform.ts';
import type { InspectionQueue } from './source-vms/inspection-queue.ts';
import type { SettingsRepository } from './store/repositories/settings.repo.ts';
import type { SyncSchedule } from './sync/sync-schedule.ts';
import type { SyncService } from './sync/sync-service.ts';

export interface FirstRunDeps {
  settings: SettingsRepository;
  sample: SamplePlatform;
  syncs: SyncService;
  schedule: SyncSchedule;
  queue: InspectionQueue;
  log: Logger;
}

/** Set once the sample site stands, or was declined; a run killed before makes it again. */
const offeredSetting = 'sampleSite.wasOffered';

export class FirstRun {
  readonly #deps: FirstRunDeps;
  readonly #abort = new AbortController();
  #working: Promise<void> = Promise.resolve();
  /** What the person should know of it. */
  readonly notices: Message[] = [];

  constructor(deps: FirstRunDeps) {
    this.#deps = deps;
  }

  /**
   * Ends when a sample site that had to be made can be listed and has been looked into; on every other start at once.
   * @param isSyncing also read the inventories of all platforms, now and then by schedule, without waiting for them
   */
  begin({ hasSample, isSyncing }: { hasSample: boolean; isSyncing: boolean }): Promise<void> {
    this.#working = this.#begin(hasSample, isSyncing);
    return this.#working;
  }

  async dispose(): Promise<void> {
    this.#abort.abort(new AppError('ABORTED'));
    await this.#working;
  }

  async #begin(hasSample: boolean, isSyncing: boolean): Promise<void> {
    const { settings, schedule, queue } = this.#deps;
    if ((await settings.get(offeredSetting)) !== true) {
      if (hasSample) await this.#makeSample();
      // Declined at the first start is declined: the next one does not bring it back.
      else await settings.set({ [offeredSetting]: true });
    }
    if (isSyncing && !this.#abort.signal.aborted) {
      queue.kick();
      schedule.start();
    }
  }

  async #makeSample(): Promise<void> {
    const { settings, sample, syncs, queue, log } = this.#deps;
    try {
      const { id } = await sample.create(this.#abort.signal);
      await settings.set({ [offeredSetting]: true });
      await syncs.sync(id);
      await queue.idle();
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      // The app works without it; the person can ask for it again on the Platforms page.
      log.warn({ err: error }, 'no sample site');
      this.notices.push(say('SAMPLE_SITE_NOT_MADE', { cause: error instanceof Error ? error.message : String(error) }));
    }
  }
}
