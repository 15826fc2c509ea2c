/** The whole contract: every command of every area. A feature exists when it is here. */
import type { z } from 'zod';
import { backupsCommands } from './backups.ts';
import { consoleCommands } from './consoles.ts';
import { desktopImageCommands } from './desktop-images.ts';
import { diskCommands } from './disks.ts';
import { flavorCommands } from './flavors.ts';
import { imageCommands } from './images.ts';
import { imagePoolCommands } from './image-pools.ts';
import { platformCommands } from './platforms.ts';
import { sourceVmCommands } from './source-vms.ts';
import { systemCommands } from './system.ts';
import { taskCommands } from './tasks.ts';
import { vaultCommands } from './vault.ts';

export const commands = {
  ...systemCommands,
  ...platformCommands,
  ...consoleCommands,
  ...imageCommands,
  ...sourceVmCommands,
  ...imagePoolCommands,
  ...flavorCommands,
  ...desktopImageCommands,
  ...taskCommands,
  ...diskCommands,
  ...vaultCommands,
  ...backupsCommands,
};

export type Commands = typeof commands;
export type CommandName = keyof Commands;
/** What a client sends: defaults may be left out. */
export type CommandInput<N extends CommandName> = z.input<Commands[N]['input']>;
/** What a handler gets: parsed, defaults filled in. */
export type ParsedInput<N extends CommandName> = z.output<Commands[N]['input']>;
export type CommandOutput<N extends CommandName> = z.output<Commands[N]['output']>;
