/**
 * Looks into disks that are new or changed, one at a time and newest first, after syncs and at start. The queue is the cache itself (rows
 * whose inspection does not fit their fingerprint), so it is bounded and survives a restart.
 */
import type { Logger } from 'pino';
import { AppError } from '../../shared/model/app-error.ts';
import type { PlatformId } from '../../shared/model/ids.ts';
import type { ImageRepository } from '../store/repositories/image.repo.ts';
import type { SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import type { ChangedEvents } from '../sync/changed-events.ts';
import type { Inspector } from './inspector.ts';

export interface InspectionQueueDeps {
  inspector: Inspector;
  vms: SourceVmRepository;
  images: ImageRepository;
  changes: ChangedEvents;
  log: Logger;
}

/** A pass ends after so many that could not be read: something larger is wrong than single disks. */
const maxSkipped = 1000;

export class InspectionQueue {
  readonly #deps: InspectionQueueDeps;
  readonly #abort = new AbortController();
  #working: Promise<void> | null = null;
  #kicks = 0;
  /** Kicks that the work has taken note of. */
  #seen = 0;
  #last: string | null = null;

  constructor(deps: InspectionQueueDeps) {
    this.#deps = deps;
  }

  /** There may be something to inspect. Returns at once. */
  kick(): void {
    this.#kicks += 1;
    if (this.#working !== null || this.#abort.signal.aborted) return;
    this.#working = this.#work().finally(() => {
      this.#working = null;
      if (this.#seen !== this.#kicks) this.kick();
    });
  }

  /** Ends once nothing is left to inspect: for callers that have to wait (tests, the command line). */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async dispose(): Promise<void> {
    this.#abort.abort(new AppError('ABORTED'));
    await this.idle();
  }

  async #work(): Promise<void> {
    const { signal } = this.#abort;
    // What failed is not tried again before the next kick: its platform may not be there, or it has just gone.
    const skipped = new Set<string>();
    while (!signal.aborted && skipped.size < maxSkipped) {
      const kicks = this.#kicks;
      this.#seen = kicks;
      if (!(await this.#next(skipped, signal)) && this.#kicks === kicks) return;
    }
  }

  /** @returns whether anything was left to do */
  async #next(skipped: Set<string>, signal: AbortSignal): Promise<boolean> {
    const { vms, images, inspector, changes } = this.#deps;
    try {
      const [vm] = await vms.toInspect(1, [...skipped]);
      if (vm !== undefined) {
        await this.#try(vm, skipped, () => inspector.inspectVm(vm, signal));
        changes.changed('sourceVms.changed', vm.platformId);
        return true;
      }
      const [image] = await images.toInspect(1, [...skipped]);
      if (image === undefined) return false;
      await this.#try(image, skipped, () => inspector.inspectImage(image, signal));
      changes.changed('images.changed', image.platformId);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#deps.log.error({ err: error }, 'inspection queue stopped');
      return false;
    }
  }

  async #try(subject: { id: string; platformId: PlatformId }, skipped: Set<string>, inspect: () => Promise<void>): Promise<void> {
    try {
      await inspect();
    } catch (error) {
      if (this.#abort.signal.aborted) throw error;
      // One that has gone is skipped alone; a platform that is away is asked once and not for each of its VMs.
      const isPlatformAway = error instanceof AppError && error.code !== 'NOT_FOUND';
      this.#deps.log.info({ err: error, subject: subject.id }, 'not inspected');
      skipped.add(isPlatformAway ? subject.platformId : subject.id);
    }
    // Still due right after: it changes faster than it can be looked into. The next sync brings it back.
    if (this.#last === subject.id) skipped.add(subject.id);
    this.#last = subject.id;
  }
}
