/**
 * The engine's journal in `state.sqlite`. Each method is one transaction, written to the disk before it answers; no rule of the
 * engine lives here.
 */
import { sql, type Selectable, type Transaction } from 'kysely';
import type { ListQuery, Page } from '../../../shared/contract/command.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import type { PlanId, RunId } from '../../../shared/model/ids.ts';
import { endedStatuses } from '../../../shared/model/task.ts';
import type {
  ArtifactRecord, EventRecord, InsertOutcome, JournalChange, PlanRecord, RunRecord, StepRecord, WorkflowJournal,
} from '../../workflows/engine/journal.ts';
import { listWindow, type ListDefinition } from '../list-query.ts';
import type { StateSchema, WorkflowRunTable } from '../schema-state.ts';
import type { StoreDatabase } from '../store.ts';
import {
  artifactRecord, artifactRow, eventRecord, eventRow, planRecord, planRow, runRecord, runRow, runUpdate, stepRecord, stepUpdate,
} from './workflow-rows.ts';

type Trx = Transaction<StateSchema>;
type RunRow = Selectable<WorkflowRunTable> & { row: number };

const runList: ListDefinition<RunRow> = {
  table: 'workflow_run',
  rowKey: 'row',
  fields: {
    createdAt: { column: 'created_at', kind: 'number' },
    status: { column: 'status', kind: 'exact' },
    type: { column: 'type', kind: 'exact' },
    subject: { column: 'subject_name', kind: 'text' },
  },
  search: { columns: ['subject_name', 'title_json', 'type', 'id', 'created_by'], fullText: null },
  defaultSort: { key: 'createdAt', isDescending: true },
};

const runColumns: readonly (keyof RunRow)[] = [
  'id', 'plan_id', 'type', 'version', 'status', 'title_json', 'request_json', 'plan_json', 'subject_json', 'subject_name', 'result_json',
  'dedup_key', 'pending_json', 'answers_json', 'progress_json', 'cancel_requested_at', 'resumes', 'resumed_at_fraction', 'boot_id',
  'error_json', 'created_by', 'created_at', 'started_at', 'ended_at',
];

type Holder = Extract<InsertOutcome, { state: 'duplicate' }>['holder'];

async function holderOf(trx: Trx, runId: RunId): Promise<Holder> {
  const run = runRecord(await trx.selectFrom('workflow_run').selectAll().where('id', '=', runId).executeTakeFirstOrThrow());
  return { runId: run.id, title: run.title, subject: run.subject };
}

/** Why the run cannot be inserted; null when nothing stands against it. */
async function obstacle(trx: Trx, run: RunRecord): Promise<InsertOutcome | null> {
  const earlier = await trx.selectFrom('workflow_run').select('id').where('plan_id', '=', run.planId).executeTakeFirst();
  if (earlier !== undefined) return { state: 'started-before', runId: earlier.id };
  if (run.plan.dedupKey !== null) {
    const twin = await trx
      .selectFrom('workflow_run').select('id').where('dedup_key', '=', run.plan.dedupKey).where('status', 'not in', endedStatuses).executeTakeFirst();
    if (twin !== undefined) return { state: 'duplicate', holder: await holderOf(trx, twin.id) };
  }
  for (const resource of run.plan.locks) {
    const lock = await trx.selectFrom('resource_lock').select('run_id').where('resource', '=', resource).executeTakeFirst();
    if (lock !== undefined) return { state: 'busy', resource, holder: await holderOf(trx, lock.run_id) };
  }
  return null;
}

async function changeSteps(trx: Trx, runId: RunId, changes: NonNullable<JournalChange['steps']>): Promise<void> {
  for (const change of changes) {
    const values = stepUpdate(change);
    if (Object.keys(values).length === 0) continue;
    const { numUpdatedRows } = await trx
      .updateTable('workflow_step').set(values).where('run_id', '=', runId).where('key', '=', change.key).executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw new Error(`Run ${runId} has no step ${change.key}.`);
  }
}

async function changeArtifacts(trx: Trx, runId: RunId, changes: NonNullable<JournalChange['artifacts']>): Promise<void> {
  for (const { id, status, at } of changes) {
    const { numUpdatedRows } = await trx
      .updateTable('workflow_artifact').set({ status, at }).where('run_id', '=', runId).where('id', '=', id).executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw new Error(`Run ${runId} has no artifact ${id}.`);
  }
}

