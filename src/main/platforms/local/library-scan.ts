/**
 * The walk over a library's folder: which files are there and what their names say. Bounded in depth and number, links to folders
 * not followed, and whatever could not be looked at is told, because a listing with a hole must not make VMs vanish.
 */
import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import { isSkippedFolder, roleOf } from './file-names.ts';

export interface ScanLimits {
  maxDepth: number;
  /** Entries of any kind, over the whole walk. */
  maxEntries: number;
}

export const defaultScanLimits: ScanLimits = { maxDepth: 12, maxEntries: 400_000 };

/** One folder with what lies in it; names only. */
export interface ScannedFolder {
  path: string;
  definitions: string[];
  ovfs: string[];
  archives: string[];
  disks: string[];
  documents: string[];
  unfinished: string[];
}

export interface ScanResult {
  folders: Map<string, ScannedFolder>;
  /** Why the result is not the whole library; empty = it is. */
  holes: AppError[];
}

/**
 * Walks the folder breadth first.
 * @param root absolute, links resolved
 * @throws `LIBRARY_NOT_THERE` when the root itself cannot be read; deeper trouble becomes a hole
 */
export async function scanLibrary(root: string, signal: AbortSignal, limits: ScanLimits = defaultScanLimits): Promise<ScanResult> {
  const result: ScanResult = { folders: new Map(), holes: [] };
  let level = [root];
  let entries = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const path of level) {
      signal.throwIfAborted();
      const folder = emptyFolder(path);
      try {
        for await (const entry of await opendir(path, { bufferSize: 256 })) {
          entries += 1;
          if (entries > limits.maxEntries) {
            result.holes.push(new AppError('LIBRARY_TOO_LARGE', { folder: root, limit: limits.maxEntries }));
            result.folders.set(path, folder);
            return result;
          }
          if (entries % 1000 === 0) signal.throwIfAborted();
          if (entry.isDirectory()) {
            if (!isSkippedFolder(entry.name)) next.push(join(path, entry.name));
          } else addFile(folder, entry);
        }
      } catch (error) {
        if (signal.aborted) throw error;
        if (path === root) throw new AppError('LIBRARY_UNREADABLE', { folder: root }, { cause: error, isRetryable: true });
        result.holes.push(new AppError('LIBRARY_FOLDER_UNREADABLE', { folder: path }, { cause: error }));
      }
      result.folders.set(path, folder);
    }
    const tooDeep = depth === limits.maxDepth ? next[0] : undefined;
    if (tooDeep !== undefined) {
      result.holes.push(new AppError('LIBRARY_TOO_DEEP', { folder: tooDeep, limit: limits.maxDepth }));
      return result;
    }
    level = next;
  }
  return result;
}

/** One folder alone; empty when it cannot be read, because then it has nothing to offer. */
export async function readFolder(path: string, signal: AbortSignal): Promise<ScannedFolder> {
  const folder = emptyFolder(path);
  try {
    for await (const entry of await opendir(path, { bufferSize: 256 })) addFile(folder, entry);
  } catch (error) {
    if (signal.aborted) throw error;
  }
  return folder;
}

function emptyFolder(path: string): ScannedFolder {
  return { path, definitions: [], ovfs: [], archives: [], disks: [], documents: [], unfinished: [] };
}

/**
 * A link to a file counts only through what refers to it: the file itself is found where it lies, and a link out of the library
 * must not bring a foreign file in.
 */
function addFile(folder: ScannedFolder, entry: Dirent): void {
  if (!entry.isFile()) return;
  switch (roleOf(entry.name)) {
    case 'definition': folder.definitions.push(entry.name); break;
    case 'ovf': folder.ovfs.push(entry.name); break;
    case 'archive': folder.archives.push(entry.name); break;
    case 'disk': folder.disks.push(entry.name); break;
    case 'document': folder.documents.push(entry.name); break;
    case 'unfinished': folder.unfinished.push(entry.name); break;
    case 'other': break;
  }
}
