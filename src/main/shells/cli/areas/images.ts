/** `image …`, `pool …` and `flavor …`: what is published from, into and for. */
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { formatBytes } from '../../../../shared/messages/format.ts';
import { architecture } from '../../../../shared/model/flavor.ts';
import type { ImagePool } from '../../../../shared/model/image-pool.ts';
import { AppError } from '../../../../shared/model/app-error.ts';
import { parseChoice, parseCount, parseSize, readSecret } from '../arguments.ts';
import { exitStatus, type CliContext } from '../context.ts';
import { bootWords, osText, verdictWords } from '../enum-words.ts';
import { facts, table } from '../output.ts';
import { Resolver } from '../resolve.ts';
import { findingText, runWorkflow, type RunOptions } from '../run-task.ts';
import { readAttributes } from '../image-attributes.ts';
import { withRunOptions, type AreaTools } from '../verbs.ts';

const bytes = (context: CliContext, value: number | null): string | null => (value === null ? null : formatBytes(value, context.options.locale));

export function addImageVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const image = program.command('image').description(words('CLI_ABOUT_IMAGE'));

  image.command('list')
    .description(words('CLI_ABOUT_LIST'))
    .option('--platform <platform>', words('CLI_OPTION_PLATFORM'))
    .option('--scope <scope>', words('CLI_OPTION_SCOPE'), 'system')
    .option('--filter <text>', words('CLI_OPTION_FILTER'))
    .action(async (options: { platform?: string; scope: string; filter?: string }, command: Command) => {
      const context = contextOf(command);
      const resolver = new Resolver(context);
      const scope = parseChoice(options.scope, ['system', 'custom', 'all'], '--scope');
      const platformId = options.platform === undefined ? null : (await resolver.platform(options.platform)).id;
      const rows = await resolver.images({ platformId, scope, filter: options.filter ?? '' });
      context.print(rows, () =>
        table(rows, [
          { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.name },
          { title: context.text('CLI_COLUMN_PLATFORM'), value: (row) => row.platformName },
          { title: context.text('CLI_COLUMN_OS'), value: (row) => osText(context, row.os) },
          { title: context.text('CLI_COLUMN_FORMAT'), value: (row) => row.format },
          { title: context.text('CLI_COLUMN_SIZE'), value: (row) => bytes(context, row.virtualBytes), isNumber: true },
          { title: context.text('CLI_COLUMN_VERDICT'), value: (row) => context.text(verdictWords[row.verdict]) },
          { title: 'ID', value: (row) => row.id },
        ], context.text('CLI_NOTHING')),
      );
    });

  image.command('show <image>').description(words('CLI_ABOUT_SHOW')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const found = await context.call('images.show', { id: (await new Resolver(context).image(typed)).id });
    context.print(found, () =>
      facts([
        ['ID', found.id],
        [context.text('CLI_COLUMN_NAME'), found.name],
        [context.text('CLI_COLUMN_PLATFORM'), found.platformName],
        [context.text('CLI_COLUMN_OS'), osText(context, found.os)],
        [context.text('CLI_COLUMN_BOOT'), context.text(bootWords[found.bootMode])],
        [context.text('CLI_COLUMN_FORMAT'), found.format],
        [context.text('CLI_COLUMN_SIZE'), bytes(context, found.virtualBytes)],
        [context.text('CLI_COLUMN_VERDICT'), context.text(verdictWords[found.verdict])],
        [context.text('CLI_COLUMN_LOGIN'), found.login.explanation.map((sentence) => context.words(sentence)).join(' ')],
      ]),
    );
  });

  withRunOptions(image.command('set <image> <changes...>').description(words('CLI_ABOUT_IMAGE_SET')), words).action(
    async (typed: string, changes: string[], options: RunOptions, command: Command) => {
      const context = contextOf(command);
      const change = readAttributes(changes);
      await runWorkflow(context, { type: 'image.patch', imageId: (await new Resolver(context).image(typed)).id, change }, options);
    },
  );

  withRunOptions(image.command('fix <image> <finding>').description(words('CLI_ABOUT_IMAGE_FIX')), words).action(
    async (typed: string, id: string, options: RunOptions, command: Command) => {
      const context = contextOf(command);
      const { id: imageId, findings } = await context.call('images.show', { id: (await new Resolver(context).image(typed)).id });
      const found = findings.find((finding) => finding.id === id);
      if (found === undefined) throw new AppError('NOT_FOUND', { what: 'finding', id });
      if (found.fix?.kind === 'patch-image') return runWorkflow(context, { type: 'image.patch', imageId, change: found.fix.change }, options);
      // A step for a person: told, and not done.
      context.status = exitStatus.failed;
      context.print(found, () => findingText(context, found));
    },
  );

  image.command('credentials <image>')
    .description(words('CLI_ABOUT_IMAGE_CREDENTIALS'))
    .option('--user <name>', words('CLI_OPTION_LOGIN_USER'))
    .option('--password-from <source>', words('CLI_OPTION_SECRET_FROM'))
    .option('--clear', words('CLI_OPTION_CLEAR_CREDENTIALS'))
    .action(async (typed: string, { user, passwordFrom, clear }: { user?: string; passwordFrom?: string; clear?: true }, command: Command) => {
      const context = contextOf(command);
      const { id } = await new Resolver(context).image(typed);
      const editedOn = 'system-images';
      const password = passwordFrom === undefined ? undefined : await readSecret(context, passwordFrom, context.text('CLI_OPTION_SECRET_FROM'));
      const changed = clear === true ? await context.call('images.clearCredentials', { id, editedOn, what: 'all' })
        : await context.call('images.setCredentials', { id, editedOn, ...(user === undefined ? {} : { user }), ...(password === undefined ? {} : { password }) });
      context.print(changed, () => changed.login.explanation.map((sentence) => context.words(sentence)).join('\n'));
    });

  image.command('check <image>').description(words('CLI_ABOUT_IMAGE_CHECK')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const { findings } = await context.call('images.check', { id: (await new Resolver(context).image(typed)).id });
    if (findings.some(({ severity }) => severity === 'blocking' || severity === 'error')) context.status = exitStatus.failed;
    context.print({ findings }, () => (findings.length === 0 ? context.text('CLI_NO_FINDINGS') : findings.map((finding) => findingText(context, finding)).join('\n')));
  });
}

