/** `backup …`: copies of the database of Goldpress, and putting one back. */
import type { Command } from 'commander';
import { formatBytes, formatTime } from '../../../../shared/messages/format.ts';
import { restoreBackup } from '../../restore.ts';
import { table } from '../output.ts';
import { confirm } from '../run-task.ts';
import type { AreaTools } from '../verbs.ts';

const kinds = { daily: 'CLI_BACKUP_DAILY', manual: 'CLI_BACKUP_MANUAL', migration: 'CLI_BACKUP_MIGRATION' } as const;

export function addBackupVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const area = program.command('backup').description(words('CLI_ABOUT_BACKUP'));

  area.command('list').description(words('CLI_ABOUT_LIST')).action(async (_options, command: Command) => {
    const context = contextOf(command);
    const found = await context.call('backups.list', {});
    if (found.problem !== null) context.note(context.words(found.problem));
    context.print(found, () =>
      table(found.rows, [
        { title: context.text('CLI_COLUMN_CREATED'), value: (row) => formatTime(row.at, context.options.locale) },
        { title: context.text('CLI_COLUMN_KIND'), value: (row) => context.text(kinds[row.kind]) },
        { title: context.text('CLI_COLUMN_SIZE'), value: (row) => formatBytes(row.bytes, context.options.locale), isNumber: true },
        { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.name },
      ], context.text('CLI_NOTHING')),
    );
  });

  area.command('make').description(words('CLI_ABOUT_BACKUP_MAKE')).action(async (_options, command: Command) => {
    const context = contextOf(command);
    const made = await context.call('backups.make', {});
    context.print(made, () => context.text('CLI_BACKUP_MADE', { name: made.name }));
  });

  area.command('restore [name]').description(words('CLI_ABOUT_BACKUP_RESTORE')).option('--yes', words('CLI_OPTION_YES')).action(
    async (name: string | undefined, options: { yes?: true }, command: Command) => {
      const context = contextOf(command);
      await confirm(context, context.text('CLI_BACKUP_CONFIRM'), 'CLI_BACKUP_CONFIRM_NEEDED', options.yes);
      const { copy, setAside } = await restoreBackup(context.options.dataDirectory, name ?? null, context.signal);
      context.print({ name: copy.name, at: copy.at, setAside }, () =>
        context.text(setAside === null ? 'CLI_BACKUP_RESTORED_NEW' : 'CLI_BACKUP_RESTORED', { name: copy.name, copiedAt: copy.at, path: setAside ?? '' }));
    },
  );
}
