/** The page's side of the stand-in: runs the built preload bundle with the three Electron names it may use. */

/** @param preload the text of the built preload (one CommonJS file). */
export function bridgeScript(preload: string): string {
  return `(() => {
    const listeners = new Map();
    const of = (channel) => listeners.get(channel) ?? listeners.set(channel, new Set()).get(channel);
    const send = globalThis.standInSend;
    globalThis.standInReceive = (channel, values) => { for (const listener of of(channel)) listener({}, ...values); };
    const electron = {
      contextBridge: { exposeInMainWorld: (name, api) => Object.defineProperty(globalThis, name, { value: Object.freeze(api) }) },
      ipcRenderer: {
        invoke: (channel, ...values) => send('invoke', channel, values),
        send: (channel, ...values) => void send('send', channel, values),
        on: (channel, listener) => void of(channel).add(listener),
        removeListener: (channel, listener) => void of(channel).delete(listener),
      },
      webUtils: { getPathForFile: () => '' },
    };
    const require = (name) => { if (name === 'electron') return electron; throw new Error('The sandboxed preload cannot load ' + name); };
    const module = { exports: {} };
    ((require, module, exports) => {${preload}\n})(require, module, module.exports);
  })();`;
}
