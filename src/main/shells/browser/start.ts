/** Starting without words outside Electron: the host (or a client of it) and its page in a browser. */
import { formatMessage } from '../../../shared/messages/format.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { chooseDataDirectory } from '../../host/data-directory.ts';
import { chooseLocale } from '../cli/language.ts';
import { openCore, type Core } from '../core.ts';
import type { StartOptions } from '../start-options.ts';
import { serveBrowser } from './serve.ts';

/** @returns the exit status */
export async function startBrowserShell({ dataDirectory, hasSample, isOpening, language }: StartOptions, signal: AbortSignal): Promise<number> {
  const locale = chooseLocale(language, process.env);
  let core: Core | null = null;
  try {
    core = await openCore({ dataDirectory: chooseDataDirectory(dataDirectory), shell: 'browser', hasSample });
    await serveBrowser(core, { isOpening, endsWhenIdle: false, signal, locale, say: (text) => process.stdout.write(`${text}\n`) });
    return 0;
  } catch (error) {
    const text = error instanceof AppError ? formatMessage(error.asMessage, locale) : error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${text}\n`);
    return 1;
  } finally {
    await core?.dispose();
  }
}
