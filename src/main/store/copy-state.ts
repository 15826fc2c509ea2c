/**
 * Copies `state.sqlite` while it is in use, and puts a copy back in its place. A copy counts only once it has been opened and found
 * whole; nothing is ever overwritten that has not been set aside.
 */
import { chmodSync, closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { databasePath, markCacheDamaged } from './data-files.ts';
import { stateMigrations } from './migrations/state.ts';
import { readVersion } from './migrate.ts';
import { listStateCopies, type StateCopy } from './state-copies.ts';

/** Runs that a copy holds belong to another time: the next start asks a person about each before it touches anything. */
export const restoredSetting = 'state.wasRestored';

function flush(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** @throws where the file is damaged, not ours, or from a newer version. */
export function checkStateCopy(path: string): void {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true });
  try {
    const isWhole = readVersion(db, { kind: 'state', path, migrations: stateMigrations }) > 0 && db.pragma('quick_check(1)', { simple: true }) === 'ok';
    if (!isWhole) throw Object.assign(new Error('quick_check found damage'), { code: 'SQLITE_CORRUPT' });
  } finally {
    db.close();
  }
}

/** The newest copy that is whole; null where there is none. */
export function findGoodCopy(dataDirectory: string): StateCopy | null {
  const isGood = ({ path }: StateCopy): boolean => {
    try {
      checkStateCopy(path);
      return true;
    } catch {
      // Damaged like the original, or of a newer version: the next older one may be better.
      return false;
    }
  };
  return listStateCopies(dataDirectory).find(isGood) ?? null;
}

/** Copies what the connection reads. In WAL mode reading stops no writer, so this may take as long as it takes. */
export function copyState(db: Database, target: string): void {
  const part = `${target}.part`;
  rmSync(part, { force: true });
  try {
    db.prepare('vacuum into ?').run(part);
    chmodSync(part, 0o600);
    checkStateCopy(part);
    flush(part);
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/**
 * Puts a copy in the place of `state.sqlite`. What was there is set aside beside it; the inventory is read anew from the platforms.
 * The caller holds the data directory's lock. @returns where the old file is now, null where there was none
 * @throws what `checkStateCopy` throws, before anything was changed
 */
export function restoreState(dataDirectory: string, copy: string, now: number): string | null {
  const path = databasePath(dataDirectory, 'state');
  const incoming = `${path}.restoring`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${incoming}${suffix}`, { force: true });
  copyFileSync(copy, incoming);
  chmodSync(incoming, 0o600);
  checkStateCopy(incoming);
  const db = new Sqlite(incoming);
  try {
    db.prepare('insert or replace into setting (key, json) values (?, ?)').run(restoredSetting, 'true');
  } finally {
    db.close();
  }
  flush(incoming);
  const isThere = existsSync(path);
  const aside = `${path}.damaged-${String(now).padStart(15, '0')}`;
  // The old file stays in its place until the new one takes it: a crash in between finds the damage again, not a first run.
  if (isThere) copyFileSync(path, aside);
  // Its journal belongs to the file that goes; a new file must never be given an old one.
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
  rmSync(`${path}-shm`, { force: true });
  renameSync(incoming, path);
  markCacheDamaged(dataDirectory);
  return isThere ? aside : null;
}
