/** `vm …`: image source VMs, their hardware and their snapshots. */
import type { Command } from 'commander';
import { formatBytes, formatTime } from '../../../../shared/messages/format.ts';
import { hardwareChange, type HardwareChange } from '../../../../shared/model/finding.ts';
import { AppError } from '../../../../shared/model/app-error.ts';
import type { SourceVm, SourceVmDetail } from '../../../../shared/model/source-vm.ts';
import { parseChoice, parseCount, parsePairs, parseSize } from '../arguments.ts';
import { exitStatus, UsageError, type CliContext } from '../context.ts';
import { bootWords, osText, powerWords, publishModeWords, verdictWords } from '../enum-words.ts';
import { facts, harmless, table } from '../output.ts';
import { pick, Resolver } from '../resolve.ts';
import { findingText, runWorkflow, type RunOptions } from '../run-task.ts';
import { withRunOptions, type AreaTools } from '../verbs.ts';

export function addVmVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const vm = program.command('vm').description(words('CLI_ABOUT_VM'));

  vm.command('list')
    .description(words('CLI_ABOUT_LIST'))
    .option('--platform <platform>', words('CLI_OPTION_PLATFORM'))
    .option('--filter <text>', words('CLI_OPTION_FILTER'))
    .action(async (options: { platform?: string; filter?: string }, command: Command) => {
      const context = contextOf(command);
      const resolver = new Resolver(context);
      const platformId = options.platform === undefined ? null : (await resolver.platform(options.platform)).id;
      const rows = await resolver.vms({ platformId, filter: options.filter ?? '' });
      context.print(rows, () => vmTable(context, rows));
    });

  vm.command('show <vm>').description(words('CLI_ABOUT_SHOW')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const detail = await context.call('sourceVms.show', { id: (await new Resolver(context).vm(typed)).id });
    context.print(detail, () => vmText(context, detail));
  });

  vm.command('check <vm>').description(words('CLI_ABOUT_VM_CHECK')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const checked = await context.call('sourceVms.check', { id: (await new Resolver(context).vm(typed)).id });
    if (checked.findings.some(({ severity }) => severity === 'blocking' || severity === 'error')) context.status = exitStatus.failed;
    context.print(checked, () =>
      checked.findings.length === 0 ? context.text('CLI_NO_FINDINGS') : checked.findings.map((finding) => findingText(context, finding)).join('\n'),
    );
  });

  withRunOptions(vm.command('set <vm> <changes...>').description(words('CLI_ABOUT_VM_SET')), words).action(
    async (typed: string, changes: string[], options: RunOptions, command: Command) => {
      const context = contextOf(command);
      const change = readHardware(changes);
      await runWorkflow(context, { type: 'vm.edit', vmId: (await new Resolver(context).vm(typed)).id, change }, options);
    },
  );

  for (const verb of ['start', 'stop'] as const) {
    const command = vm.command(`${verb} <vm>`).description(words(verb === 'start' ? 'CLI_ABOUT_VM_START' : 'CLI_ABOUT_VM_STOP'));
    if (verb === 'stop') command.option('--force', words('CLI_OPTION_FORCE'));
    withRunOptions(command, words).action(async (typed: string, options: RunOptions & { force?: true }, parsed: Command) => {
      const context = contextOf(parsed);
      const power = verb === 'stop' && options.force === true ? 'force-stop' : verb;
      await runWorkflow(context, { type: 'vm.power', vmId: (await new Resolver(context).vm(typed)).id, power }, options);
    });
  }

  addSnapshotVerbs(vm, { context: contextOf, words });
}

function addSnapshotVerbs(vm: Command, { context: contextOf, words }: AreaTools): void {
  const snapshot = vm.command('snapshot').description(words('CLI_ABOUT_SNAPSHOT'));

  snapshot.command('list <vm>').description(words('CLI_ABOUT_LIST')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const { snapshots } = await new Resolver(context).vm(typed);
    context.print(snapshots, () => snapshotTable(context, snapshots));
  });

  withRunOptions(snapshot.command('create <vm>').description(words('CLI_ABOUT_SNAPSHOT_CREATE')).requiredOption('--name <name>', words('CLI_OPTION_NAME')), words).action(
    async (typed: string, options: RunOptions & { name: string }, command: Command) => {
      const context = contextOf(command);
      await runWorkflow(context, { type: 'snapshot.create', vmId: (await new Resolver(context).vm(typed)).id, name: options.name }, options);
    },
  );

  for (const verb of ['revert', 'delete'] as const) {
    const about = verb === 'revert' ? words('CLI_ABOUT_SNAPSHOT_REVERT') : words('CLI_ABOUT_SNAPSHOT_DELETE');
    withRunOptions(snapshot.command(`${verb} <vm>`).description(about).requiredOption('--name <name>', words('CLI_OPTION_SNAPSHOT_NAME')), words).action(
      async (typed: string, options: RunOptions & { name: string }, command: Command) => {
        const context = contextOf(command);
        const found = await new Resolver(context).vm(typed);
        const { id: snapshotId } = pick(found.snapshots, options.name, 'snapshot', (item) => item.name);
        await runWorkflow(context, { type: `snapshot.${verb}`, vmId: found.id, snapshotId }, options);
      },
    );
  }
}

