/**
 * The page's way to the core: the preload's bridge inside the window, HTTP with a fetched event stream in a browser. Owns
 * reconnecting and the notion of a gap in the events; knows nothing of what is called.
 */
import type { CommandInput, CommandName, CommandOutput } from '../../shared/contract/commands.ts';
import { CallError, unwrap, type Envelope } from '../../shared/contract/envelope.ts';
import type { EventMessage } from '../../shared/contract/events.ts';
import { maxCallBytes, secretHeader, type CallRequest, type GrantedFile, type StreamMessage, type WindowBridge } from '../../shared/contract/stream.ts';
import { AppError, viewError } from '../../shared/model/app-error.ts';
import { EventSequence } from './event-sequence.ts';
import { streamEvents } from './http-events.ts';
import { keepSecret, onNewSecret, openSession } from './http-session.ts';

/**
 * `connecting` until the first greeting; `disconnected` while the app does not answer (it is tried again by itself); `signed-out` when it
 * answers but was restarted meanwhile: the page goes on once a new address is opened in the same browser.
 */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'signed-out';

export interface Transport {
  /** Resolves once calls can be made. The page's address is settled from then on. */
  readonly ready: Promise<void>;
  /** Calls a command. @throws CallError with what a person can be told, also when the app cannot be reached. */
  invoke<N extends CommandName>(name: N, input: CommandInput<N>, options?: { signal?: AbortSignal }): Promise<CommandOutput<N>>;
  /**
   * @param onGap events were missed (a reconnect, a restarted app): fetch again whatever is shown
   * @returns what ends the subscription
   */
  subscribe(listener: (event: EventMessage) => void, onGap: () => void): () => void;
  /** Calls back at once with the present state and then at each change. @returns what ends the watching. */
  watchConnection(listener: (state: ConnectionState) => void): () => void;
  /** Turns a dropped or chosen file into a grant; null in a browser, which offers the host-side picker instead. */
  readonly grantFile: ((file: File) => Promise<GrantedFile>) | null;
  /** Ends the event stream. */
  dispose(): void;
}

declare global {
  interface Window {
    /** Only inside the Electron window. */
    goldpress?: WindowBridge;
  }
}

/** Calls wait for the event stream at most this long, so that no event falls between a first answer and the greeting. */
const firstGreetingMs = 2000;

interface Carrier {
  /** Resolves once calls can be made; before that the address may still be the one with the token. */
  ready: Promise<void>;
  send(request: CallRequest): Promise<Envelope<unknown>>;
  listen(onMessage: (message: StreamMessage) => void, onSignedOut: () => void): () => void;
  grantFile: Transport['grantFile'];
}

const failure = (code: 'HOST_UNREACHABLE' | 'ABORTED' | 'INPUT_TOO_LARGE'): CallError => new CallError(viewError(new AppError(code), ''));

function windowCarrier(bridge: WindowBridge): Carrier {
  return {
    ready: Promise.resolve(),
    send: (request) => bridge.invoke(request),
    listen: (onMessage) => bridge.subscribe(onMessage),
    grantFile: async (file) => unwrap(await bridge.grantFile(file)),
  };
}

function httpCarrier(): Carrier {
  const session = openSession();
  /** A page whose app was restarted gets the secret of the next session from another tab. */
  let later: string | null = null;
  const headers = (secret: string): Record<string, string> => ({ [secretHeader]: later ?? secret });
  return {
    ready: session.then(() => undefined),
    async send(request) {
      const { secret } = await session;
      const body = JSON.stringify(request);
      if (new Blob([body]).size > maxCallBytes) throw failure('INPUT_TOO_LARGE');
      // Without a session the answer is an envelope too, and says so; what becomes of the page is decided where events arrive.
      const response = await fetch('/call', { method: 'POST', body, headers: { ...headers(secret), 'content-type': 'application/json' } });
      return (await response.json()) as Envelope<unknown>;
    },
    listen(onMessage, onSignedOut) {
      let isConnected = false;
      let isEnded = false;
      let stop = (): void => undefined;
      const receive = (message: StreamMessage): void => {
        isConnected = message.type !== 'lost';
        onMessage(message);
      };
      const connect = (secret: string): void => {
        stop();
        if (!isEnded) stop = streamEvents({ url: '/events', headers: headers(secret), onMessage: receive, onRefused: onSignedOut });
      };
      void session.then(({ secret, hello }) => {
        if (hello !== null) receive(hello);
        connect(secret);
      });
      const stopHearing = onNewSecret((secret) => {
        if (isConnected) return;
        later = secret;
        keepSecret(secret);
        connect(secret);
      });
      return () => {
        isEnded = true;
        stopHearing();
        stop();
      };
    },
    grantFile: null,
  };
}

/** Connects at once. One transport serves the whole page. */
export function createTransport(): Transport {
  const carrier = window.goldpress === undefined ? httpCarrier() : windowCarrier(window.goldpress);
  const sequence = new EventSequence();
  const stateListeners = new Set<(state: ConnectionState) => void>();
  let state: ConnectionState = 'connecting';
  let greeted = (): void => undefined;
  const firstGreeting = new Promise<void>((resolve) => {
    greeted = resolve;
    setTimeout(resolve, firstGreetingMs);
  });

  const setState = (next: ConnectionState): void => {
    greeted();
    if (next === state) return;
    state = next;
    for (const listener of stateListeners) listener(next);
  };

  const stop = carrier.listen((message) => {
    sequence.accept(message);
    setState(message.type === 'lost' ? 'disconnected' : 'connected');
  }, () => setState('signed-out'));

  return {
    ready: carrier.ready,
    async invoke<N extends CommandName>(name: N, input: CommandInput<N>, options: { signal?: AbortSignal } = {}) {
      const { signal } = options;
      const callId = crypto.randomUUID();
      await firstGreeting;
      if (signal?.aborted === true) throw failure('ABORTED');
      const answer = carrier.send({ callId, command: name, input }).catch((error: unknown) => {
        throw error instanceof CallError ? error : failure('HOST_UNREACHABLE');
      });
      if (signal === undefined) return unwrap(await answer) as CommandOutput<N>;
      // The page stops waiting at once; the core is asked to stop working, and whether that arrives changes nothing here.
      let onAbort = (): void => undefined;
      const aborted = new Promise<never>((_, reject) => {
        onAbort = () => {
          carrier.send({ callId: crypto.randomUUID(), command: 'system.cancelCall', input: { callId } }).catch(() => undefined);
          reject(failure('ABORTED'));
        };
        signal.addEventListener('abort', onAbort, { once: true });
      });
      try {
        return unwrap(await Promise.race([answer, aborted])) as CommandOutput<N>;
      } finally {
        signal.removeEventListener('abort', onAbort);
        // Whichever lost the race has nobody waiting for it.
        answer.catch(() => undefined);
        aborted.catch(() => undefined);
      }
    },
    subscribe: (listener, onGap) => sequence.subscribe(listener, onGap),
    watchConnection(listener) {
      stateListeners.add(listener);
      listener(state);
      return () => stateListeners.delete(listener);
    },
    grantFile: carrier.grantFile,
    dispose: stop,
  };
}
