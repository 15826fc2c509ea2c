/**
 * Named places where tests stop the process. Owns their names and how they are switched on; in a production run every hit does
 * nothing, because `GOLDPRESS_TESTING=1` is asked for as well.
 *
 * `GOLDPRESS_FAILPOINT` is a list of `<name>=<what>` joined by `;`:
 * - `kill`: this process ends by SIGKILL, nothing more is written;
 * - `throw`: the place throws, each time it is reached;
 * - `pause:<file>`: writes the file and goes on once the file has been removed.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanDraft, WorkflowDefinition } from './definition.ts';

export type FailpointAction = (name: string) => Promise<void>;

/** A failpoint of a plan and the way a run has to go to pass it: to its end, or back after a cancel or a failure. */
export interface PlannedFailpoint {
  name: string;
  stepKey: string;
  way: 'forward' | 'undo';
}

export class Failpoints {
  /** Switched on: an undeclared failpoint inside a step is then an error. */
  readonly isActive: boolean;
  readonly #actions: ReadonlyMap<string, FailpointAction>;

  constructor(actions: ReadonlyMap<string, FailpointAction> = new Map(), isActive = actions.size > 0) {
    this.#actions = actions;
    this.isActive = isActive;
  }

  async hit(name: string): Promise<void> {
    await this.#actions.get(name)?.(name);
  }
}

const pollMs = 10;

async function killSelf(): Promise<void> {
  process.kill(process.pid, 'SIGKILL');
  // Nothing after the failpoint may run in the moment until the signal arrives.
  await new Promise<never>(() => undefined);
}

function pauseAt(file: string): FailpointAction {
  return async (name) => {
    writeFileSync(file, name);
    while (existsSync(file)) await sleep(pollMs);
  };
}

function actionOf(what: string): FailpointAction {
  if (what === 'kill') return killSelf;
  if (what === 'throw') return (name) => Promise.reject(new Error(`Failpoint ${name}`));
  if (what.startsWith('pause:')) return pauseAt(what.slice('pause:'.length));
  throw new Error(`GOLDPRESS_FAILPOINT: “${what}” is none of kill, throw, pause:<file>.`);
}

/** The failpoints that the environment switches on; none unless it also says that this is a test. */
export function failpointsFromEnv(env: NodeJS.ProcessEnv): Failpoints {
  const text = env['GOLDPRESS_FAILPOINT'];
  if (env['GOLDPRESS_TESTING'] !== '1' || text === undefined || text === '') return new Failpoints();
  const actions = new Map<string, FailpointAction>();
  for (const part of text.split(';')) {
    const separator = part.indexOf('=');
    if (separator === -1) throw new Error(`GOLDPRESS_FAILPOINT: “${part}” is not <name>=<what>.`);
    actions.set(part.slice(0, separator), actionOf(part.slice(separator + 1)));
  }
  return new Failpoints(actions, true);
}

/** The name of a failpoint that a step declares itself. */
export const failpointInside = (stepKey: string, name: string): string => `in:${stepKey}:${name}`;

/**
 * Every failpoint that a run of this plan can reach. A step after the pivot is undone only by a cancel, so one that cannot be
 * cancelled (or comes after such a step) has none on the way back.
 */
export function failpointsOf(plan: Pick<PlanDraft, 'steps'>, definition: Pick<WorkflowDefinition, 'actions'>): PlannedFailpoint[] {
  const found: PlannedFailpoint[] = [];
  let isPivotBehind = false;
  let isCancelOver = false;
  for (const step of plan.steps) {
    const action = definition.actions[step.action];
    if (action === undefined) throw new Error(`The workflow has no action “${step.action}”.`);
    isCancelOver ||= action.cancel === 'never' && !step.isPivot;
    const add = (name: string, way: PlannedFailpoint['way']): unknown => found.push({ name, stepKey: step.key, way });
    add(`before:${step.key}`, 'forward');
    add(`after-intent:${step.key}`, 'forward');
    for (const name of action.failpoints ?? []) add(failpointInside(step.key, name), 'forward');
    add(`after-run:${step.key}`, 'forward');
    if (action.compensate !== undefined && !(isPivotBehind && isCancelOver)) {
      add(`in-compensate:${step.key}`, 'undo');
      add(`after-compensate:${step.key}`, 'undo');
    }
    isPivotBehind ||= step.isPivot;
  }
  return found;
}
