/**
 * Speaks to libvirt through `virsh` on the host: single commands as argument arrays, queries in batches (one start of the program costs
 * more than fifty answers). Owns what its refusals mean; knows nothing of domains or pools.
 */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../../shared/model/app-error.ts';
import type { CommandResult, Host, RunOptions } from './host.ts';
import { quoteLine } from './shell-quote.ts';

/** Queries in one call: their names stay far below the limit of one argument (128 KiB). */
const batchSize = 50;

export class Virsh {
  readonly host: Host;
  readonly uri: string;
  /** Set once the host let us in for reading only. */
  #isReadOnly = false;

  constructor(host: Host, uri: string) {
    this.host = host;
    this.uri = uri;
  }

  /** One command. @throws what its refusal means, else `LIBVIRT_REFUSED` with libvirt's own words */
  async run(words: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.attempt(words, options);
    if (result.code !== 0) throw this.refusal(words[0] ?? '', result);
    return result.stdout;
  }

  /** The same, for callers that have an answer to a refusal. Still throws where virsh or libvirt is not there at all. */
  async attempt(words: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const isReadOnly = this.#isReadOnly && options.isQuery === true;
    // libvirt's words are compared below: always in English.
    const result = await this.host.run(['env', 'LC_ALL=C', 'virsh', '-q', ...(isReadOnly ? ['-r'] : []), '-c', this.uri, ...words], options);
    if (result.code === 0) return result;
    try {
      this.#throwIfNotThere(result);
    } catch (error) {
      // An account without rights may look, through the socket that everybody may use.
      if (isReadOnly || options.isQuery !== true || !(error instanceof AppError) || error.code !== 'LIBVIRT_NO_RIGHTS') throw error;
      this.#isReadOnly = true;
      return this.attempt(words, options);
    }
    return result;
  }

  /** @throws `LIBVIRT_NO_RIGHTS` where the account may only look; also after it could do more before, and the other way round */
  async requireRights(signal?: AbortSignal): Promise<void> {
    await this.run(['uri'], { signal });
    this.#isReadOnly = false;
  }

  /** A definition goes in through the standard input: no file is left on the host, and no name is part of a command. */
  async feed(words: readonly string[], text: string, options: RunOptions = {}): Promise<string> {
    return this.run(words, { ...options, stdin: text });
  }

  /**
   * Several queries in one call, each with its answer, or null where libvirt refused it.
   * @throws where nothing was answered at all
   */
  async ask(queries: readonly (readonly string[])[], signal?: AbortSignal): Promise<(string | null)[]> {
    const answers: (string | null)[] = [];
    for (let start = 0; start < queries.length; start += batchSize) {
      signal?.throwIfAborted();
      answers.push(...(await this.#askOnce(queries.slice(start, start + batchSize), signal)));
    }
    return answers;
  }

  async #askOnce(queries: readonly (readonly string[])[], signal?: AbortSignal): Promise<(string | null)[]> {
    // Nobody can put it into a name: it is made anew for each call.
    const mark = `-----${randomBytes(12).toString('hex')}-----`;
    const line = [...queries.map((words) => `echo --str ${mark}; ${quoteLine(words)}`), `echo --str ${mark}`].join('; ');
    const result = await this.attempt([line], { signal, isQuery: true });
    const parts = result.stdout.split(mark);
    if (parts.length !== queries.length + 2) throw new AppError('LIBVIRT_ANSWER_UNREADABLE', { host: this.host.label, problem: 'virsh' });
    return parts.slice(1, -1).map((part) => {
      const text = part.replace(/^\n/, '');
      return text === '' ? null : text;
    });
  }

  refusal(command: string, { stderr, stdout, code }: CommandResult): AppError {
    const problem = lastProblem(stderr) || lastProblem(stdout) || `exit code ${code}`;
    return new AppError('LIBVIRT_REFUSED', { host: this.host.label, command, problem });
  }

  #throwIfNotThere(result: CommandResult): void {
    const host = this.host.label;
    const text = result.stderr;
    if (result.code === 127 || /virsh['’]?: (command )?not found|No such file or directory.*virsh/i.test(text)) throw new AppError('LIBVIRT_NO_VIRSH', { host });
    if (!/failed to connect to the hypervisor/i.test(text)) return;
    if (/permission denied|authentication (unavailable|failed)|access denied|polkit/i.test(text)) throw new AppError('LIBVIRT_NO_RIGHTS', { host, uri: this.uri });
    throw new AppError('LIBVIRT_NOT_RUNNING', { host, uri: this.uri, problem: lastProblem(text.split('\n').slice(1).join('\n')) || lastProblem(text) }, { isRetryable: true });
  }
}

/** The last line that says something: virsh begins with what it wanted and ends with why not, without `error: ` in front. */
function lastProblem(text: string): string {
  const line = text.split('\n').map((item) => item.replace(/^error: /, '').trim()).findLast((item) => item !== '') ?? '';
  return line.slice(0, 300);
}