export function addPoolVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const pool = program.command('pool').description(words('CLI_ABOUT_POOL'));

  pool.command('list').description(words('CLI_ABOUT_LIST')).action(async (_options, command: Command) => {
    const context = contextOf(command);
    const pools = await context.call('imagePools.list', {});
    context.print(pools, () =>
      table(pools, [
        { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.name },
        { title: context.text('CLI_COLUMN_FREE'), value: (row) => bytes(context, row.freeBytes), isNumber: true },
        { title: context.text('CLI_COLUMN_IMAGES'), value: (row) => row.desktopImageCount, isNumber: true },
        { title: context.text('CLI_COLUMN_WHERE'), value: (row) => row.path },
        { title: context.text('CLI_COLUMN_PROBLEM'), value: (row) => (row.problem === null ? null : context.words(row.problem)) },
        { title: 'ID', value: (row) => row.id },
      ], context.text('CLI_NOTHING')),
    );
  });

  pool.command('add')
    .description(words('CLI_ABOUT_POOL_ADD'))
    .requiredOption('--name <name>', words('CLI_OPTION_NAME'))
    .requiredOption('--path <directory>', words('CLI_OPTION_PATH'))
    .action(async (options: { name: string; path: string }, command: Command) => {
      const context = contextOf(command);
      const added = await context.call('imagePools.add', { name: options.name, directory: await context.grant(resolve(options.path)) });
      context.print(added, () => context.text('CLI_ADDED', { name: added.name, id: added.id }));
    });

  pool.command('show <pool>').description(words('CLI_ABOUT_SHOW')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const found = await context.call('imagePools.show', { id: (await new Resolver(context).pool(typed)).id });
    context.print(found, () => poolText(context, found));
  });
}

