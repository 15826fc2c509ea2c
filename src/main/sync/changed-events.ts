/** Tells clients that rows of a platform changed: at most four times a second for each list and platform, the last one always. */
import type { EventPayloads } from '../../shared/contract/events.ts';
import type { PlatformId } from '../../shared/model/ids.ts';
import type { EventBus } from '../events.ts';

type Topic = 'platforms.changed' | 'sourceVms.changed' | 'images.changed';

const intervalMs = 250;

export class ChangedEvents {
  readonly #events: EventBus;
  /** Keys told within the interval; true = something happened since. */
  readonly #recent = new Map<string, boolean>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(events: EventBus) {
    this.#events = events;
  }

  changed(topic: Topic, platformId: PlatformId | null): void {
    const key = `${topic} ${platformId ?? ''}`;
    if (this.#recent.has(key)) {
      this.#recent.set(key, true);
      return;
    }
    this.#recent.set(key, false);
    this.#tell(topic, { platformId });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const isDue = this.#recent.get(key) === true;
      this.#recent.delete(key);
      if (isDue) this.changed(topic, platformId);
    }, intervalMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #tell<T extends Topic>(topic: T, payload: EventPayloads[T]): void {
    this.#events.emit(topic, payload);
  }

  dispose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
