/** A client of the core in its own process: the same interface as over the socket, through the same gate. */
import type { CommandInput, CommandName, CommandOutput } from '../../shared/contract/commands.ts';
import { unwrap, type Envelope } from '../../shared/contract/envelope.ts';
import type { CallRequest, StreamMessage } from '../../shared/contract/stream.ts';
import { newUuid } from '../clock.ts';
import type { Gate } from '../contract/gate.ts';
import type { Session } from '../contract/handler.ts';
import type { EventBus } from '../events.ts';
import type { CoreClient } from './client.ts';

export interface LocalClientDeps {
  gate: Gate;
  events: EventBus;
  bootId: string;
  session: Session;
  newBrowserAddress: () => Promise<string>;
  /** Ends what a closed session still had running. */
  cancelAll: (sessionId: string) => void;
}

export class LocalClient implements CoreClient {
  readonly #deps: LocalClientDeps;
  readonly #subscriptions = new Set<() => void>();

  constructor(deps: LocalClientDeps) {
    this.#deps = deps;
  }

  async invoke<N extends CommandName>(name: N, input: CommandInput<N>, { signal }: { signal?: AbortSignal } = {}): Promise<CommandOutput<N>> {
    return unwrap((await this.call({ callId: newUuid(), command: name, input }, signal)) as Envelope<CommandOutput<N>>);
  }

  call(request: CallRequest, signal?: AbortSignal): Promise<Envelope<unknown>> {
    return this.#deps.gate.call(this.#deps.session, request, signal);
  }

  newBrowserAddress(): Promise<string> {
    return this.#deps.newBrowserAddress();
  }

  subscribe(listener: (message: StreamMessage) => void): () => void {
    const { events, bootId } = this.#deps;
    listener({ type: 'hello', bootId, seq: events.seq });
    const unsubscribe = events.subscribe((event) => listener({ type: 'event', event }));
    this.#subscriptions.add(unsubscribe);
    return () => {
      this.#subscriptions.delete(unsubscribe);
      unsubscribe();
    };
  }

  close(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions.clear();
    this.#deps.cancelAll(this.#deps.session.id);
  }
}