function poolText(context: CliContext, pool: ImagePool): string {
  return facts([
    ['ID', pool.id],
    [context.text('CLI_COLUMN_NAME'), pool.name],
    [context.text('CLI_COLUMN_WHERE'), pool.path],
    [context.text('CLI_COLUMN_FREE'), bytes(context, pool.freeBytes)],
    [context.text('CLI_COLUMN_SIZE'), bytes(context, pool.totalBytes)],
    [context.text('CLI_COLUMN_IMAGES'), pool.desktopImageCount],
    [context.text('CLI_COLUMN_FILE_SYSTEM'), pool.fileSystem],
    [context.text('CLI_COLUMN_PROBLEM'), pool.problem === null ? null : context.words(pool.problem)],
  ]);
}

export function addFlavorVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const flavor = program.command('flavor').description(words('CLI_ABOUT_FLAVOR'));

  flavor.command('list').description(words('CLI_ABOUT_LIST')).action(async (_options, command: Command) => {
    const context = contextOf(command);
    const flavors = await context.call('flavors.list', {});
    context.print(flavors, () =>
      table(flavors, [
        { title: context.text('CLI_COLUMN_NAME'), value: (row) => row.name },
        { title: context.text('CLI_COLUMN_ARCHITECTURE'), value: (row) => row.architecture },
        { title: context.text('CLI_COLUMN_MODELS'), value: (row) => (row.endpointModels.length === 0 ? null : row.endpointModels.join(', ')) },
        { title: 'vCPU', value: (row) => row.vcpus, isNumber: true },
        { title: context.text('CLI_COLUMN_MEMORY'), value: (row) => bytes(context, row.memoryBytes), isNumber: true },
        { title: context.text('CLI_COLUMN_SYSTEM_DISK'), value: (row) => bytes(context, row.systemDiskBytes), isNumber: true },
        { title: 'ID', value: (row) => row.id },
      ], context.text('CLI_NOTHING')),
    );
  });

  flavor.command('show <flavor>').description(words('CLI_ABOUT_SHOW')).action(async (typed: string, _options, command: Command) => {
    const context = contextOf(command);
    const found = await new Resolver(context).flavor(typed);
    context.print(found, () =>
      facts([
        ['ID', found.id],
        [context.text('CLI_COLUMN_NAME'), found.name],
        [context.text('CLI_COLUMN_ARCHITECTURE'), found.architecture],
        [context.text('CLI_COLUMN_MODELS'), found.endpointModels.join(', ')],
        ['vCPU', found.vcpus],
        [context.text('CLI_COLUMN_MEMORY'), bytes(context, found.memoryBytes)],
        [context.text('CLI_COLUMN_SYSTEM_DISK'), bytes(context, found.systemDiskBytes)],
        [context.text('CLI_COLUMN_DATA_DISK'), bytes(context, found.dataDiskBytes)],
      ]),
    );
  });

  flavor.command('add')
    .description(words('CLI_ABOUT_FLAVOR_ADD'))
    .requiredOption('--name <name>', words('CLI_OPTION_NAME'))
    .requiredOption('--architecture <architecture>', words('CLI_OPTION_ARCHITECTURE'))
    .requiredOption('--cpu <count>', words('CLI_OPTION_CPU'))
    .requiredOption('--memory <size>', words('CLI_OPTION_MEMORY'))
    .requiredOption('--system-disk <size>', words('CLI_OPTION_SYSTEM_DISK'))
    .option('--data-disk <size>', words('CLI_OPTION_DATA_DISK'), '0')
    .option('--models <models>', words('CLI_OPTION_MODELS'), '')
    .action(async (options: Record<'name' | 'architecture' | 'cpu' | 'memory' | 'systemDisk' | 'dataDisk' | 'models', string>, command: Command) => {
      const context = contextOf(command);
      const added = await context.call('flavors.add', {
        name: options.name,
        architecture: parseChoice(options.architecture, architecture.options, '--architecture'),
        endpointModels: options.models.split(',').map((model) => model.trim()).filter(Boolean),
        vcpus: parseCount(options.cpu),
        memoryBytes: parseSize(options.memory),
        systemDiskBytes: parseSize(options.systemDisk),
        dataDiskBytes: parseSize(options.dataDisk),
      });
      context.print(added, () => context.text('CLI_ADDED', { name: added.name, id: added.id }));
    });
}
