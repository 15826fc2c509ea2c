/** The command line: parses words, runs one verb, and turns whatever happened into an exit status. */
import { CommanderError, type Command } from 'commander';
import { CallError } from '../../../shared/contract/envelope.ts';
import { formatMessage } from '../../../shared/messages/format.ts';
import type { Locale } from '../../../shared/messages/catalogue.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { chooseDataDirectory, prepareDataDirectory } from '../../host/data-directory.ts';
import { ensureBackgroundHost } from '../../host/spawn.ts';
import { openCore, type Core } from '../core.ts';
import { CliContext, exitStatus, UsageError, type CliIo, type GlobalOptions } from './context.ts';
import { chooseLocale, languageInWords } from './language.ts';
import { buildProgram } from './program.ts';
import { lifetimeOf } from './verbs.ts';

export interface CliRun {
  /** The words after the program's name. */
  argv: readonly string[];
  io: CliIo;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  /** How this program is started again, for `--detach`. */
  self: { command: string; args: readonly string[] };
}

/** Runs one call. @returns the exit status; never throws. */
export async function runCli({ argv, io, signal, self }: CliRun): Promise<number> {
  const locale = chooseLocale(languageInWords(argv), io.env);
  let context: CliContext | null = null;
  const contextOf = (command: Command): CliContext => {
    const options = globalOptions(command, locale, io.env);
    context ??= new CliContext({ io, options, signal, openCore: (chosen) => open(chosen, command, { self, signal }) });
    return context;
  };
  const program = buildProgram({ context: contextOf, words: (code) => formatMessage({ code, params: {} }, locale) });
  for (const command of everyCommand(program)) {
    command.exitOverride().showSuggestionAfterError(true).configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined });
  }
  // Words that cannot even be parsed still get an answer in the wanted form.
  const fallback = (): CliContext =>
    context ?? new CliContext({ io, options: { dataDirectory: '', isJson: argv.includes('--json'), hasSample: true, locale }, signal, openCore: () => Promise.reject(new Error('not opened')) });
  let status: number;
  try {
    await program.parseAsync([...argv], { from: 'user' });
    status = (context as CliContext | null)?.status ?? exitStatus.done;
  } catch (error) {
    status = report(fallback(), error);
  }
  try {
    await (context as CliContext | null)?.close();
  } catch (error) {
    fallback().printError(error);
    status = status === exitStatus.done ? exitStatus.failed : status;
  }
  return status;
}

function report(context: CliContext, error: unknown): number {
  if (context.signal.aborted) {
    context.note(context.text('CLI_INTERRUPTED'));
    return exitStatus.interrupted;
  }
  if (error instanceof CommanderError) {
    // Help and version are answers, not mistakes; help for a missing verb is one.
    if (error.exitCode === 0) return exitStatus.done;
    context.printError(usageOf(error));
    return exitStatus.usage;
  }
  context.printError(error);
  const code = error instanceof CallError ? error.view.reason.code : error instanceof AppError ? error.code : null;
  return error instanceof UsageError || code === 'COMMAND_UNKNOWN' || code === 'INPUT_INVALID' ? exitStatus.usage : exitStatus.failed;
}

/** The parser's complaint in the person's language, with the nearest word that exists. */
function usageOf(error: CommanderError): UsageError {
  const [, quoted = ''] = /'([^']*)'/.exec(error.message) ?? [];
  const [, nearest] = /\(Did you mean (?:one of )?([^?]+)\?\)/.exec(error.message) ?? [];
  if (error.code === 'commander.unknownCommand' || error.code === 'commander.unknownOption') {
    return nearest === undefined ? new UsageError('CLI_UNKNOWN_WORD', { word: quoted }) : new UsageError('CLI_UNKNOWN_WORD_NEAREST', { word: quoted, nearest });
  }
  if (error.code === 'commander.missingArgument' || error.code === 'commander.missingMandatoryOptionValue') return new UsageError('CLI_MISSING_WORD', { word: quoted });
  if (error.code === 'commander.optionMissingArgument') return new UsageError('CLI_MISSING_VALUE', { word: quoted });
  if (error.code === 'commander.excessArguments') return new UsageError('CLI_TOO_MANY_WORDS');
  return new UsageError('CLI_VERB_NEEDED');
}

function globalOptions(command: Command, locale: Locale, env: NodeJS.ProcessEnv): GlobalOptions {
  const given = command.optsWithGlobals<{ dataDir?: string; json?: true; sample: boolean }>();
  return { dataDirectory: chooseDataDirectory(given.dataDir, env), isJson: given.json === true, hasSample: given.sample, locale };
}

/** For a detached run the host must outlive this process, so it is one of its own. */
async function open({ dataDirectory, hasSample }: GlobalOptions, command: Command, { self, signal }: Pick<CliRun, 'self' | 'signal'>): Promise<Core> {
  const { detach, untilIdle } = command.opts<{ detach?: true; untilIdle?: true }>();
  const real = prepareDataDirectory(dataDirectory);
  if (detach === true) await ensureBackgroundHost({ dataDirectory: real, hasSample, program: self });
  const lifetime = lifetimeOf(command);
  return openCore({ dataDirectory: real, shell: lifetime === 'stays' ? 'none' : 'cli', hasSample, lifetime, isPatient: untilIdle === true, signal });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
