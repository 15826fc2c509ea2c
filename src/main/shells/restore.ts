/** Puts a copy of the database back, for a data directory that nobody uses: the one thing that works without opening the store. */
import { AppError } from '../../shared/model/app-error.ts';
import { appVersion } from '../app-paths.ts';
import { systemClock } from '../clock.ts';
import { Host } from '../host/host.ts';
import { findGoodCopy, restoreState } from '../store/copy-state.ts';
import { listStateCopies, type StateCopy } from '../store/state-copies.ts';

export interface Restored {
  copy: StateCopy;
  /** Where the file is that was replaced; null where there was none. */
  setAside: string | null;
}

/**
 * @param name the file's name in the folder of the copies; null = the newest that is whole
 * @throws AppError `BACKUP_HOST_RUNS`, `BACKUP_NONE`, `BACKUP_UNKNOWN`, `BACKUP_UNUSABLE`; then nothing was changed
 */
export async function restoreBackup(dataDirectory: string, name: string | null, signal?: AbortSignal): Promise<Restored> {
  const opening = await Host.open(dataDirectory, { version: appVersion, lifetime: 'task', signal });
  if (opening.role === 'client') throw new AppError('BACKUP_HOST_RUNS', { pid: String(opening.address.pid) });
  const { host } = opening;
  try {
    const copy = name === null ? findGoodCopy(host.dataDirectory) : (listStateCopies(host.dataDirectory).find((item) => item.name === name) ?? null);
    if (copy === null) throw name === null ? new AppError('BACKUP_NONE', { path: host.dataDirectory }) : new AppError('BACKUP_UNKNOWN', { name });
    try {
      return { copy, setAside: restoreState(host.dataDirectory, copy.path, systemClock.now()) };
    } catch (error) {
      throw new AppError('BACKUP_UNUSABLE', { name: copy.name }, { cause: error });
    }
  } finally {
    await host.dispose();
  }
}
