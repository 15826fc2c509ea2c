/** The one window and what its page may send. Owns the check of who sends: the top frame of this window, on our own page. */
import { BrowserWindow, ipcMain, type IpcMainEvent, type IpcMainInvokeEvent } from 'electron';
import type { Envelope } from '../../../shared/contract/envelope.ts';
import type { CallRequest } from '../../../shared/contract/stream.ts';
import { AppError, viewError } from '../../../shared/model/app-error.ts';
import { newUuid } from '../../clock.ts';
import { refusal } from '../../contract/http-transport.ts';
import type { CoreClient } from '../../host/client.ts';
import { ipcChannels } from './channels.ts';
import { isOwnPage, pageOrigin } from './page-request.ts';

export interface MainWindowDeps {
  /** For calls of the page; it may not name paths. */
  client: CoreClient;
  /** For files that the person dropped or chose: their paths come from Electron, not from the page. */
  grants: CoreClient;
  preloadFile: string;
}

export class MainWindow {
  readonly window: BrowserWindow;
  readonly #deps: MainWindowDeps;
  #unsubscribe: () => void = () => undefined;

  constructor(deps: MainWindowDeps) {
    this.#deps = deps;
    this.window = new BrowserWindow({
      width: 1360, height: 860, minWidth: 1024, minHeight: 640, show: false, autoHideMenuBar: true, title: 'Goldpress',
      webPreferences: {
        preload: deps.preloadFile,
        contextIsolation: true, sandbox: true, webSecurity: true, nodeIntegration: false, webviewTag: false, navigateOnDragDrop: false, spellcheck: false,
      },
    });
    this.window.once('ready-to-show', () => this.window.show());
    ipcMain.handle(ipcChannels.call, (event, request: unknown) => this.#call(event, request));
    ipcMain.handle(ipcChannels.grantFile, (event, path: unknown) => this.#grantFile(event, path));
    ipcMain.on(ipcChannels.listen, (event) => this.#listen(event));
  }

  async load(): Promise<void> {
    await this.window.loadURL(`${pageOrigin}/`);
  }

  focus(): void {
    if (this.window.isMinimized()) this.window.restore();
    this.window.show();
    this.window.focus();
  }

  dispose(): void {
    this.#unsubscribe();
    ipcMain.removeHandler(ipcChannels.call);
    ipcMain.removeHandler(ipcChannels.grantFile);
    ipcMain.removeAllListeners(ipcChannels.listen);
  }

  #isOurPage(event: IpcMainInvokeEvent | IpcMainEvent): boolean {
    const { senderFrame } = event;
    return event.sender === this.window.webContents && senderFrame !== null && senderFrame.parent === null && isOwnPage(senderFrame.url);
  }

  async #call(event: IpcMainInvokeEvent, request: unknown): Promise<Envelope<unknown>> {
    if (!this.#isOurPage(event)) return refusal('ORIGIN_REFUSED');
    if (!isCall(request)) return refusal('INPUT_INVALID', { problems: 'callId, command and input are needed' });
    return answered(() => this.#deps.client.call({ callId: request.callId, command: request.command, input: request.input }));
  }

  async #grantFile(event: IpcMainInvokeEvent, path: unknown): Promise<Envelope<unknown>> {
    if (!this.#isOurPage(event)) return refusal('ORIGIN_REFUSED');
    if (typeof path !== 'string' || path === '') return refusal('FILE_GRANT_UNKNOWN');
    return answered(() => this.#deps.grants.call({ callId: newUuid(), command: 'files.grantPath', input: { path } }));
  }

  /** A page that loads again listens anew; the old subscription must not send everything twice. */
  #listen(event: IpcMainEvent): void {
    if (!this.#isOurPage(event)) return;
    this.#unsubscribe();
    this.#unsubscribe = this.#deps.client.subscribe((message) => {
      if (!this.window.isDestroyed()) this.window.webContents.send(ipcChannels.event, message);
    });
  }
}

function isCall(request: unknown): request is CallRequest {
  if (typeof request !== 'object' || request === null) return false;
  const { callId, command } = request as Partial<Record<string, unknown>>;
  return typeof callId === 'string' && callId.length > 0 && callId.length <= 100 && typeof command === 'string';
}

/** A lost host is an answer too: nothing is thrown over the bridge. */
async function answered(call: () => Promise<Envelope<unknown>>): Promise<Envelope<unknown>> {
  try {
    return await call();
  } catch (error) {
    return { ok: false, error: viewError(error instanceof AppError ? error : new AppError('HOST_LOST', {}, { cause: error }), '') };
  }
}
