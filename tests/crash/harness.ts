/**
 * Starts processes, kills them at failpoints, starts them again, and looks at what is left. A failpoint that the process does not
 * reach is a failure: enumerated and never visited means that nobody knows what a crash there does.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { StepAction } from '../../src/main/workflows/engine/definition.ts';
import type { PlannedFailpoint } from '../../src/main/workflows/engine/failpoints.ts';
import type { ArtifactStatus, PendingKind } from '../../src/main/workflows/engine/journal.ts';
import type { RunStatus, StepStatus } from '../../src/shared/model/task.ts';
import { scenarios } from './scenarios/scenarios.ts';

export interface Ended {
  kind: 'ended';
  run: { id: string; status: RunStatus; pending: PendingKind | null; resumes: number; error: string | null; result: string | null };
  steps: { key: string; status: StepStatus }[];
  artifacts: { kind: string; path: string | null; status: ArtifactStatus }[];
}

export interface Planned {
  kind: 'planned';
  failpoints: PlannedFailpoint[];
  steps: { key: string; isPivot: boolean; cancel: StepAction['cancel'] }[];
  findings: string[];
}

export type ChildAnswer = Ended | Planned;

interface Life {
  /** Null when the process was killed. */
  answer: ChildAnswer | null;
}

/** Far more than a life takes; a process that hangs is told from one that was killed on purpose. */
const lifeMs = 300_000;

const childProgram = join(import.meta.dirname, 'crash-child.ts');

async function live(scenario: string, directory: string, mode: 'plan' | 'run', env: Record<string, string> = {}): Promise<Life> {
  const child = spawn(process.execPath, [childProgram, scenario, directory, mode], {
    env: { ...process.env, GOLDPRESS_TESTING: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text; });
  const guard = new AbortController();
  const timer = setTimeout(() => {
    guard.abort();
    child.kill('SIGKILL');
  }, lifeMs);
  const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
  });
  clearTimeout(timer);
  const hasHung = guard.signal.aborted;
  if (signal === 'SIGKILL' && !hasHung) return { answer: null };
  if (code === 0) return { answer: JSON.parse(out) as ChildAnswer };
  const log = join(directory, 'log.txt');
  throw new Error(`The process ${hasHung ? 'never ended' : `ended with ${code ?? signal}`}.\n${errors}\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`);
}

/** A fresh world, removed when the test ends. */
export async function freshWorld(scenario: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'goldpress-crash-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await scenarios[scenario]?.prepare(directory);
  return directory;
}

/** The failpoints of the scenario's plan. Called while tests are collected, so it cleans up itself. */
export async function planOf(scenario: string): Promise<Planned> {
  const directory = mkdtempSync(join(tmpdir(), 'goldpress-crash-'));
  try {
    await scenarios[scenario]?.prepare(directory);
    const { answer } = await live(scenario, directory, 'plan');
    if (answer?.kind !== 'planned') throw new Error('The process was killed while it planned.');
    return answer;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs until the run has ended or waits for a person. */
export async function runOut(scenario: string, directory: string, env: Record<string, string> = {}): Promise<Ended> {
  const { answer } = await live(scenario, directory, 'run', env);
  if (answer?.kind !== 'ended') throw new Error('The process was killed where no failpoint was set.');
  return answer;
}

/** Runs until the failpoint kills the process; fails when it is never reached. */
export async function killAt(scenario: string, directory: string, failpoints: string, env: Record<string, string> = {}): Promise<void> {
  const { answer } = await live(scenario, directory, 'run', { GOLDPRESS_FAILPOINT: failpoints, ...env });
  expect(answer, `never reached: ${failpoints}`).toBeNull();
}

/**
 * Brings a run on its way back past the failpoint of a step, and kills it there. The pivot is undone only when it fails; other
 * steps by a cancel, after they have happened where another step follows.
 */
export async function killOnTheWayBack(scenario: string, directory: string, plan: Planned, { name, stepKey }: PlannedFailpoint): Promise<void> {
  const index = plan.steps.findIndex((step) => step.key === stepKey);
  const step = plan.steps[index];
  if (step?.isPivot === true) {
    await killAt(scenario, directory, `after-intent:${stepKey}=throw;${name}=kill`);
    return;
  }
  if (step?.cancel === 'never') {
    await killAt(scenario, directory, `after-run:${stepKey}=throw;${name}=kill`);
    return;
  }
  const file = join(directory, 'paused');
  const isLast = index === plan.steps.length - 1;
  const trigger = isLast ? `after-intent:${stepKey}=pause:${file};after-run:${stepKey}=throw` : `after-run:${stepKey}=pause:${file}`;
  await killAt(scenario, directory, `${trigger};${name}=kill`, { GOLDPRESS_CRASH_CANCEL: file });
}

/** Files of a world that nobody accounts for: not there before, not the result, and not in the run's list of what it left. */
export function unlisted(files: readonly string[], expected: readonly string[], ended: Ended): string[] {
  const listed = new Set(ended.artifacts.filter((item) => item.status === 'kept' || item.status === 'unknown').map((item) => item.path));
  return files.filter((file) => !expected.includes(file) && !listed.has(file));
}
