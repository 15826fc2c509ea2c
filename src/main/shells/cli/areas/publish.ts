/** `publish …` and `desktop-image …`: making desktop images, and what can be done with them. */
import type { Command } from 'commander';
import { formatBytes, formatTime } from '../../../../shared/messages/format.ts';
import { fileType, type Configure, type DesktopImage, type DesktopImageDetail, type FileType } from '../../../../shared/model/desktop-image.ts';
import { architecture, type Architecture } from '../../../../shared/model/flavor.ts';
import type { DesktopImageVersionId } from '../../../../shared/model/ids.ts';
import type { OsFamily } from '../../../../shared/model/os.ts';
import { shutDown } from '../../../../shared/model/workflow-request.ts';
import { AppError } from '../../../../shared/model/app-error.ts';
import { parseChoice, parseCount } from '../arguments.ts';
import { UsageError, type CliContext } from '../context.ts';
import { publishModeWords } from '../enum-words.ts';
import { facts, table } from '../output.ts';
import { Resolver } from '../resolve.ts';
import { runWorkflow, type RunOptions } from '../run-task.ts';
import { withRunOptions, type AreaTools } from '../verbs.ts';

interface PublishOptions extends RunOptions {
  vm: string;
  name: string;
  pool: string;
  architecture: string;
  fileType?: string;
  vhd: string;
  configure?: string;
  snapshot?: string;
  os?: string;
  whenRunning: string;
}

export function addPublishVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const publish = program.command('publish').description(words('CLI_ABOUT_PUBLISH'));
  for (const mode of ['clone', 'convert'] as const) {
    const command = publish
      .command(mode)
      .description(words(mode === 'clone' ? 'CLI_ABOUT_PUBLISH_CLONE' : 'CLI_ABOUT_PUBLISH_CONVERT'))
      .requiredOption('--vm <vm>', words('CLI_OPTION_VM'))
      .requiredOption('--name <name>', words('CLI_OPTION_NAME'))
      .requiredOption('--pool <pool>', words('CLI_OPTION_POOL'))
      .requiredOption('--architecture <architecture>', words('CLI_OPTION_ARCHITECTURE'))
      .option('--file-type <type>', words('CLI_OPTION_FILE_TYPE'))
      .option('--vhd <variant>', words('CLI_OPTION_VHD'), 'dynamic')
      .option('--configure <configure>', words('CLI_OPTION_CONFIGURE'))
      .option('--os <family>', words('CLI_OPTION_OS'))
      .option('--when-running <what>', words('CLI_OPTION_WHEN_RUNNING'), 'no');
    if (mode === 'clone') command.option('--snapshot <name>', words('CLI_OPTION_SNAPSHOT'));
    withRunOptions(command, words).action(async (options: PublishOptions, parsed: Command) => {
      const context = contextOf(parsed);
      await publishFrom(context, mode, options);
    });
  }
}

async function publishFrom(context: CliContext, mode: 'clone' | 'convert', options: PublishOptions): Promise<void> {
  const chosen = parseChoice(options.architecture, architecture.options, '--architecture');
  const osFamily = options.os === undefined ? null : parseChoice(options.os, ['windows', 'linux', 'other'], '--os');
  const vhdVariant = parseChoice(options.vhd, ['dynamic', 'fixed'], '--vhd');
  const given = options.fileType === undefined ? null : parseChoice(options.fileType, fileType.options, '--file-type');
  const resolver = new Resolver(context);
  const vm = await resolver.vm(options.vm);
  const fields = {
    vmId: vm.id,
    name: options.name,
    architecture: chosen,
    fileType: given ?? usualFileType(chosen, osFamily ?? vm.os.family),
    vhdVariant,
    poolId: (await resolver.pool(options.pool)).id,
    configure: await readConfigure(resolver, chosen, options.configure),
    osFamily,
    whenRunning: parseChoice(options.whenRunning, shutDown.options, '--when-running'),
  };
  if (mode === 'convert') await runWorkflow(context, { type: 'publish.convert', ...fields }, options);
  else await runWorkflow(context, { type: 'publish.clone', ...fields, snapshotName: options.snapshot ?? null }, options);
}

/** What the dialog preselects; the plan says so when the rule wants another. */
const usualFileType = (chosen: Architecture, family: OsFamily): FileType => (chosen === 'voi' && family === 'windows' ? 'vhd' : 'qcow2');

/** `general`, `dedicated:FLAVOR`; nothing for VDI. */
async function readConfigure(resolver: Resolver, chosen: Architecture, text: string | undefined): Promise<Configure | null> {
  if (text === undefined) return chosen === 'vdi' ? null : { kind: 'general' };
  if (text === 'general') return { kind: 'general' };
  if (!text.startsWith('dedicated:')) throw new UsageError('CLI_BAD_CHOICE', { option: '--configure', text, choices: 'general, dedicated:FLAVOR' });
  return { kind: 'dedicated', flavorId: (await resolver.flavor(text.slice('dedicated:'.length))).id };
}