function snapshotTable(context: CliContext, snapshots: SourceVm['snapshots']): string {
  return table(snapshots, [
    { title: context.text('CLI_COLUMN_NAME'), value: (row) => (row.isCurrent ? `${row.name} *` : row.name) },
    { title: context.text('CLI_COLUMN_CREATED'), value: (row) => (row.createdAt === null ? null : formatTime(row.createdAt, context.options.locale)) },
    { title: 'ID', value: (row) => row.id },
  ], context.text('CLI_NOTHING'));
}

/** `cpu=4 memory=8G boot-mode=uefi video=virtio` → a change. */
function readHardware(words: readonly string[]): HardwareChange {
  const change: HardwareChange = {};
  for (const [key, value] of parsePairs(words)) {
    if (key === 'cpu') change.vcpus = parseCount(value);
    else if (key === 'memory') change.memoryBytes = parseSize(value);
    else if (key === 'boot-mode') change.bootMode = parseChoice(value, hardwareChange.shape.bootMode.unwrap().options, key);
    else if (key === 'video') change.videoModel = parseChoice(value, hardwareChange.shape.videoModel.unwrap().options, key);
    else throw new UsageError('CLI_BAD_CHOICE', { option: 'KEY', text: key, choices: 'cpu, memory, boot-mode, video' });
  }
  if (Object.keys(change).length === 0) throw new AppError('CLI_NOTHING_TO_CHANGE');
  return change;
}

const bytes = (context: CliContext, value: number | null): string | null => (value === null ? null : formatBytes(value, context.options.locale));

function vmTable(context: CliContext, rows: readonly SourceVm[]): string {
  return table(rows, [
    { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.name },
    { title: context.text('CLI_COLUMN_PLATFORM'), value: (row) => row.platformName },
    { title: context.text('CLI_COLUMN_OS'), value: (row) => osText(context, row.os) },
    { title: context.text('CLI_COLUMN_BOOT'), value: (row) => context.text(bootWords[row.bootMode]) },
    { title: context.text('CLI_COLUMN_VIDEO'), value: (row) => row.videoModel },
    { title: context.text('CLI_COLUMN_SIZE'), value: (row) => bytes(context, row.virtualBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_POWER'), value: (row) => context.text(powerWords[row.powerState]) },
    { title: context.text('CLI_COLUMN_VERDICT'), value: (row) => context.text(verdictWords[row.verdict]) },
    { title: 'ID', value: (row) => row.id },
  ], context.text('CLI_NOTHING'));
}

function vmText(context: CliContext, vm: SourceVmDetail): string {
  const text = facts([
    ['ID', vm.id],
    [context.text('CLI_COLUMN_NAME'), vm.name],
    [context.text('CLI_COLUMN_PLATFORM'), vm.platformName],
    [context.text('CLI_COLUMN_OS'), osText(context, vm.os)],
    [context.text('CLI_COLUMN_BOOT'), context.text(bootWords[vm.bootMode])],
    [context.text('CLI_COLUMN_VIDEO'), vm.videoModel],
    ['vCPU', vm.vcpus],
    [context.text('CLI_COLUMN_MEMORY'), bytes(context, vm.memoryBytes)],
    [context.text('CLI_COLUMN_POWER'), context.text(powerWords[vm.powerState])],
    [context.text('CLI_COLUMN_VERDICT'), context.text(verdictWords[vm.verdict])],
  ]);
  const disks = table(vm.disks, [
    { title: context.text('CLI_COLUMN_DISK'), value: (row) => row.key },
    { title: context.text('CLI_COLUMN_FORMAT'), value: (row) => row.format },
    { title: context.text('CLI_COLUMN_SIZE'), value: (row) => bytes(context, row.virtualBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_USED'), value: (row) => bytes(context, row.actualBytes), isNumber: true },
    { title: context.text('CLI_COLUMN_WHERE'), value: (row) => row.location },
  ], context.text('CLI_NOTHING'));
  const parts = [text, disks];
  if (vm.snapshots.length > 0) parts.push(`${context.text('CLI_SNAPSHOTS')}\n${snapshotTable(context, vm.snapshots)}`);
  if (vm.instructions.length > 0) parts.push(`${context.text('CLI_INSTRUCTIONS')}\n${vm.instructions.map(({ name }) => `  ${harmless(name)}`).join('\n')}`);
  if (vm.publications.length > 0) {
    parts.push(`${context.text('CLI_PUBLICATIONS')}\n${table(vm.publications, [
      { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.desktopImageName },
      { title: context.text('CLI_COLUMN_VERSION'), value: (row) => row.version, isNumber: true },
      { title: context.text('CLI_COLUMN_SOURCE'), value: (row) => context.text(publishModeWords[row.mode]) },
      { title: context.text('CLI_COLUMN_PUBLISHED'), value: (row) => formatTime(row.publishedAt, context.options.locale) },
    ], '')}`);
  }
  if (vm.findings.length > 0) parts.push(vm.findings.map((finding) => findingText(context, finding)).join('\n'));
  return parts.join('\n\n');
}
