/** Opens one SSH connection, over the jump hosts where there are any. Nothing is sent before the host's key was checked. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client } from 'ssh2';
import { AppError } from '../../../../shared/model/app-error.ts';
import { checkHostKey, preferredAlgorithms } from './host-key-check.ts';
import { authMethods } from './ssh-auth.ts';
import type { SshHop, SshSecrets } from './ssh-target.ts';

export interface SshTiming {
  /** How long a handshake may take, in milliseconds. */
  readyMs: number;
  /** A connection that answers nothing is asked this often, and given up after three times. */
  keepAliveMs: number;
  /** Pause before the second attempt; doubled with each further one. */
  retryMs: number;
  /** Attempts to connect before a call fails. */
  attempts: number;
}

export const defaultTiming: SshTiming = { readyMs: 20_000, keepAliveMs: 10_000, retryMs: 500, attempts: 4 };

/** A chain of connections; ending it ends all of them. */
export interface SshLink {
  client: Client;
  end(): void;
}

/** @throws `AppError` of the first hop that does not let us through; `UnknownHostKey` where a person has to decide */
export async function connect(hops: readonly SshHop[], secrets: SshSecrets, agent: string | null, timing: SshTiming, signal?: AbortSignal): Promise<SshLink> {
  const clients: Client[] = [];
  const end = (): void => {
    for (const client of clients.toReversed()) client.end();
  };
  try {
    // Loaded with the first host: the app starts without it.
    const { default: ssh2 } = await import('ssh2');
    let socket: Duplex | undefined;
    for (const [index, hop] of hops.entries()) {
      signal?.throwIfAborted();
      const client = new ssh2.Client();
      clients.push(client);
      await open(client, hop, await authMethods(hop, secrets, agent), socket, timing, signal);
      const next = hops[index + 1];
      if (next !== undefined) socket = await forward(client, hop, next);
    }
  } catch (error) {
    end();
    throw error;
  }
  const client = clients.at(-1);
  if (client === undefined) throw new Error('no host to connect to');
  return { client, end };
}

async function open(client: Client, hop: SshHop, methods: AnyAuthMethod[], socket: Duplex | undefined, timing: SshTiming, signal?: AbortSignal): Promise<void> {
  let refusal: AppError | null = null;
  const waiting = [...methods];
  client.on('error', () => {
    // Errors after the handshake come with `close`, which the session listens to; without a listener they would end the process.
  });
  const ready = once(client, 'ready', signal === undefined ? {} : { signal });
  client.connect({
    host: hop.host,
    port: hop.port,
    username: hop.user,
    ...(socket === undefined ? {} : { sock: socket }),
    readyTimeout: timing.readyMs,
    keepaliveInterval: timing.keepAliveMs,
    keepaliveCountMax: 3,
    algorithms: { serverHostKey: preferredAlgorithms(hop.expected.known) },
    hostVerifier: (key: Buffer) => {
      refusal = checkHostKey(hop.expected, key);
      return refusal === null;
    },
    authHandler: (left, _partial, next) => {
      // The server says after the first attempt which ways it takes at all; null before that, whatever the types say.
      const allowed = left as typeof left | null;
      let method = waiting.shift();
      while (method !== undefined && allowed !== null && !allowed.includes(method.type === 'agent' ? 'publickey' : method.type)) method = waiting.shift();
      next((method ?? false) as AnyAuthMethod);
    },
  });
  try {
    await ready;
  } catch (error) {
    client.destroy();
    signal?.throwIfAborted();
    throw (refusal as AppError | null) ?? connectError(error, hop);
  }
}

async function forward(client: Client, hop: SshHop, next: SshHop): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, next.host, next.port, (error, channel) => {
      if (error === undefined) resolve(channel);
      else reject(new AppError('SSH_JUMP_FAILED', { jump: hop.expected.label, host: next.expected.label }, { cause: error, isRetryable: true }));
    });
  });
}

function connectError(error: unknown, hop: SshHop): AppError {
  const level = error instanceof Error && 'level' in error ? error.level : '';
  const host = hop.expected.label;
  if (level === 'client-authentication') return new AppError('SSH_AUTH_FAILED', { host, user: hop.user }, { cause: error });
  if (level === 'handshake' || level === 'protocol') return new AppError('SSH_HANDSHAKE_FAILED', { host }, { cause: error });
  if (level === 'client-timeout') return new AppError('SSH_TIMEOUT', { host }, { cause: error, isRetryable: true });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new AppError('SSH_NAME_UNKNOWN', { host: hop.host }, { cause: error, isRetryable: code === 'EAI_AGAIN' });
  return new AppError('SSH_UNREACHABLE', { host, reason: code === '' ? 'closed' : code }, { cause: error, isRetryable: true });
}
