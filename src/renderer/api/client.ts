/**
 * The window's one way to the core: typed calls and events by topic over the shell's transport. Owns no data; what is
 * fetched lives in resources and stores.
 */
import { inject, readonly, ref, type InjectionKey, type Ref } from 'vue';
import type { CommandInput, CommandName, CommandOutput } from '../../shared/contract/commands.ts';
import type { EventMessage, EventPayloads, EventTopic } from '../../shared/contract/events.ts';
import type { GrantedFile } from '../../shared/contract/stream.ts';
import type { ConnectionState, Transport } from './transport.ts';

export type { ConnectionState } from './transport.ts';

export interface CallOptions {
  /** Aborting it rejects the call with `ABORTED` and tells the core to stop. */
  signal?: AbortSignal;
}

export class Client {
  readonly #transport: Transport;
  readonly #listeners = new Map<EventTopic, Set<(payload: unknown) => void>>();
  readonly #resyncListeners = new Set<() => void>();
  readonly #connection = ref<ConnectionState>('connecting');
  readonly #stop: (() => void)[];

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#stop = [
      transport.subscribe(
        (event) => this.#receive(event),
        () => this.#resync(),
      ),
      transport.watchConnection((state) => (this.#connection.value = state)),
    ];
  }

  get connection(): Readonly<Ref<ConnectionState>> {
    return readonly(this.#connection);
  }

  /** Calls a command. @throws CallError with what a person can be told, also where the core cannot be reached. */
  async call<N extends CommandName>(name: N, input: CommandInput<N>, options: CallOptions = {}): Promise<CommandOutput<N>> {
    return await this.#transport.invoke(name, input, options);
  }

  /** Listens to one topic until the returned function is called. */
  on<T extends EventTopic>(topic: T, listener: (payload: EventPayloads[T]) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    const entry = listener as (payload: unknown) => void;
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  /** Called when events were missed: fetch again what is shown. */
  onResync(listener: () => void): () => void {
    this.#resyncListeners.add(listener);
    return () => this.#resyncListeners.delete(listener);
  }

  /** Turns a dropped or chosen file into a grant; null where the host-side picker is used instead. */
  get grantFile(): ((file: File) => Promise<GrantedFile>) | null {
    return this.#transport.grantFile;
  }

  dispose(): void {
    for (const stop of this.#stop) stop();
    this.#listeners.clear();
    this.#resyncListeners.clear();
    this.#transport.dispose();
  }

  #receive(event: EventMessage): void {
    for (const listener of this.#listeners.get(event.topic) ?? []) listener(event.payload);
  }

  #resync(): void {
    for (const listener of this.#resyncListeners) listener();
  }
}

export const clientKey: InjectionKey<Client> = Symbol('client');

/** The client of this window; only inside `setup`. */
export function useClient(): Client {
  const client = inject(clientKey);
  if (client === undefined) throw new Error('No client was provided to this app.');
  return client;
}
