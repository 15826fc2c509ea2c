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

/** What a pass leaves out: single subjects and whole platforms, by id. */
interface LeftOut {
  failed: Set<string>;
  /** Platforms whose disks cannot be looked into where they lie. */
  vms: Set<string>;
  images: Set<string>;
}

export class InspectionQueue {
  readonly #deps: InspectionQueueDeps;
  readonly #abort = new AbortController();
  #working: Promise<void> | null = null;
  #kicks = 0;
  /** Kicks that the work has taken note of. */
  #seen = 0;
  #last: string | null = null;
  /** Platforms that have said so; what a connector can do does not change. */
  readonly #unreadable = { vms: new Set<PlatformId>(), images: new Set<PlatformId>() };

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
    const left: LeftOut = { failed: new Set(), vms: new Set(this.#unreadable.vms), images: new Set(this.#unreadable.images) };
    while (!signal.aborted && left.failed.size < maxSkipped) {
      const kicks = this.#kicks;
      this.#seen = kicks;
      if (!(await this.#next(left, signal)) && this.#kicks === kicks) return;
    }
  }

  /** @returns whether anything was left to do */
  async #next(left: LeftOut, signal: AbortSignal): Promise<boolean> {
    const { vms, images, inspector, changes } = this.#deps;
    try {
      const [vm] = await vms.toInspect(1, [...left.failed, ...left.vms]);
      if (vm !== undefined) {
        if (await this.#cannotRead(vm.platformId, 'vms', left)) return true;
        await this.#try(vm, left.failed, () => inspector.inspectVm(vm, signal));
        changes.changed('sourceVms.changed', vm.platformId);
        return true;
      }
      const [image] = await images.toInspect(1, [...left.failed, ...left.images]);
      if (image === undefined) return false;
      if (await this.#cannotRead(image.platformId, 'images', left)) return true;
      await this.#try(image, left.failed, () => inspector.inspectImage(image, signal));
      changes.changed('images.changed', image.platformId);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#deps.log.error({ err: error }, 'inspection queue stopped');
      return false;
    }
  }

  /** Asked once a platform, so that a cloud's thousands of images are not gone through one by one. */
  async #cannotRead(platformId: PlatformId, what: 'vms' | 'images', left: LeftOut): Promise<boolean> {
    // A platform that cannot be connected to now (a locked vault) is left out too: the next sync brings it back.
    const readable = await this.#deps.inspector.canRead(platformId).catch(() => null);
    if (readable?.[what] === true) return false;
    left[what].add(platformId);
    if (readable !== null) this.#unreadable[what].add(platformId);
    return true;
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
