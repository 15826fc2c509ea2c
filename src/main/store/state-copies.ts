/**
 * The copies of `state.sqlite` in the folder `backups`: their names, which there are, which are thrown away. Knows files, not SQLite.
 * A name says when a copy was made and why: `state-001764000000000-daily.sqlite`.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** `migration`: made before the tables were changed, by the version named in the file. */
export type StateCopyKind = 'daily' | 'manual' | 'migration';

export interface StateCopy {
  name: string;
  path: string;
  /** Epoch milliseconds. */
  at: number;
  bytes: number;
  kind: StateCopyKind;
}

const namePattern = /^state-(\d{15})-(daily|manual|v\d+)\.sqlite$/;

export function copiesDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'backups');
}

/** @param why `daily`, `manual`, or `v` and the version of the tables that a migration leaves */
export function stateCopyPath(dataDirectory: string, at: number, why: 'daily' | 'manual' | `v${number}`): string {
  mkdirSync(copiesDirectory(dataDirectory), { recursive: true, mode: 0o700 });
  return join(copiesDirectory(dataDirectory), `state-${String(at).padStart(15, '0')}-${why}.sqlite`);
}

/** What lies there, the newest first; other files are none of ours. */
export function listStateCopies(dataDirectory: string): StateCopy[] {
  const directory = copiesDirectory(dataDirectory);
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    // No folder yet, or one that cannot be read: there is no copy to be had.
    return [];
  }
  return names
    .flatMap((name): StateCopy[] => {
      const [, at, why] = namePattern.exec(name) ?? [];
      const file = statSync(join(directory, name), { throwIfNoEntry: false });
      if (at === undefined || file?.isFile() !== true) return [];
      const kind = why === 'daily' || why === 'manual' ? why : 'migration';
      return [{ name, path: join(directory, name), at: Number(at), bytes: file.size, kind }];
    })
    .sort((a, b) => b.at - a.at);
}

/**
 * Removes all but the newest `keep` copies of some kinds. Those that seem to come from the future (the clock was set back) go first:
 * what was made last must not be what is thrown away.
 */
export function pruneStateCopies(dataDirectory: string, kinds: readonly StateCopyKind[], { keep, now }: { keep: number; now: number }): void {
  const copies = listStateCopies(dataDirectory).filter(({ kind }) => kinds.includes(kind));
  const ordered = [...copies.filter(({ at }) => at <= now), ...copies.filter(({ at }) => at > now)];
  for (const { path } of ordered.slice(keep)) rmSync(path, { force: true });
}
