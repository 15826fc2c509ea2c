/**
 * The one gate: every call of every shell passes here, in this order: who asks → in which console → limits → strict parse → handler → (in
 * development and tests) parse of the answer → envelope. Owns the log line of a call, which never holds its arguments.
 */
import '../../shared/contract/jitless.ts';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { commands, type CommandName } from '../../shared/contract/commands.ts';
import type { CommandSchema } from '../../shared/contract/command.ts';
import type { Envelope } from '../../shared/contract/envelope.ts';
import { AppError, viewError } from '../../shared/model/app-error.ts';
import { newId } from '../clock.ts';
import type { ConsoleScopes } from './console-scopes.ts';
import type { CallContext, Handlers, Session } from './handler.ts';
import { checkInputLimits } from './input-limits.ts';
import type { RunningCalls } from './running-calls.ts';

export interface GateOptions {
  /** All areas; one that a build does not have yet answers `COMMAND_UNKNOWN`. */
  handlers: Partial<Handlers>;
  runningCalls: RunningCalls;
  /** Who works in which console. */
  scopes: ConsoleScopes;
  log: Logger;
  /** Parse answers too. On in development and tests: it finds handlers that break the contract. */
  isOutputChecked: boolean;
  /** Remembers that the inventory turned out to be damaged, so that the next start makes a new one, as the sentence promises. */
  onCacheDamage?: () => void;
}

/** What arrives from a client, before anything about it is believed. */
export interface IncomingCall {
  callId: string;
  command: string;
  input: unknown;
}

/** Commands that only some kinds of session may call. */
const allowedFor: Partial<Record<CommandName, readonly Session['kind'][]>> = { 'files.grantPath': ['cli'] };

const maxProblems = 8;
const longestProblem = 160;

/** Where the input is wrong and how, without what it held. */
function problemsOf(error: z.ZodError): string {
  const problems = error.issues.slice(0, maxProblems).map((issue) => {
    const path = issue.path.map(String).join('.');
    return `${path === '' ? '' : `${path}: `}${issue.message}`.slice(0, longestProblem);
  });
  return problems.join('; ');
}

type AnyHandler = (input: unknown, ctx: CallContext) => Promise<unknown>;

export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Answers a call; never throws.
   * @param disconnected aborts when nobody waits for the answer any more
   */
  async call(session: Session, call: IncomingCall, disconnected?: AbortSignal): Promise<Envelope<unknown>> {
    const correlationId = newId<string>('call');
    const startedAt = performance.now();
    const log = this.#options.log.child({ correlationId, session: session.kind });
    const running = this.#options.runningCalls.begin(session.id, call.callId);
    const signal = disconnected === undefined ? running.signal : AbortSignal.any([running.signal, disconnected]);
    let envelope: Envelope<unknown>;
    let command = 'unknown';
    try {
      const name = this.#known(call.command);
      command = name;
      envelope = { ok: true, value: await this.#run(name, call.input, { session, scope: this.#options.scopes.of(session.id), signal, correlationId, log }) };
    } catch (error) {
      const failure = signal.aborted && !(error instanceof AppError) ? new AppError('ABORTED', {}, { cause: error }) : error;
      if (!(failure instanceof AppError) || failure.code === 'INTERNAL') log.error({ command, err: failure }, 'call failed unexpectedly');
      if (failure instanceof AppError && failure.code === 'STORE_CACHE_CORRUPT') this.#options.onCacheDamage?.();
      envelope = { ok: false, error: viewError(failure, correlationId) };
    } finally {
      running.end();
    }
    const outcome = envelope.ok ? 'ok' : envelope.error.reason.code;
    log.info({ command, durationMs: Math.round(performance.now() - startedAt), outcome }, 'call');
    return envelope;
  }

  #known(command: string): CommandName {
    // Own properties only: `constructor` and `__proto__` are no commands.
    if (Object.hasOwn(commands, command) && Object.hasOwn(this.#options.handlers, command)) return command as CommandName;
    throw new AppError('COMMAND_UNKNOWN', { command: command.slice(0, 100) });
  }

  async #run(name: CommandName, input: unknown, ctx: CallContext): Promise<unknown> {
    if (allowedFor[name]?.includes(ctx.session.kind) === false) throw new AppError('COMMAND_NOT_ALLOWED', { command: name });
    if (!this.#options.scopes.mayCall(ctx.scope, name)) throw new AppError('CONSOLE_REFUSED');
    checkInputLimits(input);
    const schema: CommandSchema = commands[name];
    const parsed = schema.input.safeParse(input);
    if (!parsed.success) throw new AppError('INPUT_INVALID', { problems: problemsOf(parsed.error) });
    if (ctx.signal.aborted) throw new AppError('ABORTED');
    const handler = this.#options.handlers[name] as AnyHandler;
    const value = await handler(parsed.data, ctx);
    if (!this.#options.isOutputChecked) return value;
    const checked = schema.output.safeParse(value);
    if (!checked.success) throw new Error(`The answer to ${name} breaks the contract: ${problemsOf(checked.error)}`);
    return value;
  }
}
