/**
 * The one file of the core that starts processes: a host in the background, for runs that outlive the command line, and the tools of
 * this computer's own libvirt.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../shared/model/app-error.ts';
import { isHostAnswering } from './client.ts';
import { readHostAddress, type HostLifetime } from './host-address.ts';

export interface BackgroundHostOptions {
  dataDirectory: string;
  hasSample: boolean;
  /** The program to run and what precedes its words: this Node (or app) and its entry file. */
  program: { command: string; args: readonly string[] };
  /** How long it may take until it answers, in milliseconds. */
  waitMs?: number;
}

const lookMs = 100;

/**
 * Makes sure that this directory gets a host that stays, starting one without a window where none does. While a command line that
 * follows a task is the host, the new one waits for its end and takes over what is left.
 */
export async function ensureBackgroundHost({ dataDirectory, hasSample, program, waitMs = 30_000 }: BackgroundHostOptions): Promise<void> {
  const isThere = async (...lifetimes: HostLifetime[]): Promise<boolean> => {
    const address = readHostAddress(dataDirectory);
    return address !== null && lifetimes.includes(address.lifetime) && (await isHostAnswering(address));
  };
  if (await isThere('stays')) return;
  const args = [...program.args, '--data-dir', dataDirectory, ...(hasSample ? [] : ['--no-sample']), 'serve', '--until-idle'];
  // In a session of its own: a closed terminal or Ctrl-C there does not end it.
  const child = spawn(program.command, args, { detached: true, stdio: 'ignore', windowsHide: true });
  const failed = new AbortController();
  once(child, 'exit', { signal: failed.signal }).then(() => failed.abort(), () => failed.abort());
  child.unref();
  const deadline = Date.now() + waitMs;
  while (Date.now() < deadline && !failed.signal.aborted) {
    if (await isThere('stays', 'task')) return;
    await sleep(lookMs);
  }
  // Another process may have become the host while this one was turned away.
  if (!(await isThere('stays', 'task'))) throw new AppError('HOST_BACKGROUND_FAILED', { path: dataDirectory });
}

export interface ProgramOptions {
  stdin: string;
  signal: AbortSignal | undefined;
  /** Ended after this time, in milliseconds; 0 = never. */
  timeoutMs: number;
  /** Ended when it says more than this. */
  maxBytes: number;
  /** Beside the little that every program needs. */
  environment: Readonly<Record<string, string>>;
}

/** What a program gets of our environment: where programs are, and whose home it is. No secret is in it. */
const passedOn = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'SystemRoot'];

/**
 * Runs a program with an argument array, without a shell, and waits for its end.
 * @throws `PROGRAM_NOT_STARTED`, `PROGRAM_ENDED` where it was cut off; never for an exit code
 */
export function runProgram([program = '', ...args]: readonly string[], options: ProgramOptions): Promise<{ code: number; stdout: string; stderr: string }> {
  const { stdin, signal, timeoutMs, maxBytes, environment } = options;
  signal?.throwIfAborted();
  const env = { ...Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))), ...environment };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'pipe', windowsHide: true, timeout: timeoutMs, ...(signal === undefined ? {} : { signal }) });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    const take = (list: Buffer[]) => (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) child.kill('SIGKILL');
      else list.push(chunk);
    };
    child.stdout.on('data', take(out));
    child.stderr.on('data', take(err));
    child.stdin.on('error', () => {
      // A program that ends without reading its input says so with its exit code.
    });
    child.on('error', (error) => {
      if (signal?.aborted === true) reject(signal.reason as Error);
      else reject(new AppError('PROGRAM_NOT_STARTED', { program }, { cause: error }));
    });
    child.on('close', (code) => {
      if (code === null) reject(signal?.aborted === true ? (signal.reason as Error) : new AppError('PROGRAM_ENDED', { program }, { isRetryable: true }));
      else resolve({ code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') });
    });
    child.stdin.end(stdin);
  });
}
