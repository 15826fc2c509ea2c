/** Where the app's own files lie, the same from source, from the bundle and inside a package. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (dirname(directory) === directory) throw new Error(`no package.json above ${from}`);
  }
}

export const appRoot = findRoot(import.meta.dirname);
export const rendererDirectory = join(appRoot, 'out', 'renderer');
export const preloadFile = join(appRoot, 'out', 'preload', 'index.cjs');
export const appVersion = (JSON.parse(readFileSync(join(appRoot, 'package.json'), 'utf8')) as { version: string }).version;
