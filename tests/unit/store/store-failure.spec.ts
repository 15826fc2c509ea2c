import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { packFailure } from '../../../src/main/store/pack-failure.ts';
import { unpackFailure } from '../../../src/main/store/store-failure.ts';
import { freshDirectory } from './open.ts';

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

function fileWith(sql: string): string {
  const path = join(freshDirectory(), 'some.sqlite');
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
  return path;
}

/** What SQLite really throws in each case. */
const cases: [string, string, boolean, () => unknown][] = [
  ['a full disk', 'STORE_DISK_FULL', false, () => {
    const db = new Sqlite(':memory:');
    db.exec('create table t (x)');
    db.pragma('max_page_count = 2');
    return caught(() => db.exec('insert into t values (zeroblob(100000))'));
  }],
  ['a read-only file', 'STORE_READ_ONLY', false, () => {
    const db = new Sqlite(fileWith('create table t (x)'), { readonly: true });
    return caught(() => db.exec('insert into t values (1)'));
  }],
  ['another writer', 'STORE_BUSY', true, () => {
    const path = fileWith('create table t (x)');
    const [holder, other] = [new Sqlite(path), new Sqlite(path, { timeout: 0 })] as [Database, Database];
    holder.exec('begin exclusive');
    const error = caught(() => other.exec('insert into t values (1)'));
    holder.exec('rollback');
    return error;
  }],
  ['no file', 'STORE_NO_ACCESS', false, () => {
    const path = fileWith('create table t (x)');
    rmSync(path);
    return caught(() => new Sqlite(path, { readonly: true, fileMustExist: true }));
  }],
  ['a duplicate', 'STORE_CONFLICT', false, () => {
    const db = new Sqlite(':memory:');
    db.exec('create table t (x unique); insert into t values (1)');
    return caught(() => db.exec('insert into t values (1)'));
  }],
];

describe('what SQLite says', () => {
  it.each(cases)('of %s becomes %s, with the path and the cause', (_name, code, isRetryable, provoke) => {
    const failure = unpackFailure(structuredClone(packFailure(provoke(), { database: 'state', path: '/data/state.sqlite' })));
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ code, isRetryable });
    expect(failure.cause).toMatchObject({ code: expect.stringContaining('SQLITE_') as string });
  });

  it('tells a damaged cache from damaged state', () => {
    const damage = Object.assign(new Error('malformed'), { code: 'SQLITE_CORRUPT_INDEX' });
    expect(packFailure(damage, { database: 'state', path: 's' }).code).toBe('STORE_CORRUPT');
    expect(packFailure(damage, { database: 'cache', path: 'c' }).code).toBe('STORE_CACHE_CORRUPT');
  });

  it('of a mistake of ours stays a plain error: no sentence is made up for it', () => {
    const db = new Sqlite(':memory:');
    const failure = unpackFailure(packFailure(caught(() => db.exec('selekt')), { database: 'state', path: 's' }));
    expect(failure).not.toBeInstanceOf(AppError);
    expect(failure.message).toContain('syntax error');
  });
});