export class WorkflowJournalRepository implements WorkflowJournal {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  async savePlan(plan: PlanRecord): Promise<void> {
    await this.#db.write.insertInto('workflow_plan').values(planRow(plan)).execute();
  }

  async findPlan(id: PlanId): Promise<PlanRecord | null> {
    const row = await this.#db.read.selectFrom('workflow_plan').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : planRecord(row);
  }

  async sweepPlans(expiredBefore: number): Promise<void> {
    await this.#db.write.deleteFrom('workflow_plan').where('expires_at', '<', expiredBefore).execute();
  }

  insertRun(run: RunRecord): Promise<InsertOutcome> {
    return this.#db.write.transaction().execute(async (trx) => {
      const refused = await obstacle(trx, run);
      if (refused !== null) return refused;
      await trx.insertInto('workflow_run').values(runRow(run)).execute();
      const steps = run.plan.steps.map(({ key }, seq) => ({ run_id: run.id, seq, key, status: 'pending' as const }));
      if (steps.length > 0) await trx.insertInto('workflow_step').values(steps).execute();
      const locks = [...new Set(run.plan.locks)].map((resource) => ({ resource, run_id: run.id }));
      if (locks.length > 0) await trx.insertInto('resource_lock').values(locks).execute();
      return { state: 'inserted' };
    });
  }

  async findRun(id: RunId): Promise<RunRecord | null> {
    const row = await this.#db.read.selectFrom('workflow_run').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : runRecord(row);
  }

  async findRunByPlan(id: PlanId): Promise<RunRecord | null> {
    const row = await this.#db.read.selectFrom('workflow_run').selectAll().where('plan_id', '=', id).executeTakeFirst();
    return row === undefined ? null : runRecord(row);
  }

  async liveRuns(): Promise<RunRecord[]> {
    const rows = await this.#db.read
      .selectFrom('workflow_run').selectAll().where('status', 'not in', endedStatuses).orderBy('row').execute();
    return rows.map(runRecord);
  }

  async listRuns({ isLiveOnly, ...query }: ListQuery & { isLiveOnly: boolean }): Promise<Page<RunRecord>> {
    const narrow = isLiveOnly ? [sql<boolean>`status not in (${sql.join(endedStatuses)})`] : [];
    const { total, rows } = await listWindow(this.#db.read, runList, query, { columns: runColumns, narrow });
    return { total, rows: rows.map(runRecord) };
  }

  async steps(runId: RunId): Promise<StepRecord[]> {
    const rows = await this.#db.read.selectFrom('workflow_step').selectAll().where('run_id', '=', runId).orderBy('seq').execute();
    return rows.map(stepRecord);
  }

  async events(runId: RunId): Promise<EventRecord[]> {
    const rows = await this.#db.read.selectFrom('workflow_event').selectAll().where('run_id', '=', runId).orderBy('id').execute();
    return rows.map(eventRecord);
  }

  async artifacts(runId: RunId): Promise<ArtifactRecord[]> {
    const rows = await this.#db.read.selectFrom('workflow_artifact').selectAll().where('run_id', '=', runId).orderBy('row').execute();
    return rows.map(artifactRecord);
  }

  async commit(runId: RunId, change: JournalChange): Promise<void> {
    await this.#db.write.transaction().execute(async (trx) => {
      const known = await trx.selectFrom('workflow_run').select('id').where('id', '=', runId).executeTakeFirst();
      if (known === undefined) throw new AppError('STORE_RUN_GONE', { runId });
      const values = runUpdate(change.run ?? {});
      if (Object.keys(values).length > 0) await trx.updateTable('workflow_run').set(values).where('id', '=', runId).execute();
      await changeSteps(trx, runId, change.steps ?? []);
      const events = (change.events ?? []).map((event) => eventRow(runId, event));
      if (events.length > 0) await trx.insertInto('workflow_event').values(events).execute();
      const made = (change.newArtifacts ?? []).map((artifact) => artifactRow(runId, artifact));
      if (made.length > 0) await trx.insertInto('workflow_artifact').values(made).execute();
      await changeArtifacts(trx, runId, change.artifacts ?? []);
      if (change.areLocksReleased === true) {
        await trx.deleteFrom('resource_lock').where('run_id', '=', runId).execute();
        await trx.updateTable('workflow_run').set({ dedup_key: null }).where('id', '=', runId).execute();
      }
    });
  }
}
