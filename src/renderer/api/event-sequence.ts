/** Passes events on in their order and notices when some were missed. */
import type { EventMessage } from '../../shared/contract/events.ts';
import type { StreamMessage } from '../../shared/contract/stream.ts';

interface Subscriber {
  onEvent: (event: EventMessage) => void;
  onGap: () => void;
}

export class EventSequence {
  readonly #subscribers = new Set<Subscriber>();
  /** The latest event known, and of which boot of the host; null before the first greeting. */
  #known: { bootId: string; seq: number } | null = null;

  /** @returns what ends the subscription. */
  subscribe(onEvent: Subscriber['onEvent'], onGap: Subscriber['onGap']): () => void {
    const subscriber = { onEvent, onGap };
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  accept(message: StreamMessage): void {
    if (message.type === 'lost') return;
    if (message.type === 'hello') {
      const before = this.#known;
      this.#known = { bootId: message.bootId, seq: message.seq };
      if (before !== null && (before.bootId !== message.bootId || before.seq !== message.seq)) this.#gap();
      return;
    }
    const { event } = message;
    const isNext = this.#known !== null && event.seq === this.#known.seq + 1;
    this.#known = { bootId: this.#known?.bootId ?? '', seq: event.seq };
    if (!isNext) this.#gap();
    for (const { onEvent } of this.#subscribers) onEvent(event);
  }

  #gap(): void {
    for (const { onGap } of this.#subscribers) onGap();
  }
}
