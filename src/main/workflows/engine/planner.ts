/**
 * Plans work and starts it. A plan changes nothing; it is shown, kept for a quarter of an hour, and made again at the start, so
 * that what is executed is what the person confirmed and the world is still as it was.
 */
import { newId, type Clock } from '../../clock.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { PlanId, RunId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { Plan, PlannedStep, TaskSubject } from '../../../shared/model/task.ts';
import type { WorkflowRequest } from '../../../shared/model/workflow-request.ts';
import type { PlanDraft, StepPlan, WorkflowDefinition } from './definition.ts';
import type { WorkflowEngine } from './engine.ts';
import type { PlanRecord, RunRecord, WorkflowJournal } from './journal.ts';

const planLifeMs = 15 * 60_000;
/** An expired plan is kept this long, so that starting it says “expired” and not “unknown”. */
const expiredLifeMs = 24 * 60 * 60_000;

export interface PlannerDeps {
  journal: WorkflowJournal;
  definitions: readonly WorkflowDefinition[];
  engine: WorkflowEngine;
  clock: Clock;
}

export interface StartRequest {
  planId: PlanId;
  /** Ids of the `error` and `warning` findings that the person has read. */
  acknowledged: readonly string[];
  typedName: string | null;
}

export class Planner {
  readonly #deps: PlannerDeps;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  /** Computes what would be done. Changes nothing outside the store. */
  async plan(request: WorkflowRequest, createdBy: string, signal: AbortSignal): Promise<Plan> {
    const { journal, clock } = this.#deps;
    const definition = this.#definition(request.type);
    const draft = await definition.plan(request, signal);
    checkDraft(draft, definition);
    const createdAt = clock.now();
    const plan: PlanRecord = {
      id: newId<PlanId>('plan'), type: definition.type, version: definition.version, request, draft, createdBy, createdAt, expiresAt: createdAt + planLifeMs,
    };
    await journal.sweepPlans(createdAt - expiredLifeMs);
    await journal.savePlan(plan);
    return viewPlan(plan);
  }

  /**
   * Starts a plan. Answers as soon as the run is written; starting the same plan again answers the same run. Throws
   * `PLAN_NOT_FOUND`, `PLAN_EXPIRED`, `PLAN_DRIFTED`, `PLAN_BLOCKED`, `PLAN_UNACKNOWLEDGED`, `PLAN_NAME_NOT_TYPED`, `LOCK_BUSY`,
   * `TASK_DUPLICATE`; nothing has been started then.
   */
  async start({ planId, acknowledged, typedName }: StartRequest, createdBy: string, signal: AbortSignal): Promise<RunId> {
    const { journal, engine, clock } = this.#deps;
    if (engine.isClosing) throw new AppError('TASKS_CLOSING');
    const before = await journal.findRunByPlan(planId);
    if (before !== null) return before.id;
    const plan = await journal.findPlan(planId);
    if (plan === null) throw new AppError('PLAN_NOT_FOUND', { id: planId });
    const definition = this.#definition(plan.request.type);
    if (clock.now() >= plan.expiresAt || definition.version !== plan.version) {
      throw new AppError('PLAN_EXPIRED', { limitSeconds: planLifeMs / 1000 });
    }
    demandNoBlocker(plan.draft.findings);
    const now = await definition.plan(plan.request, signal);
    if (now.fingerprint !== plan.draft.fingerprint) throw driftOf(plan.draft, now);
    demandNoBlocker(now.findings);
    demandAcknowledged(now.findings, acknowledged);
    if (plan.draft.typedName !== null && plan.draft.typedName !== typedName) {
      throw new AppError('PLAN_NAME_NOT_TYPED', { name: plan.draft.typedName });
    }
    return this.#insert(plan, createdBy);
  }

