/** All words of the command line, area by area. */
import { Command } from 'commander';
import { appVersion } from '../../app-paths.ts';
import { addBackupVerbs } from './areas/backup.ts';
import { addCoreVerbs, addVaultVerbs } from './areas/core.ts';
import { addDiskVerbs } from './areas/disk.ts';
import { addFlavorVerbs, addImageVerbs, addPoolVerbs } from './areas/images.ts';
import { addPlatformVerbs } from './areas/platform.ts';
import { addDesktopImageVerbs, addPublishVerbs } from './areas/publish.ts';
import { addTaskVerbs } from './areas/task.ts';
import { addVmVerbs } from './areas/vm.ts';
import type { AreaTools } from './verbs.ts';

/** Options before or after any words. */
export function addGlobalOptions(program: Command, words: AreaTools['words']): Command {
  return program
    .option('--data-dir <directory>', words('CLI_OPTION_DATA_DIR'))
    .option('--json', words('CLI_OPTION_JSON'))
    .option('--no-sample', words('CLI_OPTION_NO_SAMPLE'))
    .option('--lang <language>', words('CLI_OPTION_LANG'));
}

export function buildProgram(tools: AreaTools): Command {
  const program = addGlobalOptions(new Command('goldpress'), tools.words).description(tools.words('CLI_ABOUT')).version(appVersion);
  addPlatformVerbs(program, tools);
  addImageVerbs(program, tools);
  addVmVerbs(program, tools);
  addPoolVerbs(program, tools);
  addFlavorVerbs(program, tools);
  addPublishVerbs(program, tools);
  addDesktopImageVerbs(program, tools);
  addTaskVerbs(program, tools);
  addDiskVerbs(program, tools);
  addVaultVerbs(program, tools);
  addBackupVerbs(program, tools);
  addCoreVerbs(program, tools);
  return program;
}
