/** The one file of the core that starts a process: a host in the background, for runs that outlive the command line. */
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
