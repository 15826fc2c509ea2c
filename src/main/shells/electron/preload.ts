/**
 * The bridge of the sandboxed page: three functions, nothing of Electron. Refuses names that are not commands, and never passes
 * an event object on. Loads no schema library: the process behind it checks everything again.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { channels } from '../../../shared/contract/channels.ts';
import type { Envelope } from '../../../shared/contract/envelope.ts';
import type { CallRequest, GrantedFile, StreamMessage, WindowBridge } from '../../../shared/contract/stream.ts';
import { ipcChannels } from './channels.ts';

const known: ReadonlySet<string> = new Set(channels);

const bridge: WindowBridge = {
  invoke({ callId, command, input }: CallRequest): Promise<Envelope<unknown>> {
    if (!known.has(command)) return Promise.reject(new Error('unknown command'));
    return ipcRenderer.invoke(ipcChannels.call, { callId, command, input }) as Promise<Envelope<unknown>>;
  },
  subscribe(listener: (message: StreamMessage) => void): () => void {
    const pass = (_event: unknown, message: StreamMessage): void => listener(message);
    ipcRenderer.on(ipcChannels.event, pass);
    ipcRenderer.send(ipcChannels.listen);
    return () => {
      ipcRenderer.removeListener(ipcChannels.event, pass);
    };
  },
  grantFile(file: unknown): Promise<Envelope<GrantedFile>> {
    // Only a real file that the person dropped or chose has a path; a made-up object has none.
    return ipcRenderer.invoke(ipcChannels.grantFile, webUtils.getPathForFile(file as never)) as Promise<Envelope<GrantedFile>>;
  },
};

contextBridge.exposeInMainWorld('goldpress', bridge);
