/** `serve`, `call`, `commands` and `vault …`: the core itself. */
import type { Command } from 'commander';
import { z } from 'zod';
import { commands, type CommandName, type CommandOutput } from '../../../../shared/contract/commands.ts';
import type { CommandSchema } from '../../../../shared/contract/command.ts';
import { unwrap } from '../../../../shared/contract/envelope.ts';
import { newUuid } from '../../../clock.ts';
import { serveBrowser } from '../../browser/serve.ts';
import { readSecret } from '../arguments.ts';
import { UsageError, type CliContext } from '../context.ts';
import { slotWords, vaultWords } from '../enum-words.ts';
import { facts, table } from '../output.ts';
import type { AreaTools } from '../verbs.ts';

export function addCoreVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  program.command('serve').description(words('CLI_ABOUT_SERVE')).option('--until-idle', words('CLI_OPTION_UNTIL_IDLE')).action(async (options: { untilIdle?: true }, command: Command) => {
    const context = contextOf(command);
    await serveBrowser(await context.core(), {
      isOpening: false,
      endsWhenIdle: options.untilIdle === true,
      signal: context.signal,
      locale: context.options.locale,
      say: (text, url) => context.print({ url }, () => text),
    });
  });

  program.command('call <command> [json]').description(words('CLI_ABOUT_CALL')).action(async (name: string, json: string | undefined, _options, command: Command) => {
    const context = contextOf(command);
    let input: unknown;
    try {
      input = json === undefined ? {} : JSON.parse(json);
    } catch {
      // The parser's words would only repeat the argument.
      throw new UsageError('CLI_BAD_JSON');
    }
    const client = await context.client();
    const value = unwrap(await client.call({ callId: newUuid(), command: name as CommandName, input }, context.signal));
    context.print(value, () => JSON.stringify(value, null, 2));
  });

  program.command('commands').description(words('CLI_ABOUT_COMMANDS')).action((_options, command: Command) => {
    const context = contextOf(command);
    const list = Object.entries<CommandSchema>(commands).map(([name, schema]) => ({
      name,
      summary: schema.summary,
      input: z.toJSONSchema(schema.input, { io: 'input', unrepresentable: 'any' }),
      output: z.toJSONSchema(schema.output, { io: 'output', unrepresentable: 'any' }),
    }));
    context.print(list, () =>
      table(list, [
        { title: context.text('CLI_COLUMN_COMMAND'), value: (row) => row.name },
        { title: context.text('CLI_COLUMN_SUMMARY'), value: (row) => row.summary },
      ], context.text('CLI_NOTHING')),
    );
  });
}

export function addVaultVerbs(program: Command, { context: contextOf, words }: AreaTools): void {
  const vault = program.command('vault').description(words('CLI_ABOUT_VAULT'));
  const withPassphrase = (
    verb: string, about: 'CLI_ABOUT_VAULT_UNLOCK' | 'CLI_ABOUT_VAULT_ADD_PASSPHRASE', name: 'vault.unlock' | 'vault.addPassphrase',
  ): void => {
    vault.command(verb).description(words(about)).option('--passphrase-from <source>', words('CLI_OPTION_PASSPHRASE_FROM'), 'prompt').action(
      async (options: { passphraseFrom: string }, command: Command) => {
        const context = contextOf(command);
        const passphrase = await readSecret(context, options.passphraseFrom, context.text('CLI_PASSPHRASE'));
        printVault(context, await context.call(name, { passphrase }));
      },
    );
  };

  vault.command('status').description(words('CLI_ABOUT_VAULT_STATUS')).action(async (_options, command: Command) => {
    const context = contextOf(command);
    printVault(context, await context.call('vault.status', {}));
  });
  withPassphrase('unlock', 'CLI_ABOUT_VAULT_UNLOCK', 'vault.unlock');
  withPassphrase('add-passphrase', 'CLI_ABOUT_VAULT_ADD_PASSPHRASE', 'vault.addPassphrase');
}

function printVault(context: CliContext, status: CommandOutput<'vault.status'>): void {
  context.print(status, () =>
    [
      facts([
        [context.text('CLI_COLUMN_STATUS'), context.text(vaultWords[status.state])],
        [context.text('CLI_COLUMN_SECRETS'), status.secretCount],
        [context.text('CLI_COLUMN_SLOTS'), status.slots.map((slot) => context.text(slotWords[slot.kind])).join(', ')],
      ]),
      context.words(status.explanation),
    ].join('\n'),
  );
}
