/** `disk …`: disk files by their paths, outside any library. */
import type { Command } from 'commander';
import { formatBytes } from '../../../../shared/messages/format.ts';
import { clusterCompression, diskTargetFormat, type DiskChoice, type DiskInspection, type DiskMap } from '../../../../shared/model/disk.ts';
import { parseChoice } from '../arguments.ts';
import { exitStatus, UsageError, type CliContext } from '../context.ts';
import { bootWords, osText } from '../enum-words.ts';
import { facts, table } from '../output.ts';
import { runWorkflow, type RunOptions } from '../run-task.ts';
import { withRunOptions, type AreaTools } from '../verbs.ts';

interface ChoiceOptions {
  member?: string;
  diskSnapshot?: string;
}

/** Adds the options that choose one disk of a file that holds several. */
function withChoice(command: Command, words: AreaTools['words']): Command {
  return command.option('--member <name>', words('CLI_OPTION_MEMBER')).option('--disk-snapshot <name>', words('CLI_OPTION_DISK_SNAPSHOT'));
}

function choiceOf({ member, diskSnapshot }: ChoiceOptions): DiskChoice {
  return { ...(member === undefined ? {} : { member }), ...(diskSnapshot === undefined ? {} : { snapshot: diskSnapshot }) };
}

export function addDiskVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const disk = program.command('disk').description(words('CLI_ABOUT_DISK'));

  withChoice(disk.command('inspect <file>').description(words('CLI_ABOUT_DISK_INSPECT')), words).action(async (file: string, options: ChoiceOptions, command: Command) => {
    const context = contextOf(command);
    const inspection = await context.call('disks.inspect', { file: await context.grant(file), ...choiceOf(options) });
    context.print(inspection, () => inspectionText(context, inspection));
  });

  withChoice(disk.command('map <file>').description(words('CLI_ABOUT_DISK_MAP')), words).action(async (file: string, options: ChoiceOptions, command: Command) => {
    const context = contextOf(command);
    const map = await context.call('disks.map', { file: await context.grant(file), partCount: 32, ...choiceOf(options) });
    context.print(map, () => mapText(context, map));
  });

  withRunOptions(
    withChoice(disk.command('convert <source> <destination>').description(words('CLI_ABOUT_DISK_CONVERT'))
      .requiredOption('--to <format>', words('CLI_OPTION_TO'))
      .option('--compress <kind>', words('CLI_OPTION_COMPRESS'))
      .option('--allow-backing', words('CLI_OPTION_ALLOW_BACKING')), words),
    words,
  ).action(async (source: string, destination: string, options: RunOptions & ChoiceOptions & { to: string; compress?: string; allowBacking?: true }, command: Command) => {
    const context = contextOf(command);
    const format = parseChoice(options.to, diskTargetFormat.options, '--to');
    const compression = options.compress === undefined ? null : parseChoice(options.compress, clusterCompression.options, '--compress');
    if (compression !== null && format !== 'qcow2') throw new UsageError('CLI_COMPRESS_ONLY_QCOW2', { format });
    await runWorkflow(context, {
      type: 'disk.convert', source: await context.grant(source), target: await context.grant(destination), format, compression,
      isBackingAllowed: options.allowBacking === true, choice: choiceOf(options),
    }, options);
  });

  withChoice(disk.command('compare <first> <second>').description(words('CLI_ABOUT_DISK_COMPARE')), words).action(async (first: string, second: string, options: ChoiceOptions, command: Command) => {
    const context = contextOf(command);
    const result = await context.call('disks.compare', { first: await context.grant(first), second: await context.grant(second), firstChoice: choiceOf(options) });
    if (!result.isSame) context.status = exitStatus.failed;
    context.print(result, () =>
      result.isSame
        ? context.text('CLI_DISKS_SAME', { digest: result.first.digest })
        : context.text('CLI_DISKS_DIFFER', { offset: result.firstDifferenceBytes === null ? '?' : String(result.firstDifferenceBytes) }),
    );
  });
}

function inspectionText(context: CliContext, found: DiskInspection): string {
  const size = (value: number): string => formatBytes(value, context.options.locale);
  const about = facts([
    [context.text('CLI_COLUMN_FORMAT'), found.layers.map((layer) => [layer.format, layer.variant].filter(Boolean).join(' ')).join(' → ')],
    [context.text('CLI_COLUMN_SIZE'), size(found.virtualBytes)],
    [context.text('CLI_COLUMN_USED'), size(found.layers.reduce((sum, layer) => sum + layer.actualBytes, 0))],
    [context.text('CLI_COLUMN_PARTITIONS'), found.partitionTable],
    [context.text('CLI_COLUMN_BOOT'), context.text(bootWords[found.boot.only])],
    [context.text('CLI_COLUMN_OS'), osText(context, found.os)],
    [context.text('CLI_COLUMN_ENCRYPTION'), found.encryption],
    ...(found.internalSnapshots.length === 0 ? [] : [[context.text('CLI_COLUMN_SNAPSHOTS'), found.internalSnapshots.map(({ id, name }) => `${id} ${name}`).join(', ')] as [string, string]]),
  ]);
  const partitions = table(found.partitions, [
    { title: '#', value: (row) => row.number, isNumber: true },
    { title: context.text('CLI_COLUMN_START'), value: (row) => size(row.startBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_SIZE'), value: (row) => size(row.lengthBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_FILE_SYSTEM'), value: (row) => row.fileSystem },
    { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.label ?? row.name },
    { title: context.text('CLI_COLUMN_ROLE'), value: (row) => row.role },
  ], context.text('CLI_NOTHING'));
  return [about, '', partitions, ...found.problems.map((problem) => `! ${context.words(problem)}`)].join('\n');
}

function mapText(context: CliContext, map: DiskMap): string {
  const size = (value: number): string => formatBytes(value, context.options.locale);
  return table(map.parts.map((part, index) => ({ ...part, startBytes: index * map.partBytes })), [
    { title: context.text('CLI_COLUMN_START'), value: (row) => size(row.startBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_DATA'), value: (row) => size(row.dataBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_COMPRESSED'), value: (row) => size(row.compressedBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_IN_BASE'), value: (row) => size(row.baseBytes), isNumber: true },
  ], context.text('CLI_NOTHING'));
}
