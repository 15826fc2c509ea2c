/** Rows of the workflow tables to the engine's records and back. The one place that knows both shapes. */
import type { Insertable, Selectable, Updateable } from 'kysely';
import type { RunId } from '../../../shared/model/ids.ts';
import type { ArtifactRecord, EventRecord, PlanRecord, RunChange, RunRecord, StepChange, StepRecord } from '../../workflows/engine/journal.ts';
import type { WorkflowArtifactTable, WorkflowEventTable, WorkflowPlanTable, WorkflowRunTable, WorkflowStepTable } from '../schema-state.ts';

/** Rows are written by this file only, so their JSON has the shape it was given. */
function parse<T>(json: string): T {
  return JSON.parse(json) as T;
}

function parseOrNull<T>(json: string | null): T | null {
  return json === null ? null : parse<T>(json);
}

function writeOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

export function planRow(plan: PlanRecord): Insertable<WorkflowPlanTable> {
  return {
    id: plan.id,
    type: plan.type,
    version: plan.version,
    request_json: JSON.stringify(plan.request),
    draft_json: JSON.stringify(plan.draft),
    created_by: plan.createdBy,
    created_at: plan.createdAt,
    expires_at: plan.expiresAt,
  };
}

export function planRecord(row: Selectable<WorkflowPlanTable>): PlanRecord {
  return {
    id: row.id,
    type: row.type,
    version: row.version,
    request: parse(row.request_json),
    draft: parse(row.draft_json),
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

export function runRow(run: RunRecord): Insertable<WorkflowRunTable> {
  return {
    id: run.id,
    plan_id: run.planId,
    type: run.type,
    version: run.version,
    status: run.status,
    title_json: JSON.stringify(run.title),
    request_json: JSON.stringify(run.request),
    plan_json: JSON.stringify(run.plan),
    subject_json: writeOrNull(run.subject),
    subject_name: run.subject?.name ?? null,
    result_json: writeOrNull(run.result),
    dedup_key: run.plan.dedupKey,
    pending_json: writeOrNull(run.pending),
    answers_json: JSON.stringify(run.answers),
    progress_json: writeOrNull(run.progress),
    cancel_requested_at: run.cancelRequestedAt,
    resumes: run.resumes,
    resumed_at_fraction: run.resumedAtFraction,
    boot_id: run.bootId,
    error_json: writeOrNull(run.error),
    created_by: run.createdBy,
    created_at: run.createdAt,
    started_at: run.startedAt,
    ended_at: run.endedAt,
  };
}

export function runRecord(row: Selectable<WorkflowRunTable>): RunRecord {
  return {
    id: row.id,
    planId: row.plan_id,
    type: row.type,
    version: row.version,
    status: row.status,
    title: parse(row.title_json),
    subject: parseOrNull(row.subject_json),
    result: parseOrNull(row.result_json),
    request: parse(row.request_json),
    plan: parse(row.plan_json),
    createdBy: row.created_by,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    cancelRequestedAt: row.cancel_requested_at,
    bootId: row.boot_id,
    resumes: row.resumes,
    resumedAtFraction: row.resumed_at_fraction,
    pending: parseOrNull(row.pending_json),
    answers: parse(row.answers_json),
    error: parseOrNull(row.error_json),
    progress: parseOrNull(row.progress_json),
  };
}

/** Only the columns that the change names. */
export function runUpdate(change: RunChange): Updateable<WorkflowRunTable> {
  const { status, result, startedAt, endedAt, cancelRequestedAt, bootId, resumes, resumedAtFraction, pending, answers, error, progress } = change;
  return {
    ...(status === undefined ? {} : { status }),
    ...(result === undefined ? {} : { result_json: writeOrNull(result) }),
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(endedAt === undefined ? {} : { ended_at: endedAt }),
    ...(cancelRequestedAt === undefined ? {} : { cancel_requested_at: cancelRequestedAt }),
    ...(bootId === undefined ? {} : { boot_id: bootId }),
    ...(resumes === undefined ? {} : { resumes }),
    ...(resumedAtFraction === undefined ? {} : { resumed_at_fraction: resumedAtFraction }),
    ...(pending === undefined ? {} : { pending_json: writeOrNull(pending) }),
    ...(answers === undefined ? {} : { answers_json: JSON.stringify(answers) }),
    ...(error === undefined ? {} : { error_json: writeOrNull(error) }),
    ...(progress === undefined ? {} : { progress_json: writeOrNull(progress) }),
  };
}

export function stepRecord(row: Selectable<WorkflowStepTable>): StepRecord {
  return {
    key: row.key,
    status: row.status,
    attempt: row.attempt,
    intent: parseOrNull(row.intent_json),
    output: parseOrNull(row.output_json),
    error: parseOrNull(row.error_json),
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

/** Only the columns that the change names. */
export function stepUpdate(change: StepChange): Updateable<WorkflowStepTable> {
  const { status, attempt, intent, output, error, startedAt, endedAt } = change;
  return {
    ...(status === undefined ? {} : { status }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(intent === undefined ? {} : { intent_json: writeOrNull(intent) }),
    ...(output === undefined ? {} : { output_json: writeOrNull(output) }),
    ...(error === undefined ? {} : { error_json: writeOrNull(error) }),
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(endedAt === undefined ? {} : { ended_at: endedAt }),
  };
}

export function eventRow(runId: RunId, event: EventRecord): Insertable<WorkflowEventTable> {
  return { run_id: runId, step_key: event.stepKey, at: event.at, message_json: JSON.stringify(event.message) };
}

export function eventRecord(row: Selectable<WorkflowEventTable>): EventRecord {
  return { at: row.at, stepKey: row.step_key, message: parse(row.message_json) };
}

export function artifactRow(runId: RunId, artifact: ArtifactRecord): Insertable<WorkflowArtifactTable> {
  return {
    id: artifact.id,
    run_id: runId,
    step_key: artifact.stepKey,
    kind: artifact.kind,
    description_json: JSON.stringify(artifact.description),
    ref_json: JSON.stringify(artifact.ref),
    status: artifact.status,
    at: artifact.at,
  };
}

export function artifactRecord(row: Selectable<WorkflowArtifactTable>): ArtifactRecord {
  return {
    id: row.id,
    stepKey: row.step_key,
    kind: row.kind,
    description: parse(row.description_json),
    ref: parse(row.ref_json),
    status: row.status,
    at: row.at,
  };
}