  async #insert(plan: PlanRecord, createdBy: string): Promise<RunId> {
    const { journal, engine, clock } = this.#deps;
    const run: RunRecord = {
      id: newId<RunId>('run'), planId: plan.id, type: plan.type, version: plan.version, status: 'queued', title: plan.draft.title,
      subject: plan.draft.subject, result: null, request: plan.request, plan: plan.draft, createdBy, createdAt: clock.now(), startedAt: null,
      endedAt: null, cancelRequestedAt: null, bootId: null, resumes: 0, resumedAtFraction: null, pending: null, answers: {}, error: null,
      progress: null,
    };
    const outcome = await journal.insertRun(run);
    switch (outcome.state) {
      case 'started-before':
        return outcome.runId;
      case 'busy':
        throw new AppError('LOCK_BUSY', { task: nameOf(outcome.holder) });
      case 'duplicate':
        throw new AppError('TASK_DUPLICATE', { task: nameOf(outcome.holder) });
      case 'inserted':
        engine.adopt(run);
        return run.id;
    }
  }

  #definition(type: string): WorkflowDefinition {
    const definition = this.#deps.definitions.find((item) => item.type === type);
    if (definition === undefined) throw new Error(`No workflow of the type “${type}” is built into this program.`);
    return definition;
  }
}

/** A plan that could not be executed is a mistake of ours, to be found when it is made and not half-way. */
function checkDraft(draft: PlanDraft, definition: WorkflowDefinition): void {
  const keys = new Set<string>();
  for (const step of draft.steps) {
    if (definition.actions[step.action] === undefined) throw new Error(`${definition.type} has no action “${step.action}”.`);
    if (keys.has(step.key)) throw new Error(`${definition.type} plans two steps “${step.key}”.`);
    keys.add(step.key);
  }
}

function viewStep({ key, title, weight, isDestructive, isPivot }: StepPlan): PlannedStep {
  return { key, title, weight, isDestructive, isPivot };
}

function viewPlan({ id, type, draft, expiresAt }: PlanRecord): Plan {
  return {
    id,
    type,
    title: draft.title,
    steps: draft.steps.map(viewStep),
    findings: draft.findings,
    canStart: !draft.findings.some((finding) => finding.severity === 'blocking'),
    typedName: draft.typedName,
    facts: draft.facts,
    expiresAt,
  };
}

function nameOf({ runId, subject }: { runId: RunId; title: Message; subject: TaskSubject | null }): string {
  return subject === null ? runId : `${subject.name} (${runId})`;
}

/** Findings as a chain of causes: each with its own sentence. */
function chain(reasons: readonly Message[]): AppError | undefined {
  return reasons.reduceRight<AppError | undefined>(
    (cause, { code, params }) => new AppError(code, params, cause === undefined ? {} : { cause }),
    undefined,
  );
}

function refuse(code: 'PLAN_BLOCKED' | 'PLAN_UNACKNOWLEDGED', findings: readonly Finding[]): AppError {
  return new AppError(code, { findings: findings.map((finding) => finding.id).join(', ') }, { cause: chain(findings.map((finding) => finding.reason)) });
}

function demandNoBlocker(findings: readonly Finding[]): void {
  const blockers = findings.filter((finding) => finding.severity === 'blocking');
  if (blockers.length > 0) throw refuse('PLAN_BLOCKED', blockers);
}

function demandAcknowledged(findings: readonly Finding[], acknowledged: readonly string[]): void {
  const missing = findings.filter(({ id, severity }) => (severity === 'error' || severity === 'warning') && !acknowledged.includes(id));
  if (missing.length > 0) throw refuse('PLAN_UNACKNOWLEDGED', missing);
}

/** Says what is new: findings that were not there, then facts that changed. */
function driftOf(before: PlanDraft, now: PlanDraft): AppError {
  const known = new Set(before.findings.map((finding) => finding.id));
  const reasons = now.findings.filter((finding) => !known.has(finding.id)).map((finding) => finding.reason);
  for (const fact of Object.keys({ ...before.facts, ...now.facts })) {
    const [was, is] = [before.facts[fact] ?? null, now.facts[fact] ?? null];
    if (was !== is) reasons.push(say('PLAN_FACT_CHANGED', { fact, before: String(was), after: String(is) }));
  }
  const cause = chain(reasons);
  return new AppError('PLAN_DRIFTED', { name: now.subject?.name ?? before.subject?.name ?? '' }, cause === undefined ? {} : { cause });
}
