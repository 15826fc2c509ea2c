/** Where the files of a chain lie and how their paths are put together: this computer, or another place. Nothing reaches from one into the other. */
import { realpathSync } from 'node:fs';
import platformPaths, { posix, type PlatformPath } from 'node:path';
import type { DiskFile } from '../disk-engine.ts';
import { readError } from '../file-errors.ts';
import { FileSource, type FileSourceOptions } from '../file-source.ts';
import type { BlockSource } from '../sources/block-source.ts';

export interface FilePlace {
  readonly paths: Pick<PlatformPath, 'dirname' | 'isAbsolute' | 'relative' | 'sep'>;
  /** Whether `C:\…` is a path here. */
  readonly hasDrives: boolean;
  /** A full path for a name in a folder; what is not a full path here stays relative, and lies in no folder. */
  resolve(folder: string, name: string): string;
  open(path: string, signal?: AbortSignal): Promise<BlockSource>;
  /** @throws CodedError where it is not there or cannot be looked at */
  realPath(path: string, signal?: AbortSignal): Promise<string>;
}

export function placeOf({ place }: Pick<DiskFile, 'place'>, options: FileSourceOptions): FilePlace {
  if (place === undefined) return thisComputer(options);
  return {
    paths: posix,
    hasDrives: false,
    // Not `posix.resolve`: that would fill up from this process's folder.
    resolve: (folder, name) => posix.normalize(posix.isAbsolute(name) ? name : posix.join(folder, name)),
    open: (path, signal) => place.open(path, signal),
    realPath: (path, signal) => place.realPath(path, signal),
  };
}

function thisComputer(options: FileSourceOptions): FilePlace {
  return {
    paths: platformPaths,
    hasDrives: process.platform === 'win32',
    resolve: (folder, name) => platformPaths.resolve(folder, name),
    open: (path) => FileSource.open(path, options),
    realPath: (path) =>
      Promise.resolve().then(() => {
        try {
          return realpathSync(path);
        } catch (error) {
          throw readError(path, error);
        }
      }),
  };
}
