/**
 * Kills a workflow at every failpoint that its plan can reach. One world lives through many kills, one after the other: each life goes
 * on from the kill before and is killed at the next place, so every failpoint is a crash that was recovered from. What must hold at
 * every moment is looked at after each kill, what must hold in the end after the last life.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { PlannedFailpoint } from '../../../src/main/workflows/engine/failpoints.ts';
import type { TaskDetail } from '../../../src/shared/model/task.ts';
import { Lives } from './lives.ts';
import type { ScenarioName } from './scenarios.ts';

export interface Expectations {
  /** After each kill, before anything was repaired. */
  moment: (lives: Lives) => Promise<void>;
  succeeded: (lives: Lives, task: TaskDetail) => Promise<void>;
  /** @param isAfterPivot what the pivot made stays. */
  undone?: (lives: Lives, task: TaskDetail, isAfterPivot: boolean) => Promise<void>;
  /** A step whose inside has no failpoints: killed there at moments that nobody chose. */
  inside?: string;
}

/** Kills one world at each of the names in turn, and lets it go on to its end. */
async function killInTurn(lives: Lives, chain: readonly string[], expectations: Expectations, first = '', env: Record<string, string> = {}): Promise<TaskDetail> {
  lives.renew();
  for (const [index, name] of chain.entries()) {
    await lives.killAt(`${index === 0 ? first : ''}${name}=kill`, index === 0 ? env : {});
    await expectations.moment(lives);
  }
  return lives.runOut();
}

/** Many lives a test, and each is a few processor seconds: on a machine that is busy with other things that takes minutes. */
const timeout = 900_000;

/** Shorter than the engine's patience with runs that get no further. */
const delays = [0, 15, 40, 90];

/**
 * Lets a life begin the step, and kills it some time later. The delay aims at nothing: what must hold holds at every moment.
 * @returns false when the step is over and will not begin again.
 */
async function killWithin(lives: Lives, stepKey: string, delayMs: number): Promise<boolean> {
  const file = join(lives.directory, 'paused');
  const life = lives.start({ GOLDPRESS_FAILPOINT: `after-intent:${stepKey}=pause:${file}` });
  while (!life.hasEnded() && !existsSync(file)) await sleep(1);
  rmSync(file, { force: true });
  await sleep(delayMs);
  life.kill();
  return (await life.ended).signal === 'SIGKILL';
}

interface WayBack {
  how: string;
  /** Failpoints that bring the run on its way back. */
  first: string;
  chain: string[];
  isAfterPivot: boolean;
  isCancelled: boolean;
}

/** Every way back that has failpoints, in the order in which they are passed. */
function waysBack({ prepared: { failpoints, steps } }: Lives): WayBack[] {
  const pivot = steps.findIndex((step) => step.isPivot);
  const undoOf = (from: number, to: number): string[] =>
    steps.slice(from, to + 1).reverse().flatMap((step) => failpoints.filter((point) => point.way === 'undo' && point.stepKey === step.key).map((point) => point.name));
  const ways: WayBack[] = [];
  const pivotKey = steps[pivot]?.key;
  if (pivotKey !== undefined && undoOf(0, pivot).length > 0) {
    ways.push({ how: `“${pivotKey}” fails`, first: `after-intent:${pivotKey}=throw;`, chain: undoOf(0, pivot), isAfterPivot: false, isCancelled: false });
  }
  for (const [index, step] of steps.entries()) {
    const chain = undoOf(index > pivot ? pivot + 1 : 0, index);
    if (step.isPivot || !chain.some((name) => name.endsWith(`:${step.key}`))) continue;
    // The last step is over before a cancel could be seen, unless it fails after the cancel was asked for.
    const isLast = index === steps.length - 1;
    const first = isLast ? `after-intent:${step.key}=pause:@;after-run:${step.key}=throw;` : `after-run:${step.key}=pause:@;`;
    ways.push({ how: `“${step.key}” is cancelled`, first, chain, isAfterPivot: pivot !== -1 && index > pivot, isCancelled: true });
  }
  return ways;
}

/** Registers the tests of one scenario. */
export async function everyFailpoint(title: string, scenario: ScenarioName, expectations: Expectations): Promise<Lives> {
  const lives = await Lives.prepare(scenario);
  afterAll(() => lives.remove());
  const forward = lives.prepared.failpoints.filter((point) => point.way === 'forward').map((point) => point.name);
  const chains = [
    { of: 'before and within each step', names: forward.filter((name) => !name.startsWith('after-run:')) },
    { of: 'after each step', names: forward.filter((name) => name.startsWith('after-run:')) },
  ];
  const ways = waysBack(lives);

  describe(title, () => {
    for (const { of, names } of chains) {
      it(`killed ${of} (${names.length} times): goes on each time, and ends as if nothing had happened`, { timeout }, async () => {
        const task = await killInTurn(lives, names, expectations);
        expect(task).toMatchObject({ status: 'succeeded', error: null, question: null });
        await expectations.succeeded(lives, task);
      });
    }

    for (const { how, first, chain, isAfterPivot, isCancelled } of ways) {
      it(`${how}, killed on the way back (${chain.length} times): finishes it`, { timeout }, async () => {
        const file = join(lives.directory, 'paused');
        const task = await killInTurn(lives, chain, expectations, first.replace('@', file), isCancelled ? { GOLDPRESS_CRASH_CANCEL: file } : {});
        expect(task).toMatchObject({ status: isCancelled ? 'cancelled' : 'failed', question: null });
        expect(expectations.undone, 'nothing says what must hold after the way back').toBeDefined();
        await expectations.undone?.(lives, task, isAfterPivot);
      });
    }

    if (expectations.inside !== undefined) {
      it(`killed from outside within “${expectations.inside}”, wherever it was: goes on each time`, { timeout }, async () => {
        lives.renew();
        for (const delayMs of delays) {
          if (!(await killWithin(lives, expectations.inside ?? '', delayMs))) break;
          await expectations.moment(lives);
        }
        const task = await lives.runOut();
        expect(task).toMatchObject({ status: 'succeeded', error: null, question: null });
        await expectations.succeeded(lives, task);
      });
    }

    it('visits every failpoint of its plan', () => {
      const visited = new Set([...chains.flatMap((chain) => chain.names), ...ways.flatMap((way) => way.chain)]);
      const missing = lives.prepared.failpoints.filter((point: PlannedFailpoint) => !visited.has(point.name));
      expect(missing).toEqual([]);
      expect(lives.prepared.failpoints.length).toBeGreaterThan(0);
    });
  });
  return lives;
}