export function addDesktopImageVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const area = program.command('desktop-image').description(words('CLI_ABOUT_DESKTOP_IMAGE'));

  area.command('list').description(words('CLI_ABOUT_LIST')).option('--filter <text>', words('CLI_OPTION_FILTER')).action(async (options: { filter?: string }, command: Command) => {
    const context = contextOf(command);
    const rows = await new Resolver(context).desktopImages({ filter: options.filter ?? '' });
    context.print(rows, () => imageTable(context, rows));
  });

  area.command('show <desktop-image>').description(words('CLI_ABOUT_SHOW')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const detail = await context.call('desktopImages.show', { id: (await new Resolver(context).desktopImage(typed)).id });
    context.print(detail, () => imageText(context, detail));
  });

  const withVersion = (command: Command): Command => withRunOptions(command.option('--version-number <number>', words('CLI_OPTION_VERSION')), words);
  type VersionOptions = RunOptions & { versionNumber?: string };

  withVersion(area.command('verify <desktop-image>').description(words('CLI_ABOUT_VERIFY'))).action(async (typed: string, options: VersionOptions, command: Command) => {
    const context = contextOf(command);
    await runWorkflow(context, { type: 'desktop-image.verify', versionId: (await version(context, typed, options.versionNumber)).versionId }, options);
  });

  withVersion(area.command('copy <desktop-image> <destination>').description(words('CLI_ABOUT_COPY'))).action(
    async (typed: string, destination: string, options: VersionOptions, command: Command) => {
      const context = contextOf(command);
      const { versionId } = await version(context, typed, options.versionNumber);
      await runWorkflow(context, { type: 'desktop-image.copy', versionId, target: await context.grant(destination) }, options);
    },
  );

  withVersion(
    area.command('new-source-vm <desktop-image>').description(words('CLI_ABOUT_NEW_SOURCE_VM'))
      .requiredOption('--name <name>', words('CLI_OPTION_NAME')).option('--platform <platform>', words('CLI_OPTION_PLATFORM')),
  ).action(async (typed: string, options: VersionOptions & { name: string; platform?: string }, command: Command) => {
    const context = contextOf(command);
    const { versionId, detail } = await version(context, typed, options.versionNumber);
    const platformId = options.platform === undefined ? detail.current.source.platformId : (await new Resolver(context).platform(options.platform)).id;
    await runWorkflow(context, { type: 'desktop-image.new-source-vm', versionId, platformId, name: options.name }, options);
  });

  withVersion(area.command('delete <desktop-image>').description(words('CLI_ABOUT_DESKTOP_IMAGE_DELETE'))).action(async (typed: string, options: VersionOptions, command: Command) => {
    const context = contextOf(command);
    const { versionId, detail } = await version(context, typed, options.versionNumber);
    await runWorkflow(context, { type: 'desktop-image.delete', desktopImageId: detail.id, versionId: options.versionNumber === undefined ? null : versionId }, options);
  });
}

/** The version of a number, else the current one. */
async function version(context: CliContext, typed: string, number: string | undefined): Promise<{ versionId: DesktopImageVersionId; detail: DesktopImageDetail }> {
  const wanted = number === undefined ? null : parseCount(number);
  const detail = await context.call('desktopImages.show', { id: (await new Resolver(context).desktopImage(typed)).id });
  const found = wanted === null ? detail.current : detail.versions.find((candidate) => candidate.number === wanted);
  if (found === undefined) throw new AppError('NOT_FOUND', { what: 'desktop-image-version', id: String(wanted) });
  return { versionId: found.id, detail };
}

function imageTable(context: CliContext, rows: readonly DesktopImage[]): string {
  const { locale } = context.options;
  return table(rows, [
    { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.name },
    { title: context.text('CLI_COLUMN_ARCHITECTURE'), value: (row) => row.architecture },
    { title: context.text('CLI_COLUMN_FORMAT'), value: (row) => row.current.fileType },
    { title: context.text('CLI_COLUMN_SIZE'), value: (row) => formatBytes(row.current.actualBytes, locale), isNumber: true },
    { title: context.text('CLI_COLUMN_POOL'), value: (row) => row.poolName },
    { title: context.text('CLI_COLUMN_VERSION'), value: (row) => row.current.number, isNumber: true },
    { title: context.text('CLI_COLUMN_PUBLISHED'), value: (row) => formatTime(row.current.publishedAt, locale) },
    { title: 'ID', value: (row) => row.id },
  ], context.text('CLI_NOTHING'));
}

function imageText(context: CliContext, image: DesktopImageDetail): string {
  const { locale } = context.options;
  const about = facts([
    ['ID', image.id],
    [context.text('CLI_COLUMN_NAME'), image.name],
    [context.text('CLI_COLUMN_ARCHITECTURE'), image.architecture],
    [context.text('CLI_COLUMN_POOL'), image.poolName],
    [context.text('CLI_COLUMN_WHERE'), image.directory],
    [context.text('CLI_COLUMN_PROBLEM'), image.problem === null ? null : context.words(image.problem)],
  ]);
  const versions = table(image.versions, [
    { title: context.text('CLI_COLUMN_VERSION'), value: (row) => (row.isCurrent ? `${String(row.number)} *` : row.number) },
    { title: context.text('CLI_COLUMN_FILE'), value: (row) => row.fileName },
    { title: context.text('CLI_COLUMN_SIZE'), value: (row) => formatBytes(row.actualBytes, locale), isNumber: true },
    { title: context.text('CLI_COLUMN_SOURCE'), value: (row) => `${row.source.vmName} (${context.text(publishModeWords[row.source.mode])})` },
    { title: context.text('CLI_COLUMN_PUBLISHED'), value: (row) => `${formatTime(row.publishedAt, locale)}, ${row.publishedBy}` },
    { title: context.text('CLI_COLUMN_IDENTITY'), value: (row) => (row.contentIdentity ?? row.fastIdentity).digest.slice(0, 16) },
  ], context.text('CLI_NOTHING'));
  return `${about}\n\n${versions}`;
}
