/** A client of a running host over its local socket: calls, events, and a new address for a browser. */
import { Agent, request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { CommandInput, CommandName, CommandOutput } from '../../shared/contract/commands.ts';
import { unwrap, type Envelope } from '../../shared/contract/envelope.ts';
import { maxCallBytes, type CallRequest, type StreamMessage } from '../../shared/contract/stream.ts';
import { AppError } from '../../shared/model/app-error.ts';
import { newUuid } from '../clock.ts';
import type { HostAddress } from './host-address.ts';
import { hostKeyHeader, sessionHeader, sessionKindHeader } from './host-protocol.ts';

/** What the command line and the window need of a core, wherever it runs. */
export interface CoreClient {
  /** @throws CallError when the call failed, AppError when it could not be made. */
  invoke<N extends CommandName>(name: N, input: CommandInput<N>, options?: { signal?: AbortSignal }): Promise<CommandOutput<N>>;
  /** The answer as it came, for those who pass it on. */
  call(request: CallRequest, signal?: AbortSignal): Promise<Envelope<unknown>>;
  /** @returns what ends the subscription. */
  subscribe(listener: (message: StreamMessage) => void): () => void;
  /** A one-time address for a browser. */
  newBrowserAddress(): Promise<string>;
  close(): void;
}

const pingMs = 2000;
const reconnectMs = 500;

interface Sent {
  method: 'GET' | 'POST';
  path: string;
  body?: string;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
  agent?: Agent;
}

function send(address: HostAddress, { method, path, body, signal, headers = {}, agent }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: address.socketPath ?? '', method, path, host: 'localhost',
        headers: { [hostKeyHeader]: address.key, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(signal === undefined ? {} : { signal }),
        ...(agent === undefined ? {} : { agent }),
      },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The socket took no connection: whatever was asked for, nothing of it was begun, and another host may be asked instead. */
const isNeverSent = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT');

async function bodyOf(response: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** Whether the host that a `host.json` names is there: not a leftover, not another process on the same path. */
export async function isHostAnswering(address: HostAddress): Promise<boolean> {
  if (address.socketPath === null) return false;
  try {
    const response = await send(address, { method: 'GET', path: '/host', signal: AbortSignal.timeout(pingMs) });
    const body = (await bodyOf(response)) as { bootId?: unknown };
    return response.statusCode === 200 && body.bootId === address.bootId;
  } catch {
    // Refused, gone or silent: nobody is there.
    return false;
  }
}

export class HostClient implements CoreClient {
  readonly #address: HostAddress;
  /** A connection a call: only a refused connection tells for sure that nothing of a call was begun. */
  readonly #agent = new Agent({ keepAlive: false });
  readonly #headers: Record<string, string>;
  readonly #subscriptions = new Set<AbortController>();

  /** @param kind `window`: for calls that a page makes; `cli`: may name paths. */
  constructor(address: HostAddress, kind: 'cli' | 'window' = 'cli') {
    this.#address = address;
    this.#headers = { [sessionHeader]: newUuid(), [sessionKindHeader]: kind };
  }

  async invoke<N extends CommandName>(name: N, input: CommandInput<N>, { signal }: { signal?: AbortSignal } = {}): Promise<CommandOutput<N>> {
    return unwrap((await this.call({ callId: newUuid(), command: name, input }, signal)) as Envelope<CommandOutput<N>>);
  }

  async call(callRequest: CallRequest, signal?: AbortSignal): Promise<Envelope<unknown>> {
    const body = JSON.stringify(callRequest);
    if (Buffer.byteLength(body) > maxCallBytes) throw new AppError('INPUT_TOO_LARGE');
    return (await this.#post('/call', body, signal)) as Envelope<unknown>;
  }

  async newBrowserAddress(): Promise<string> {
    const { url } = (await this.#post('/host/browser-address', '{}')) as { url: string };
    return url;
  }

  subscribe(listener: (message: StreamMessage) => void): () => void {
    const ended = new AbortController();
    this.#subscriptions.add(ended);
    void this.#listen(listener, ended.signal);
    return () => {
      this.#subscriptions.delete(ended);
      ended.abort();
    };
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.abort();
    this.#subscriptions.clear();
    this.#agent.destroy();
  }

  async #post(path: string, body: string, signal?: AbortSignal): Promise<unknown> {
    try {
      // Closing the request is how the host learns that nobody waits any more.
      return await bodyOf(await send(this.#address, { method: 'POST', path, body, signal, headers: this.#headers, agent: this.#agent }));
    } catch (error) {
      if (signal?.aborted === true) throw new AppError('ABORTED', {}, { cause: error });
      throw new AppError('HOST_LOST', {}, { cause: error, isRetryable: isNeverSent(error) });
    }
  }

  async #listen(listener: (message: StreamMessage) => void, signal: AbortSignal): Promise<void> {
    const isEnded = (): boolean => signal.aborted;
    while (!isEnded()) {
      try {
        const response = await send(this.#address, { method: 'GET', path: '/events', headers: this.#headers, signal });
        for await (const line of createInterface({ input: response })) {
          if (line !== '') listener(JSON.parse(line) as StreamMessage);
        }
      } catch {
        // However the connection ended, it is tried again below.
      }
      if (isEnded()) return;
      listener({ type: 'lost' });
      await new Promise((resolve) => setTimeout(resolve, reconnectMs).unref());
    }
  }
}
