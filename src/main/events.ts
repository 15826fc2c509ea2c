/** The core's events, numbered in one sequence. Shells subscribe and pass them on; nothing in the core waits for them. */
import type { EventMessage, EventPayloads, EventTopic } from '../shared/contract/events.ts';

export type EventListener = (event: EventMessage) => void;

export class EventBus {
  #seq = 0;
  readonly #listeners = new Set<EventListener>();

  /** The number of the latest event: a client that has it has missed nothing. */
  get seq(): number {
    return this.#seq;
  }

  emit<T extends EventTopic>(topic: T, payload: EventPayloads[T]): void {
    this.#seq += 1;
    const event = { seq: this.#seq, topic, payload } as EventMessage;
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns what ends the subscription. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
