/**
 * The one connection to a host: made when first needed, shared by all commands and file transfers, made anew with growing pauses after
 * it was lost. Owns the limit of channels; knows nothing of libvirt.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientChannel, SFTPWrapper } from 'ssh2';
import { AppError } from '../../../../shared/model/app-error.ts';
import { defaultTimeoutMs, maxAnswerBytes, type CommandResult, type RunOptions } from '../host.ts';
import { quoteLine } from '../shell-quote.ts';
import { ChannelLimit } from './channel-limit.ts';
import { watchSession } from './sftp-calls.ts';
import { agentAddress } from './ssh-auth.ts';
import { connect, defaultTiming, type SshLink, type SshTiming } from './ssh-connect.ts';
import { ownHome, resolveHops, type SshHome, type SshSecrets, type SshSettings } from './ssh-target.ts';

/** Commands at once; the file session is one channel more, and a server takes ten. */
const commandsAtOnce = 7;

export interface SshDeps {
  home?: SshHome;
  timing?: SshTiming;
  agent?: string | null;
}

interface Live {
  link: SshLink;
  sftp: Promise<SFTPWrapper> | null;
  isLost: boolean;
}

export class SshSession {
  readonly label: string;
  readonly #settings: SshSettings;
  readonly #secrets: SshSecrets;
  readonly #home: SshHome;
  readonly #timing: SshTiming;
  readonly #agent: string | null;
  readonly #limit = new ChannelLimit(commandsAtOnce);
  readonly #ended = new AbortController();
  #live: Promise<Live> | null = null;

  constructor(settings: SshSettings, secrets: SshSecrets, deps: SshDeps = {}) {
    this.#settings = settings;
    this.#secrets = secrets;
    this.#home = deps.home ?? ownHome();
    this.#timing = deps.timing ?? defaultTiming;
    this.#agent = deps.agent === undefined ? agentAddress() : deps.agent;
    this.label = `${settings.host}:${settings.port ?? 22}`;
  }

  /** Runs a program with its arguments as they are. @throws `SSH_LOST`, `SSH_COMMAND_TIMEOUT`, and what connecting says */
  async run(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const line = quoteLine(command);
    try {
      return await this.#limit.run(() => this.#runOnce(line, options), options.signal);
    } catch (error) {
      const isWorthAnother = options.isQuery === true && error instanceof AppError && error.code === 'SSH_LOST' && options.signal?.aborted !== true;
      if (!isWorthAnother) throw error;
      return this.#limit.run(() => this.#runOnce(line, options), options.signal);
    }
  }

  async #runOnce(line: string, options: RunOptions): Promise<CommandResult> {
    const live = await this.#connection(options.signal);
    const channel = await openChannel(live.link.client, line, this.label);
    return collect(channel, options, this.label);
  }

  /** The file session of the connection; another one after a loss. */
  async sftp(signal?: AbortSignal): Promise<SFTPWrapper> {
    const live = await this.#connection(signal);
    live.sftp ??= this.#openSftp(live);
    return abortable(live.sftp, signal);
  }

  async #openSftp(live: Live): Promise<SFTPWrapper> {
    try {
      const session = await openSftp(live.link.client, this.label);
      watchSession(session);
      session.once('close', () => {
        live.sftp = null;
      });
      return session;
    } catch (error) {
      live.sftp = null;
      throw error;
    }
  }

  /** Connects, or says why not: for a test of the settings. */
  async connect(signal?: AbortSignal): Promise<void> {
    await this.#connection(signal);
  }

  dispose(): Promise<void> {
    this.#ended.abort(new AppError('SSH_LOST', { host: this.label }, { isRetryable: true }));
    const live = this.#live;
    this.#live = null;
    return live === null ? Promise.resolve() : live.then(({ link }) => link.end(), () => undefined);
  }

  async #connection(signal?: AbortSignal): Promise<Live> {
    this.#ended.signal.throwIfAborted();
    if (this.#live === null) {
      const made = this.#connect();
      this.#live = made;
      const forget = (): void => {
        if (this.#live === made) this.#live = null;
      };
      made.then(({ link }) => link.client.once('close', forget), forget);
    }
    const live = await abortable(this.#live, signal);
    if (!live.isLost) return live;
    // Lost between two calls, and its `close` not handled yet.
    this.#live = null;
    return this.#connection(signal);
  }

  async #connect(): Promise<Live> {
    const { signal } = this.#ended;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const link = await connect(await resolveHops(this.#settings, this.#home), this.#secrets, this.#agent, this.#timing, signal);
        const live: Live = { link, sftp: null, isLost: false };
        link.client.once('close', () => {
          live.isLost = true;
          link.end();
        });
        return live;
      } catch (error) {
        // A wrong key or password does not get better by trying, and servers count.
        if (!(error instanceof AppError) || !error.isRetryable || attempt >= this.#timing.attempts) throw error;
        await sleep(this.#timing.retryMs * 2 ** (attempt - 1), undefined, { signal });
      }
    }
  }
}

/** The work goes on for others; only this caller stops waiting. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function lost(label: string, cause?: unknown): AppError {
  return new AppError('SSH_LOST', { host: label }, { isRetryable: true, ...(cause === undefined ? {} : { cause }) });
}

function openChannel(client: Client, line: string, label: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(lost(label));
    client.once('close', stop);
    try {
      client.exec(line, (error, channel) => {
        client.removeListener('close', stop);
        if (error === undefined) resolve(channel);
        else reject(new AppError('SSH_CHANNEL_REFUSED', { host: label }, { cause: error, isRetryable: true }));
      });
    } catch (error) {
      client.removeListener('close', stop);
      reject(lost(label, error));
    }
  });
}

function openSftp(client: Client, label: string): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(lost(label));
    client.once('close', stop);
    try {
      client.sftp((error, session) => {
        client.removeListener('close', stop);
        if (error === undefined) resolve(session);
        else reject(new AppError('SSH_NO_SFTP', { host: label }, { cause: error }));
      });
    } catch (error) {
      client.removeListener('close', stop);
      reject(lost(label, error));
    }
  });
}

function collect(channel: ClientChannel, { stdin, signal, timeoutMs = defaultTimeoutMs }: RunOptions, label: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    let code: number | null = null;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      settle();
    };
    const giveUp = (error: Error): void => end(() => {
      channel.close();
      reject(error);
    });
    const stop = (): void => giveUp(signal?.reason as Error);
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => giveUp(new AppError('SSH_COMMAND_TIMEOUT', { host: label, afterSeconds: timeoutMs / 1000 }, { isRetryable: true })), timeoutMs);
    const take = (list: Buffer[]) => (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) giveUp(new AppError('LIBVIRT_ANSWER_TOO_LARGE', { host: label, limitBytes: maxAnswerBytes }));
      else list.push(chunk);
    };
    signal?.addEventListener('abort', stop, { once: true });
    channel.on('data', take(out));
    channel.stderr.on('data', take(err));
    channel.on('exit', (value: number | null) => {
      code = value ?? 255;
    });
    channel.on('error', (error: Error) => giveUp(lost(label, error)));
    // Without an exit code the connection broke off before the command had ended.
    channel.on('close', () => end(() => {
      if (code === null) reject(lost(label));
      else resolve({ code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') });
    }));
    channel.end(stdin ?? '');
    if (signal?.aborted === true) stop();
  });
}
