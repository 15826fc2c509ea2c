/** How verbs are declared: descriptions from the catalogue, and one way to run an action. */
import type { Command } from 'commander';
import type { MessageCode } from '../../../shared/messages/catalogue.ts';
import type { HostLifetime } from '../../host/host-address.ts';
import type { CliContext } from './context.ts';

/** Gives the context of this call; the global options are known once the words are parsed. */
export type ContextOf = (command: Command) => CliContext;
/** Help is shown before any context exists, so its language is decided first. */
export type Words = (code: MessageCode) => string;

export interface AreaTools {
  context: ContextOf;
  words: Words;
}

/** Verbs that stay until a task has ended. */
const followers = new WeakSet<Command>();

/** Marks a verb that follows a task: its process may take up runs, because it stays for them. */
export function followsTask(command: Command): Command {
  followers.add(command);
  return command;
}

/** How long the process of a call stays, if it becomes the host. */
export function lifetimeOf(command: Command): HostLifetime {
  if (command.name() === 'serve') return 'stays';
  const { plan, detach } = command.opts<{ plan?: true; detach?: true }>();
  return followers.has(command) && plan !== true && detach !== true ? 'task' : 'command';
}

/** Adds the options of every verb that starts a run. */
export function withRunOptions(command: Command, words: Words): Command {
  return followsTask(command)
    .option('--plan', words('CLI_OPTION_PLAN'))
    .option('--yes', words('CLI_OPTION_YES'))
    .option('--detach', words('CLI_OPTION_DETACH'))
    .option('--acknowledge <ids>', words('CLI_OPTION_ACKNOWLEDGE'));
}
