/**
 * Makes a world once, gives each test a fresh copy of it at the same place (the store knows absolute paths), and runs processes in it
 * that are killed at failpoints. A failpoint that a process does not reach is a failure: nobody would know what a crash there does.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { TaskDetail } from '../../../src/shared/model/task.ts';
import type { Answer, Prepared } from './protocol.ts';
import type { ScenarioName } from './scenarios.ts';
import { worldIn } from './world.ts';

/** Far more than a life takes; a process that hangs is told from one that was killed on purpose. */
const lifeMs = 300_000;
const program = join(import.meta.dirname, 'life.ts');

export interface Process {
  /** By SIGKILL unless told otherwise. */
  kill(signal?: NodeJS.Signals): void;
  hasEnded(): boolean;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string; errors: string; hasHung: boolean }>;
}

export function startProcess(args: readonly string[], env: Record<string, string> = {}): Process {
  const child = spawn(process.execPath, args, { env: { ...process.env, GOLDPRESS_TESTING: '1', GOLDPRESS_CHECK_OUTPUT: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text; });
  const guard = new AbortController();
  const timer = setTimeout(() => {
    guard.abort();
    child.kill('SIGKILL');
  }, lifeMs);
  const ended = new Promise<Awaited<Process['ended']>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out, errors, hasHung: guard.signal.aborted }));
  }).finally(() => clearTimeout(timer));
  return { kill: (signal = 'SIGKILL') => void child.kill(signal), hasEnded: () => child.exitCode !== null || child.signalCode !== null, ended };
}

/** @returns null when the process was killed. */
async function live(words: readonly string[], directory: string, env: Record<string, string> = {}): Promise<Answer | null> {
  const { code, signal, out, errors, hasHung } = await startProcess([program, ...words], env).ended;
  if (signal === 'SIGKILL' && !hasHung) return null;
  if (code === 0) return JSON.parse(out) as Answer;
  const log = join(worldIn(directory).data, 'logs', 'goldpress.log');
  throw new Error(`The process ${hasHung ? 'never ended' : `ended with ${code ?? signal}`}.\n${errors}\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`);
}

/** One scenario with its world, used by the tests of one file one after the other. */
export class Lives {
  readonly prepared: Prepared;
  /** Where the world lies that is worked in. */
  readonly directory: string;
  /** The world as it was prepared, to compare with. */
  readonly before: string;
  readonly #base: string;

  private constructor(base: string, prepared: Prepared) {
    this.#base = base;
    this.prepared = prepared;
    this.directory = join(base, 'world');
    this.before = join(base, 'before');
  }

  /** Called while tests are collected, because the failpoints are the tests. */
  static async prepare(scenario: ScenarioName): Promise<Lives> {
    const base = mkdtempSync(join(tmpdir(), 'goldpress-crash-'));
    try {
      mkdirSync(join(base, 'world'));
      const answer = await live(['prepare', scenario, join(base, 'world')], join(base, 'world'));
      if (answer?.kind !== 'prepared') throw new Error('The process was killed while it prepared the world.');
      renameSync(join(base, 'world'), join(base, 'before'));
      return new Lives(base, answer);
    } catch (error) {
      rmSync(base, { recursive: true, force: true });
      throw error;
    }
  }

  /** A fresh copy of the world; times stay, so that a disk at rest stays at rest. */
  renew(): void {
    rmSync(this.directory, { recursive: true, force: true });
    cpSync(this.before, this.directory, { recursive: true, preserveTimestamps: true });
  }

  /** Starts a life that the test kills itself. */
  start(env: Record<string, string> = {}): Process {
    return startProcess([program, 'run', this.directory], env);
  }

  /** Runs until the run has ended or waits for a person. */
  async runOut(env: Record<string, string> = {}): Promise<TaskDetail> {
    const answer = await live(['run', this.directory], this.directory, env);
    if (answer?.kind !== 'ended') throw new Error('The process was killed where no failpoint was set.');
    return answer.task;
  }

  /** Runs until a failpoint kills the process; fails when it is never reached. */
  async killAt(failpoints: string, env: Record<string, string> = {}): Promise<void> {
    const answer = await live(['run', this.directory], this.directory, { GOLDPRESS_FAILPOINT: failpoints, ...env });
    const how = answer?.kind === 'ended' ? `${answer.task.status} ${JSON.stringify(answer.task.error)} ${JSON.stringify(answer.task.question)}` : '';
    expect(answer, `never reached: ${failpoints}; the run ended: ${how}`).toBeNull();
  }

  remove(): void {
    rmSync(this.#base, { recursive: true, force: true });
  }
}
