/** Which directory holds everything of one installation, and that it can be used at all. */
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { AppError } from '../../shared/model/app-error.ts';
import { systemReason } from '../diagnostics/system-reason.ts';

/**
 * `--data-dir`, else GOLDPRESS_DATA_DIR, else the place that the system has for the data of a person's programs.
 * @param given what `--data-dir` says, if it was there; relative to the working directory
 */
export function chooseDataDirectory(given: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const chosen = given ?? env['GOLDPRESS_DATA_DIR'];
  if (chosen === undefined || chosen === '') return envPaths('goldpress', { suffix: '' }).data;
  if (chosen.includes('\0')) throw new AppError('HOST_DATA_UNWRITABLE', { path: chosen.replaceAll('\0', '?'), reason: 'not a path' });
  const expanded = chosen === '~' || chosen.startsWith('~/') ? join(homedir(), chosen.slice(1)) : chosen;
  return isAbsolute(expanded) ? expanded : resolve(expanded);
}

/** Each missing folder once: Node's own recursive way never ends where a file system answers ENOENT for good, as /proc does. */
function makeDirectory(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found === undefined && dirname(path) !== path) makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it at the same moment.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/**
 * Makes the directory (readable by its owner only) and gives its real path, so that two names of one directory are one host.
 * @throws AppError `HOST_DATA_UNWRITABLE`
 */
export function prepareDataDirectory(path: string): string {
  try {
    makeDirectory(path);
    return realpathSync(path);
  } catch (error) {
    throw new AppError('HOST_DATA_UNWRITABLE', { path, reason: systemReason(error) }, { cause: error });
  }
}
