/**
 * Loaded with `--import` before the built main bundle: makes `electron` mean the stand-in beside this file, and the process look
 * like Electron's to the code that asks. The stand-in is never Electron: it proves our bundles and our use of the API, no more.
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === 'electron') return { url: new URL('./electron.ts', import.meta.url).href, shortCircuit: true };
    return nextResolve(specifier, context);
  },
});

Object.defineProperty(process.versions, 'electron', { value: 'stand-in', enumerable: true });
Object.defineProperty(process, 'defaultApp', { value: true });
