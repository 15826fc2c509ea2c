/** `backups.*`: copies of the database of Goldpress. Restoring one needs that nobody uses it: the command line does that alone. */
import type { StateBackups } from '../../backups/state-backups.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function backupsHandlers({ backups }: { backups: StateBackups }): Handlers<AreaCommands<'backups'>> {
  return {
    'backups.list': async () => ({ ...backups.list(), settings: await backups.settings() }),
    'backups.make': () => backups.make('manual'),
    'backups.configure': async ({ isDaily, keep }) => {
      await backups.configure({ ...(isDaily === undefined ? {} : { isDaily }), ...(keep === undefined ? {} : { keep }) });
      return {};
    },
  };
}
