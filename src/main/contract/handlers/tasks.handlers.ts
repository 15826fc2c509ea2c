/** Tasks over the contract: plan, start, watch, stop, decide. Runs are the engine's; here they are only asked for and shown. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { RunId } from '../../../shared/model/ids.ts';
import type { WorkflowEngine } from '../../workflows/engine/engine.ts';
import type { RunRecord, WorkflowJournal } from '../../workflows/engine/journal.ts';
import type { Planner } from '../../workflows/engine/planner.ts';
import { taskDetailOf, taskOf } from '../../workflows/engine/task-view.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export interface TaskHandlerDeps {
  planner: Planner;
  engine: WorkflowEngine;
  journal: WorkflowJournal;
}

export function taskHandlers({ planner, engine, journal }: TaskHandlerDeps): Handlers<AreaCommands<'tasks'>> {
  const demandRun = async (id: RunId): Promise<RunRecord> => {
    const run = await journal.findRun(id);
    if (run === null) throw new AppError('TASK_NOT_FOUND', { id });
    return run;
  };
  return {
    'tasks.plan': (request, { session, signal }) => planner.plan(request, session.user, signal),
    'tasks.start': async (input, { session, signal }) => ({ runId: await planner.start(input, session.user, signal) }),
    'tasks.list': async (query) => {
      const { total, rows } = await journal.listRuns(query);
      return { total, rows: rows.map((run) => taskOf(run, engine.find(run.id), engine.isResting)) };
    },
    'tasks.show': async ({ id }) => {
      const run = await demandRun(id);
      const [steps, events, artifacts] = await Promise.all([journal.steps(id), journal.events(id), journal.artifacts(id)]);
      return taskDetailOf(run, engine.find(id), { steps, events, artifacts }, engine.isResting);
    },
    'tasks.cancel': async ({ id }) => {
      await engine.cancel(id);
      return {};
    },
    'tasks.resume': async ({ id }) => {
      await engine.resume(id);
      return {};
    },
    'tasks.decide': async ({ id, choice }) => {
      await engine.decide(id, choice);
      return {};
    },
  };
}
