/** `platform …` and `sample …`: the sites whose inventory is read. */
import type { Command } from 'commander';
import { formatTime } from '../../../../shared/messages/format.ts';
import type { CommandInput, CommandOutput } from '../../../../shared/contract/commands.ts';
import type { Platform, TestStep } from '../../../../shared/model/platform.ts';
import { collect, parsePairs, readSecret } from '../arguments.ts';
import { exitStatus, UsageError, type CliContext } from '../context.ts';
import { healthWords } from '../enum-words.ts';
import { harmless, table } from '../output.ts';
import { Resolver } from '../resolve.ts';
import { confirmRemoval } from '../run-task.ts';
import type { AreaTools } from '../verbs.ts';

type Kind = CommandOutput<'platforms.kinds'>[number];
type AddInput = CommandInput<'platforms.add'>;

export function addPlatformVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const platform = program.command('platform').description(words('CLI_ABOUT_PLATFORM'));

  platform.command('list').description(words('CLI_ABOUT_LIST')).action(async (_options, command: Command) => {
    const context = contextOf(command);
    const platforms = await context.call('platforms.list', {});
    context.print(platforms, () => platformTable(context, platforms));
  });

  platform
    .command('add <kind>')
    .description(words('CLI_ABOUT_PLATFORM_ADD'))
    .requiredOption('--name <name>', words('CLI_OPTION_NAME'))
    .option('--option <key=value>', words('CLI_OPTION_OPTION'), collect, [])
    .option('--secret-from <source>', words('CLI_OPTION_SECRET_FROM'), collect, [])
    .action(async (typedKind: string, options: { name: string; option: string[]; secretFrom: string[] }, command: Command) => {
      const context = contextOf(command);
      const kinds = await context.call('platforms.kinds', {});
      const kind = kinds.find((candidate) => candidate.kind === typedKind);
      if (kind === undefined) throw new UsageError('CLI_BAD_CHOICE', { option: 'KIND', text: typedKind, choices: kinds.map((item) => item.kind).join(', ') });
      const settings = await readSettings(context, kind, parsePairs(options.option));
      const secrets = await readSecrets(context, kind, options.secretFrom);
      const added = await context.call('platforms.add', { kind: kind.kind, name: options.name, settings, secrets });
      context.print(added, () => context.text('CLI_ADDED', { name: added.name, id: added.id }));
    });

  platform
    .command('set <platform>')
    .description(words('CLI_ABOUT_PLATFORM_SET'))
    .option('--name <name>', words('CLI_OPTION_NAME'))
    .option('--option <key=value>', words('CLI_OPTION_OPTION'), collect, [])
    .option('--secret-from <source>', words('CLI_OPTION_SECRET_FROM'), collect, [])
    .option('--read-only <yes|no>', words('CLI_OPTION_READ_ONLY'))
    .action(async (typed: string, options: { name?: string; option: string[]; secretFrom: string[]; readOnly?: string }, command: Command) => {
      const context = contextOf(command);
      const found = await new Resolver(context).platform(typed);
      const kind = (await context.call('platforms.kinds', {})).find((candidate) => candidate.kind === found.kind);
      const pairs = parsePairs(options.option);
      if (kind === undefined) throw new UsageError('CLI_BAD_CHOICE', { option: 'KIND', text: found.kind, choices: '' });
      if (options.readOnly !== undefined && !['yes', 'no'].includes(options.readOnly)) throw new UsageError('CLI_BAD_CHOICE', { option: '--read-only', text: options.readOnly, choices: 'yes, no' });
      const changed = await context.call('platforms.update', {
        id: found.id,
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.readOnly === undefined ? {} : { isReadOnly: options.readOnly === 'yes' }),
        ...(pairs.size === 0 ? {} : { settings: await readSettings(context, kind, pairs) }),
        ...(options.secretFrom.length === 0 ? {} : { secrets: await readSecrets(context, kind, options.secretFrom) }),
      });
      context.print(changed, () => context.text('CLI_CHANGED', { name: changed.name, id: changed.id }));
    });

  platform.command('test <platform>').description(words('CLI_ABOUT_PLATFORM_TEST')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const steps = await context.call('platforms.test', { id: (await new Resolver(context).platform(typed)).id });
    if (steps.some((step) => step.outcome === 'failed')) context.status = exitStatus.failed;
    context.print(steps, () => steps.map((step) => testLine(context, step)).join('\n'));
  });

  platform
    .command('sync [platform]')
    .description(words('CLI_ABOUT_PLATFORM_SYNC'))
    .option('--all', words('CLI_OPTION_ALL_PLATFORMS'))
    .option('--quick', words('CLI_OPTION_QUICK'))
    .action(async (typed: string | undefined, options: { all?: true; quick?: true }, command: Command) => {
      const context = contextOf(command);
      if ((typed === undefined) === (options.all === undefined)) throw new UsageError('CLI_ONE_OR_ALL');
      const id = typed === undefined ? null : (await new Resolver(context).platform(typed)).id;
      const results = await context.call('platforms.sync', { id, isQuick: options.quick === true });
      const platforms = new Map((await context.call('platforms.list', {})).map((item) => [item.id, item]));
      for (const { platformId, status } of results.filter((result) => result.status !== 'ok')) {
        context.status = exitStatus.failed;
        const found = platforms.get(platformId);
        const reason = found?.health.error === null || found === undefined ? context.text(healthWords[status]) : context.words(found.health.error.reason);
        context.note(harmless(`${found?.name ?? platformId}: ${reason}`));
      }
      context.print(results, () =>
        table(results, [
          { title: context.text('CLI_COLUMN_PLATFORM'), value: (row) => platforms.get(row.platformId)?.name ?? row.platformId },
          { title: context.text('CLI_COLUMN_STATUS'), value: (row) => context.text(healthWords[row.status]) },
          { title: context.text('CLI_COLUMN_SEEN'), value: (row) => row.seen, isNumber: true },
          { title: context.text('CLI_COLUMN_ADDED'), value: (row) => row.added, isNumber: true },
          { title: context.text('CLI_COLUMN_CHANGED'), value: (row) => row.changed, isNumber: true },
          { title: context.text('CLI_COLUMN_MISSING'), value: (row) => row.missing, isNumber: true },
        ], context.text('CLI_NOTHING')),
      );
    });

  platform
    .command('remove <platform>')
    .description(words('CLI_ABOUT_PLATFORM_REMOVE'))
    .option('--yes', words('CLI_OPTION_YES'))
    .action(async (typed: string, options: { yes?: true }, command: Command) => {
      const context = contextOf(command);
      const found = await new Resolver(context).platform(typed);
      await confirmRemoval(context, found.name, options.yes);
      await context.call('platforms.remove', { id: found.id });
      context.print({}, () => context.text('CLI_REMOVED', { name: found.name }));
    });

  const sample = program.command('sample').description(words('CLI_ABOUT_SAMPLE'));
  sample.command('create').description(words('CLI_ABOUT_SAMPLE_CREATE')).action(async (_options, command: Command) => {
    const context = contextOf(command);
    const made = await context.call('sampleSite.create', {});
    context.print(made, () => context.text('CLI_ADDED', { name: made.name, id: made.id }));
  });
  sample.command('remove').description(words('CLI_ABOUT_SAMPLE_REMOVE')).option('--yes', words('CLI_OPTION_YES')).action(async (options: { yes?: true }, command: Command) => {
    const context = contextOf(command);
    await confirmRemoval(context, 'sample', options.yes);
    await context.call('sampleSite.remove', {});
    context.print({}, () => context.text('CLI_REMOVED', { name: 'sample' }));
  });
}

