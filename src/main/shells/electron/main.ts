/** The Electron shell: one instance a data directory, one window, the core in this process or in the one that already runs. */
import { app, dialog, Menu, shell } from 'electron';
import { join } from 'node:path';
import { formatMessage } from '../../../shared/messages/format.ts';
import type { Locale, MessageCode } from '../../../shared/messages/catalogue.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { preloadFile, rendererDirectory } from '../../app-paths.ts';
import { chooseDataDirectory, prepareDataDirectory } from '../../host/data-directory.ts';
import { chooseLocale } from '../cli/language.ts';
import { openCore, type Core } from '../core.ts';
import type { StartOptions } from '../start-options.ts';
import { installGuards } from './guards.ts';
import { LiveRuns } from './live-runs.ts';
import { declarePageScheme, servePage } from './protocol.ts';
import { electronSafeStorage } from './safe-storage.ts';
import { MainWindow } from './window.ts';

const quitChoices = ['QUIT_KEEP_RUNNING', 'QUIT_PAUSE', 'QUIT_CANCEL'] as const satisfies readonly MessageCode[];

/** Sets up what must be set before Electron is ready, and opens the window once it is. */
export function startElectron(options: StartOptions): void {
  app.enableSandbox();
  declarePageScheme();
  let dataDirectory: string;
  try {
    dataDirectory = prepareDataDirectory(chooseDataDirectory(options.dataDirectory));
  } catch (error) {
    fail(error, 'en');
    return;
  }
  // The window's own files, and with them the lock on a single instance, belong to the data directory.
  app.setPath('userData', join(dataDirectory, 'window'));
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  void app.whenReady().then(async () => {
    const locale = chooseLocale(options.language ?? app.getLocale(), {});
    try {
      await open(dataDirectory, options, locale);
    } catch (error) {
      fail(error, locale);
    }
  });
}

async function open(dataDirectory: string, { hasSample }: StartOptions, locale: Locale): Promise<void> {
  const core = await openCore({
    dataDirectory, hasSample, shell: 'electron',
    extra: {
      canReveal: true,
      reveal: (path) => {
        shell.showItemInFolder(path);
        return Promise.resolve();
      },
      safeStorage: electronSafeStorage,
    },
  });
  if (process.platform !== 'darwin') Menu.setApplicationMenu(null);
  installGuards();
  servePage(rendererDirectory);
  const window = new MainWindow({ client: core.client('window'), grants: core.client('cli'), preloadFile });
  const liveRuns = new LiveRuns(core.client('cli'));
  app.on('second-instance', () => window.focus());
  app.on('activate', () => window.focus());
  endInOrder({ core, window, liveRuns, locale });
  await window.load();
}

interface Parts {
  core: Core;
  window: MainWindow;
  liveRuns: LiveRuns;
  locale: Locale;
}

/** Closing the window asks while runs are at work; the process ends only after the core has. */
function endInOrder({ core, window, liveRuns, locale }: Parts): void {
  let isDecided = false;
  let isEnded = false;
  window.window.on('close', (event) => {
    if (isDecided) return;
    event.preventDefault();
    void mayClose({ core, window, liveRuns, locale }).then((isClosing) => {
      if (!isClosing) return;
      isDecided = true;
      app.quit();
    });
  });
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', (event) => {
    if (isEnded) return;
    event.preventDefault();
    liveRuns.dispose();
    window.dispose();
    void core.dispose().finally(() => {
      isEnded = true;
      app.quit();
    });
  });
}

async function mayClose({ core, window, liveRuns, locale }: Parts): Promise<boolean> {
  const count = await liveRuns.count();
  // As a client, closing the window stops nothing.
  if (count === 0 || !core.isHost) return true;
  const say = (code: MessageCode): string => formatMessage({ code, params: { count } }, locale);
  const { response } = await dialog.showMessageBox(window.window, {
    type: 'question', message: say('QUIT_RUNNING'), detail: say('QUIT_RUNNING_DETAIL'), buttons: quitChoices.map(say), defaultId: 0, cancelId: 2,
  });
  const choice = quitChoices[response];
  if (choice === 'QUIT_KEEP_RUNNING') {
    window.window.hide();
    // Unless the person has come back to the window meanwhile.
    liveRuns.whenIdle(() => {
      if (!window.window.isDestroyed() && !window.window.isVisible()) window.window.close();
    });
  }
  return choice === 'QUIT_PAUSE';
}

function fail(error: unknown, locale: Locale): void {
  const text = error instanceof AppError ? formatMessage(error.asMessage, locale) : error instanceof Error ? error.message : String(error);
  process.stderr.write(`${text}\n`);
  // A box needs a ready app; the words on standard error are there in any case.
  if (app.isReady()) dialog.showErrorBox('Goldpress', text);
  app.exit(1);
}
