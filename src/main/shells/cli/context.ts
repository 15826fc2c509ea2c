/** What every verb works with: the core, the person's language, and where words and values go. Owns nothing of any area. */
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { CallError } from '../../../shared/contract/envelope.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../../shared/contract/commands.ts';
import { formatMessage } from '../../../shared/messages/format.ts';
import type { Locale, MessageCode } from '../../../shared/messages/catalogue.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import type { FileGrantId } from '../../../shared/model/ids.ts';
import { say, type Message, type MessageParams } from '../../../shared/model/message.ts';
import type { CoreClient } from '../../host/client.ts';
import type { Core } from '../core.ts';

/** Exit statuses that scripts can rely on. */
export const exitStatus = { done: 0, failed: 1, usage: 2, waiting: 3, interrupted: 130 } as const;

/** Words of the call that are wrong: exit status 2. */
export class UsageError extends Error {
  readonly reason: Message;

  constructor(code: MessageCode, params: MessageParams = {}) {
    super(formatMessage({ code, params }));
    this.name = 'UsageError';
    this.reason = { code, params };
  }
}

export interface CliIo {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  env: NodeJS.ProcessEnv;
}

export interface GlobalOptions {
  dataDirectory: string;
  isJson: boolean;
  hasSample: boolean;
  locale: Locale;
}

export interface CliContextDeps {
  io: CliIo;
  options: GlobalOptions;
  openCore: (options: GlobalOptions) => Promise<Core>;
  signal: AbortSignal;
}

export class CliContext {
  readonly io: CliIo;
  readonly options: GlobalOptions;
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  /** What the process ends with; a verb sets it when the answer is neither done nor an error. */
  status: number = exitStatus.done;
  readonly #openCore: CliContextDeps['openCore'];
  #core: Promise<Core> | null = null;
  #client: CoreClient | null = null;
  #hasPrinted = false;

  constructor({ io, options, openCore, signal }: CliContextDeps) {
    this.io = io;
    this.options = options;
    this.signal = signal;
    this.#openCore = openCore;
  }

  /** The core, opened when first needed: a wrong word never starts one. */
  core(): Promise<Core> {
    this.#core ??= this.#openCore(this.options);
    return this.#core;
  }

  async client(): Promise<CoreClient> {
    const core = await this.core();
    this.#client ??= core.client('cli');
    return this.#client;
  }

  /** Calls a command of the contract; Ctrl-C aborts it. */
  async call<N extends CommandName>(name: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    try {
      return await (await this.client()).invoke(name, input, { signal: this.signal });
    } catch (error) {
      // The host was another short call, and has ended before this one was sent: the next host is this process, or one that it finds.
      if (!(error instanceof AppError && error.code === 'HOST_LOST' && error.isRetryable)) throw error;
      await this.close();
      return (await this.client()).invoke(name, input, { signal: this.signal });
    }
  }

  /** A grant for a path typed here. Relative paths are relative to where the person is. */
  async grant(path: string): Promise<FileGrantId> {
    return (await this.call('files.grantPath', { path: resolve(path) })).grantId;
  }

  words(message: Message): string {
    return formatMessage(message, this.options.locale);
  }

  text(code: MessageCode, params: MessageParams = {}): string {
    return this.words(say(code, params));
  }

  /** The answer: with `--json` the value as one document, else words for people. Once a call. */
  print(value: unknown, forPeople: () => string): void {
    if (this.#hasPrinted) throw new Error('a call prints one answer');
    this.#hasPrinted = true;
    this.io.stdout.write(this.options.isJson ? `${JSON.stringify(value, null, 2)}\n` : `${forPeople()}\n`);
  }

  /** Something told along the way, to standard error. */
  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  /** A failure, in words and causes, or as the JSON document. */
  printError(error: unknown): void {
    const view = error instanceof CallError ? error.view : null;
    const reason = view?.reason ?? (error instanceof AppError ? error.asMessage : error instanceof UsageError ? error.reason : null);
    const text = reason === null ? this.text('INTERNAL', { correlationId: '–' }) : this.words(reason);
    if (this.options.isJson && !this.#hasPrinted) {
      this.#hasPrinted = true;
      const document = view ?? { reason, message: reason === null ? text : formatMessage(reason), retryable: false, correlationId: '', causes: [] };
      this.io.stdout.write(`${JSON.stringify({ error: { code: reason?.code ?? 'INTERNAL', ...document } }, null, 2)}\n`);
      return;
    }
    this.note(this.text('CLI_ERROR', { text }));
    for (const cause of view?.causes ?? []) this.note(`  ${this.text('CLI_CAUSE', { text: cause.message })}`);
    if (reason === null && error instanceof Error && this.io.env['GOLDPRESS_DEBUG'] === '1') this.note(error.stack ?? error.message);
  }

  /** Ends what was opened. The core's runs stay resumable. */
  async close(): Promise<void> {
    const opened = this.#core;
    this.#core = null;
    this.#client?.close();
    this.#client = null;
    // A core that could not be opened has been reported already, by the call that needed it.
    const core = await opened?.catch(() => null);
    await core?.dispose();
  }
}