/** Typed words → the values that the kind's form wants; directories become grants. */
async function readSettings(context: CliContext, kind: Kind, pairs: Map<string, string>): Promise<AddInput['settings']> {
  const settings: AddInput['settings'] = {};
  const known = kind.fields.filter((field) => field.type !== 'secret');
  for (const [key, value] of pairs) {
    const field = known.find((candidate) => candidate.key === key);
    if (field === undefined) throw new UsageError('CLI_BAD_CHOICE', { option: '--option', text: key, choices: known.map((item) => item.key).join(', ') });
    // Nothing after the sign takes the setting away.
    if (value === '') settings[key] = null;
    else if (field.type === 'directory' || field.type === 'file') settings[key] = await context.grant(value);
    else if (field.type === 'number') settings[key] = Number(value);
    else if (field.type === 'boolean') settings[key] = value === 'true' || value === 'yes';
    else settings[key] = value;
  }
  return settings;
}

/** `SOURCE` for the kind's first secret, `key=SOURCE` for another. */
async function readSecrets(context: CliContext, kind: Kind, sources: readonly string[]): Promise<AddInput['secrets']> {
  const secrets: AddInput['secrets'] = {};
  const fields = kind.fields.filter((field) => field.type === 'secret');
  for (const given of sources) {
    const named = /^(\w+)=(.+)$/s.exec(given);
    const key = named?.[1] ?? fields[0]?.key;
    const field = fields.find((candidate) => candidate.key === key);
    if (field === undefined) throw new UsageError('CLI_NO_SECRET', { kind: kind.kind });
    secrets[field.key] = await readSecret(context, named?.[2] ?? given, context.words(field.label));
  }
  return secrets;
}

function testLine(context: CliContext, step: TestStep): string {
  const marks = { ok: 'CLI_TEST_OK', failed: 'CLI_TEST_FAILED', skipped: 'CLI_TEST_SKIPPED' } as const;
  const detail = step.detail === null ? '' : `: ${context.words(step.detail)}`;
  const trust = step.trust === undefined || step.trust === null ? '' : `\n      ${context.words(step.trust.detail)}\n      ${context.text('CLI_TRUST', { field: step.trust.field, value: step.trust.value })}`;
  return `${context.text(marks[step.outcome])}  ${context.words(step.title)}${detail}${trust}`;
}

function platformTable(context: CliContext, platforms: readonly Platform[]): string {
  return table(platforms, [
    { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.name },
    { title: context.text('CLI_COLUMN_KIND'), value: (row) => row.kind },
    { title: context.text('CLI_COLUMN_STATUS'), value: (row) => context.text(healthWords[row.health.status]) },
    { title: context.text('CLI_COLUMN_VMS'), value: (row) => row.counts.sourceVms, isNumber: true },
    { title: context.text('CLI_COLUMN_IMAGES'), value: (row) => row.counts.images, isNumber: true },
    { title: context.text('CLI_COLUMN_SYNCED'), value: (row) => (row.health.lastOkAt === null ? null : formatTime(row.health.lastOkAt, context.options.locale)) },
    { title: 'ID', value: (row) => row.id },
  ], context.text('CLI_NOTHING'));
}
