/**
 * Opens one database file in a store thread: pragmas, checks, the copy before a migration, and what happens to a file that
 * cannot be used. `state.sqlite` is never replaced; `cache.sqlite` is set aside and made anew.
 */
import { closeSync, existsSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import type { Message } from '../../shared/model/message.ts';
import { copyState } from './copy-state.ts';
import { damageMark, databasePath } from './data-files.ts';
import { cacheMigrations } from './migrations/cache.ts';
import { stateMigrations } from './migrations/state.ts';
import { migrate, readVersion, type MigrationPlan } from './migrate.ts';
import { packFailure } from './pack-failure.ts';
import type { DatabaseName, ThreadStart } from './protocol.ts';
import { pruneStateCopies, stateCopyPath } from './state-copies.ts';

const keptCopies = 3;
const keptSetAside = 1;

export interface OpenedDatabase {
  db: Database;
  path: string;
  /** What a person should be told about the opening. */
  notices: Message[];
}

function setPragmas(db: Database, name: DatabaseName): void {
  db.pragma('busy_timeout = 5000');
  db.pragma('foreign_keys = on');
  db.pragma('trusted_schema = off');
  db.pragma('cell_size_check = on');
  db.pragma(`synchronous = ${name === 'state' ? 'full' : 'normal'}`);
  // Twice the default page cache: the list queries of the cache walk whole indexes.
  db.pragma('cache_size = -16000');
  db.pragma('temp_store = memory');
  // A large sync leaves a large journal; it is cut back to this when it has been folded in.
  db.pragma('journal_size_limit = 67108864');
}

function planFor(directory: string, name: DatabaseName): MigrationPlan {
  return { kind: name, path: databasePath(directory, name), migrations: name === 'state' ? stateMigrations : cacheMigrations };
}

/** Removes all but the newest files whose names start with `prefix`; their names end in a time, so they sort by age. */
function keepNewest(directory: string, prefix: string, keep: number): void {
  const names = readdirSync(directory).filter((name) => name.startsWith(prefix) && !name.endsWith('.part')).sort();
  for (const name of names.slice(0, Math.max(0, names.length - keep))) rmSync(join(directory, name), { force: true });
}

function copyBeforeMigrating(db: Database, start: ThreadStart, version: number): void {
  copyState(db, stateCopyPath(start.directory, start.now, `v${version}`));
  pruneStateCopies(start.directory, ['migration'], { keep: keptCopies, now: start.now });
}

const sqliteHeaderBytes = 100;

function damaged(what: string): Error {
  return Object.assign(new Error(what), { code: 'SQLITE_CORRUPT' });
}

/**
 * A cache is only ever made after a state that holds its tables: a state file beside one that holds nothing has lost what was in it,
 * and must not become a first run. (Moved away altogether is another thing: the sentence about damage asks for that.)
 */
function isBesideCache(directory: string): boolean {
  return existsSync(databasePath(directory, 'state')) && existsSync(databasePath(directory, 'cache'));
}

function openWriter(start: ThreadStart, name: DatabaseName): Database {
  const plan = planFor(start.directory, name);
  const mustHold = name === 'state' && isBesideCache(start.directory);
  // Asked before SQLite opens it: beside an empty file it would remove the journal, which may be all that is left.
  const before = mustHold ? statSync(plan.path) : null;
  if (before?.isFile() === true && before.size < sqliteHeaderBytes) throw damaged('the file has no header');
  // Made first with its mode: SQLite gives its -wal and -shm files the mode of the main file.
  closeSync(openSync(plan.path, 'a', 0o600));
  const db = new Sqlite(plan.path);
  try {
    setPragmas(db, name);
    const version = readVersion(db, plan);
    if (mustHold && version === 0) throw damaged('the file holds no tables');
    if (name === 'state' && version > 0 && db.pragma('quick_check(1)', { simple: true }) !== 'ok') throw damaged('quick_check found damage');
    db.pragma('journal_mode = wal');
    if (name === 'state' && version > 0 && version < (plan.migrations.at(-1)?.version ?? 0)) copyBeforeMigrating(db, start, version);
    migrate(db, plan, version);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function setCacheAside(start: ThreadStart): void {
  const path = databasePath(start.directory, 'cache');
  const aside = `${path}.set-aside-${String(start.now).padStart(15, '0')}`;
  if (existsSync(path)) renameSync(path, aside);
  // Its journal belongs to the file that was moved; a new file must never be given an old one.
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  rmSync(damageMark(start.directory), { force: true });
  keepNewest(start.directory, 'cache.sqlite.set-aside-', keptSetAside);
}

/** Failures of the cache that a new file cures. */
const curedByNewFile = new Set(['STORE_CACHE_CORRUPT', 'STORE_NOT_OURS', 'STORE_FROM_FUTURE']);

function openCacheWriter(start: ThreadStart): { db: Database; notices: Message[] } {
  const path = databasePath(start.directory, 'cache');
  const isMarked = existsSync(damageMark(start.directory));
  if (!isMarked) {
    try {
      return { db: openWriter(start, 'cache'), notices: [] };
    } catch (error) {
      const { code } = packFailure(error, { database: 'cache', path });
      if (code === null || !curedByNewFile.has(code)) throw error;
    }
  }
  setCacheAside(start);
  return { db: openWriter(start, 'cache'), notices: [{ code: 'STORE_CACHE_REBUILT', params: { path } }] };
}

/** Opens a database for its thread's role. Throws what `packFailure` understands. */
export function openDatabase(start: ThreadStart, name: DatabaseName): OpenedDatabase {
  const path = databasePath(start.directory, name);
  if (start.role !== 'writer') {
    const db = new Sqlite(path, { readonly: true, fileMustExist: true });
    setPragmas(db, name);
    return { db, path, notices: [] };
  }
  if (name === 'cache') return { ...openCacheWriter(start), path };
  return { db: openWriter(start, name), path, notices: [] };
}
