/** `files.*`: the host-side picker. Hands out grants for what a person can see there; no page ever names a path to act on. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import type { Dirent } from 'node:fs';
import type { CommandOutput } from '../../../shared/contract/commands.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { systemReason } from '../../diagnostics/system-reason.ts';
import type { FileGrants } from '../file-grants.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export interface FilesDeps {
  grants: FileGrants;
  dataDirectory: string;
}

type Browsed = CommandOutput<'files.browse'>;
type Place = Browsed['places'][number];

const maxEntries = 2000;

/** `~` is understood, because people type it; everything else must be absolute. */
function readPath(path: string): string {
  const expanded = path === '~' || path.startsWith('~/') || path.startsWith('~\\') ? join(homedir(), path.slice(1)) : path;
  if (expanded.includes('\0') || !isAbsolute(expanded)) throw new AppError('FILE_PATH_NOT_ABSOLUTE', { path: path.replaceAll('\0', '?') });
  return normalize(expanded);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // A place that this machine does not have, or that may not be looked at, is no place to offer.
    return false;
  }
}

/** Directories in which removable media appear. */
function mediaRoots(): string[] {
  if (process.platform === 'win32') return [];
  if (process.platform === 'darwin') return ['/Volumes'];
  const { username } = userInfo();
  return [`/media/${username}`, `/run/media/${username}`, '/media', '/mnt'];
}

async function mountedMedia(): Promise<Place[]> {
  const places: Place[] = [];
  const roots = mediaRoots();
  for (const root of roots) {
    const entries = (await isDirectory(root)) ? await readdir(root, { withFileTypes: true }).catch(() => []) : [];
    for (const entry of entries) {
      const path = join(root, entry.name);
      if (entry.isDirectory() && !roots.includes(path)) places.push({ name: entry.name, path });
    }
  }
  if (process.platform === 'win32') {
    for (const letter of 'CDEFGHIJKLMNOPQRSTUVWXYZ') {
      const path = `${letter}:\\`;
      if (await isDirectory(path)) places.push({ name: `${letter}:`, path });
    }
  }
  return places;
}

async function places(dataDirectory: string): Promise<Place[]> {
  const home = homedir();
  const found: Place[] = [
    { name: basename(home), path: home },
    ...(await mountedMedia()),
    { name: 'Goldpress', path: dataDirectory },
    ...(process.platform === 'win32' ? [] : [{ name: '/', path: '/' }]),
  ];
  return found.filter((place, index) => found.findIndex((other) => other.path === place.path) === index);
}

/** Reads a directory. The sentence says which of the usual reasons it is. */
async function readDirectory(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new AppError('FILE_NOT_THERE', { path }, { cause: error });
    if (code === 'ENOTDIR') throw new AppError('FILE_NOT_A_DIRECTORY', { path }, { cause: error });
    throw new AppError('FILE_NOT_READABLE', { path, reason: systemReason(error) }, { cause: error });
  }
}

type Entry = Browsed['entries'][number];

async function describe(directory: string, found: Dirent, grants: FileGrants): Promise<Entry | null> {
  const path = join(directory, found.name);
  try {
    const info = await stat(path);
    if (!info.isDirectory() && !info.isFile()) return null;
    return {
      name: found.name,
      kind: info.isDirectory() ? 'directory' : 'file',
      sizeBytes: info.isFile() ? info.size : null,
      modifiedAt: Math.round(info.mtimeMs),
      grantId: grants.issue(path),
    };
  } catch {
    // A dangling link, or something that went away while it was listed: nothing to choose.
    return null;
  }
}

/** A name for a new file: one component, on every system, and never one that means another place. */
function checkNewName(name: string): void {
  if (name === '.' || name === '..' || /[/\\\u0000-\u001f]/.test(name) || name.trim() === '') throw new AppError('FILE_NAME_INVALID', { name });
}

export function filesHandlers({ grants, dataDirectory }: FilesDeps): Handlers<AreaCommands<'files'>> {
  return {
    'files.browse': async ({ path, purpose }, { signal }) => {
      const directory = path === null ? homedir() : readPath(path);
      const listed = (await readDirectory(directory)).filter((entry) => !entry.name.startsWith('.'));
      const collator = new Intl.Collator(undefined, { numeric: true });
      const shown = listed
        .filter((entry) => purpose !== 'directory' || entry.isDirectory() || entry.isSymbolicLink())
        .sort((a, b) => Number(b.isDirectory()) - Number(a.isDirectory()) || collator.compare(a.name, b.name))
        .slice(0, maxEntries);
      const entries: Entry[] = [];
      for (const found of shown) {
        signal.throwIfAborted();
        const entry = await describe(directory, found, grants);
        if (entry !== null && (purpose !== 'directory' || entry.kind === 'directory')) entries.push(entry);
      }
      const parent = dirname(directory);
      return {
        path: directory,
        parent: parent === directory ? null : parent,
        self: { grantId: grants.issue(directory), path: directory },
        places: await places(dataDirectory),
        entries: entries.sort((a, b) => Number(b.kind === 'directory') - Number(a.kind === 'directory')),
        isTruncated: listed.length > maxEntries,
      };
    },
    'files.grantNew': async ({ directory, name }) => {
      checkNewName(name);
      const parent = grants.resolve(directory);
      if (!(await isDirectory(parent))) throw new AppError('FILE_NOT_A_DIRECTORY', { path: parent });
      const path = join(await realpath(parent), name);
      return { grantId: grants.issue(path), path };
    },
    'files.grantPath': ({ path }) => {
      const absolute = readPath(path);
      return Promise.resolve({ grantId: grants.issue(absolute), path: absolute });
    },
  };
}
