/** `task …`: runs, their history, and answers to those that wait. */
import type { Command } from 'commander';
import { formatTime } from '../../../../shared/messages/format.ts';
import type { RunId } from '../../../../shared/model/ids.ts';
import type { RunStatus } from '../../../../shared/model/task.ts';
import type { CliContext } from '../context.ts';
import { table } from '../output.ts';
import { Resolver } from '../resolve.ts';
import { settled, statusCodes, taskText, waitForTask } from '../run-task.ts';
import { followsTask, type AreaTools } from '../verbs.ts';

const shownWithoutAll = 20;
/** On its way already, forward or back. */
const working: readonly RunStatus[] = ['queued', 'running', 'cancelling', 'compensating'];

export function addTaskVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const area = program.command('task').description(words('CLI_ABOUT_TASK'));
  const find = async (context: CliContext, typed: string): Promise<RunId> => (await new Resolver(context).task(typed)).id;

  area.command('list').description(words('CLI_ABOUT_TASK_LIST')).option('--all', words('CLI_OPTION_ALL_TASKS')).action(async (options: { all?: true }, command: Command) => {
    const context = contextOf(command);
    const rows = options.all === true ? await new Resolver(context).tasks() : (await context.call('tasks.list', { limit: shownWithoutAll })).rows;
    context.print(rows, () =>
      table(rows, [
        { title: context.text('CLI_COLUMN_STARTED'), value: (row) => formatTime(row.createdAt, context.options.locale) },
        { title: context.text('CLI_COLUMN_STATUS'), value: (row) => context.text(statusCodes[row.status]) },
        { title: context.text('CLI_COLUMN_TASK'), value: (row) => context.words(row.title) },
        { title: 'ID', value: (row) => row.id },
      ], context.text('CLI_NOTHING')),
    );
  });

  area.command('show <task>').description(words('CLI_ABOUT_SHOW')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const detail = await context.call('tasks.show', { id: await find(context, typed) });
    context.print(detail, () => taskText(context, detail));
  });

  followsTask(area.command('wait <task>')).description(words('CLI_ABOUT_TASK_WAIT')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    await waitForTask(context, await find(context, typed));
  });

  followsTask(area.command('cancel <task>')).description(words('CLI_ABOUT_TASK_CANCEL')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const id = await find(context, typed);
    await context.call('tasks.cancel', { id });
    // Undoing is work, and as the host this process is the one that does it.
    if ((await context.core()).isHost) await settled(context, id);
    context.print({}, () => context.text('CLI_CANCEL_ASKED'));
  });

  followsTask(area.command('resume <task>')).description(words('CLI_ABOUT_TASK_RESUME')).option('--detach', words('CLI_OPTION_DETACH')).action(
    async (typed: string, options: { detach?: true }, command: Command) => {
      const context = contextOf(command);
      const id = await find(context, typed);
      // A host takes up what an earlier one left as it starts, and this call may have started it: then there is only the following.
      const { status } = await context.call('tasks.show', { id });
      if (!working.includes(status)) await context.call('tasks.resume', { id });
      await goOn(context, id, options.detach);
    },
  );

  for (const choice of ['keep', 'undo'] as const) {
    followsTask(area.command(`${choice} <task>`)).description(words(choice === 'keep' ? 'CLI_ABOUT_TASK_KEEP' : 'CLI_ABOUT_TASK_UNDO')).option('--detach', words('CLI_OPTION_DETACH')).action(
      async (typed: string, options: { detach?: true }, command: Command) => {
        const context = contextOf(command);
        const id = await find(context, typed);
        await context.call('tasks.decide', { id, choice });
        await goOn(context, id, options.detach);
      },
    );
  }

  followsTask(area.command('decide <task> <choice>')).description(words('CLI_ABOUT_TASK_DECIDE')).option('--detach', words('CLI_OPTION_DETACH')).action(
    async (typed: string, choice: string, options: { detach?: true }, command: Command) => {
      const context = contextOf(command);
      const id = await find(context, typed);
      await context.call('tasks.decide', { id, choice });
      await goOn(context, id, options.detach);
    },
  );
}

/** A run that goes on in this process must be waited for. */
async function goOn(context: CliContext, id: RunId, detach: true | undefined): Promise<void> {
  if (detach === true) context.print({ runId: id }, () => context.text('CLI_STARTED', { id }));
  else await waitForTask(context, id);
}
