import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { migrate, readVersion, type Migration } from '../../../src/main/store/migrate.ts';
import { cacheMigrations } from '../../../src/main/store/migrations/cache.ts';
import { stateMigrations } from '../../../src/main/store/migrations/state.ts';
import { freshDirectory, open } from './open.ts';

function damageMiddle(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 4096, 4096 * 6);
  writeFileSync(path, bytes);
}

async function filled(directory: string): Promise<void> {
  const store = await open(directory);
  await store.state.write.insertInto('setting').values({ key: 'kept', json: '"yes"' }).execute();
  await store.cache.write.insertInto('platform_health').values({ platform_id: 'p' as never, status: 'ok', last_ok_at: 1, last_try_at: 1, version: null, error_json: null }).execute();
  await store.close();
}

describe('opening a store', () => {
  it('makes both files, readable by their owner only', async () => {
    const directory = freshDirectory();
    await filled(directory);
    if (process.platform !== 'win32') {
      for (const name of ['state.sqlite', 'cache.sqlite']) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
    }
    const again = await open(directory);
    expect(await again.state.read.selectFrom('setting').selectAll().execute()).toHaveLength(1);
    expect(again.notices).toEqual([]);
  });

  it('works in a path with spaces and Chinese', async () => {
    const directory = join(freshDirectory(), '数据 目录 #1%20?');
    await filled(directory);
    expect(existsSync(join(directory, 'state.sqlite'))).toBe(true);
  });

  it('sets the pragmas that the house demands', async () => {
    const directory = freshDirectory();
    await filled(directory);
    const db = new Sqlite(join(directory, 'state.sqlite'), { readonly: true });
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('user_version', { simple: true })).toBe(stateMigrations.at(-1)?.version);
    db.close();
  });

  it('refuses state from a newer version and changes nothing in it', async () => {
    const directory = freshDirectory();
    await filled(directory);
    const path = join(directory, 'state.sqlite');
    const db = new Sqlite(path);
    db.pragma('user_version = 990');
    db.close();
    const before = readFileSync(path);
    await expect(open(directory)).rejects.toMatchObject({ code: 'STORE_FROM_FUTURE', params: { found: 990, path } });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('refuses a foreign database', async () => {
    const directory = freshDirectory();
    const db = new Sqlite(join(directory, 'state.sqlite'));
    db.exec('create table addresses (a)');
    db.close();
    await expect(open(directory)).rejects.toMatchObject({ code: 'STORE_NOT_OURS' });
  });

  it.each([
    ['a text file', (path: string) => writeFileSync(path, 'this is no database '.repeat(500))],
    ['pages of rubbish', damageMiddle],
    ['a file cut short', (path: string) => truncateSync(path, 5000)],
    ['a file without a byte', (path: string) => truncateSync(path, 0)],
    ['a file of less than a header', (path: string) => truncateSync(path, 40)],
    ['a database without a table', (path: string) => {
      rmSync(path);
      const db = new Sqlite(path);
      db.exec('create table gone (a); drop table gone');
      db.close();
    }],
  ])('says what to do about damaged state (%s) and never overwrites it', async (_name, damage) => {
    const directory = freshDirectory();
    await filled(directory);
    const path = join(directory, 'state.sqlite');
    damage(path);
    const before = readFileSync(path);
    await expect(open(directory)).rejects.toMatchObject({ code: 'STORE_CORRUPT', params: { path } });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('goes on with a first run that ended before anything was in its files', async () => {
    const directory = freshDirectory();
    writeFileSync(join(directory, 'state.sqlite'), '');
    const store = await open(directory);
    expect(store.notices).toEqual([]);
  });

  it('starts empty when the damaged state was moved away, as its sentence says', async () => {
    const directory = freshDirectory();
    await filled(directory);
    for (const name of readdirSync(directory)) if (name.startsWith('state.sqlite')) rmSync(join(directory, name));
    const store = await open(directory);
    expect(await store.state.read.selectFrom('setting').selectAll().execute()).toEqual([]);
  });

  it.each([
    ['a text file', (path: string) => writeFileSync(path, 'this is no database '.repeat(500))],
    ['a newer version', (path: string) => {
      const db = new Sqlite(path);
      db.pragma('user_version = 990');
      db.close();
    }],
    ['a foreign database', (path: string) => {
      rmSync(path);
      const db = new Sqlite(path);
      db.exec('create table addresses (a)');
      db.close();
    }],
  ])('sets an unusable cache aside (%s), keeps one, and loses no state', async (_name, damage) => {
    const directory = freshDirectory();
    await filled(directory);
    for (const now of [1_700_000_000_001, 1_700_000_000_002]) {
      damage(join(directory, 'cache.sqlite'));
      const store = await open(directory, undefined, now);
      expect(store.notices).toMatchObject([{ code: 'STORE_CACHE_REBUILT' }]);
      expect(await store.cache.read.selectFrom('platform_health').selectAll().execute()).toEqual([]);
      expect(await store.state.read.selectFrom('setting').selectAll().execute()).toHaveLength(1);
      await store.close();
    }
    expect(readdirSync(directory).filter((name) => name.includes('set-aside'))).toHaveLength(1);
  });

  it('makes a new cache at the next start when damage shows while it is used', async () => {
    const directory = freshDirectory();
    const first = await open(directory);
    await first.close();
    const path = join(directory, 'cache.sqlite');
    const db = new Sqlite(path, { readonly: true });
    const page = Number(db.prepare("select rootpage from sqlite_schema where name = 'platform_health'").pluck().get());
    const pageBytes = Number(db.pragma('page_size', { simple: true }));
    db.close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, (page - 1) * pageBytes, page * pageBytes);
    writeFileSync(path, bytes);

    const second = await open(directory);
    await expect(second.cache.read.selectFrom('platform_health').selectAll().execute()).rejects.toMatchObject({ code: 'STORE_CACHE_CORRUPT' });
    await second.close();

    const third = await open(directory);
    expect(third.notices).toMatchObject([{ code: 'STORE_CACHE_REBUILT' }]);
    expect(await third.cache.read.selectFrom('platform_health').selectAll().execute()).toEqual([]);
  });

  it('does not take over the journal of a cache that was set aside', async () => {
    const directory = freshDirectory();
    await filled(directory);
    writeFileSync(join(directory, 'cache.sqlite'), 'rubbish '.repeat(1000));
    writeFileSync(join(directory, 'cache.sqlite-wal'), 'rubbish '.repeat(1000));
    const store = await open(directory);
    expect(await store.cache.read.selectFrom('platform_health').selectAll().execute()).toEqual([]);
  });

  it('says that a directory cannot be used', async () => {
    const directory = join(freshDirectory(), 'file');
    writeFileSync(directory, '');
    await expect(open(directory)).rejects.toMatchObject({ code: 'STORE_NO_ACCESS' });
    const taken = freshDirectory();
    mkdirSync(join(taken, 'state.sqlite'));
    await expect(open(taken)).rejects.toMatchObject({ code: 'STORE_NO_ACCESS' });
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('says that a directory may not be written', async () => {
    const directory = freshDirectory();
    chmodSync(directory, 0o500);
    await expect(open(directory)).rejects.toMatchObject({ code: 'STORE_NO_ACCESS' });
    chmodSync(directory, 0o700);
  });

  it('keeps three copies of state from before migrations', async () => {
    const directory = freshDirectory();
    await filled(directory);
    for (let now = 1; now <= 5; now += 1) {
      // A database of an older version, as this program finds it after an update.
      const db = new Sqlite(join(directory, 'state.sqlite'));
      db.pragma('foreign_keys = off');
      db.pragma('user_version = 5');
      const tables = db.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> 'setting'").pluck().all();
      for (const table of tables) db.exec(`drop table ${String(table)}`);
      db.close();
      const store = await open(directory, undefined, now).catch((error: unknown) => error);
      // The step cannot make the table that is there: the file stays as it was, and its copy exists.
      expect(store).toBeInstanceOf(Error);
    }
    const copies = readdirSync(join(directory, 'backups'));
    expect(copies).toHaveLength(3);
    const copy = new Sqlite(join(directory, 'backups', copies.at(-1) ?? ''), { readonly: true });
    expect(copy.prepare('select * from setting').all()).toEqual([{ key: 'kept', json: '"yes"' }]);
    copy.close();
  });
});

describe('migrations', () => {
  const first: Migration = { version: 10, name: 'first', sql: 'create table a (x); insert into a values (1);' };
  const second: Migration = { version: 20, name: 'second', sql: 'alter table a add column y; create table b (z);' };
  const broken: Migration = { version: 30, name: 'broken', sql: 'create table c (x); create table b (again);' };
  const plan = (migrations: readonly Migration[]) => ({ kind: 'state' as const, path: ':memory:', migrations });

  it.each([['state', stateMigrations], ['cache', cacheMigrations]])('of %s grow by ten and are named', (_name, migrations) => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_step, index) => (index + 1) * 10));
  });

  it('run from nothing and from any version, once', () => {
    const db = new Sqlite(':memory:');
    expect(migrate(db, plan([first]), readVersion(db, plan([first])))).toBe(true);
    expect(migrate(db, plan([first, second]), readVersion(db, plan([first, second])))).toBe(true);
    expect(migrate(db, plan([first, second]), readVersion(db, plan([first, second])))).toBe(false);
    expect(db.prepare('select x, y from a').all()).toEqual([{ x: 1, y: null }]);
    expect(readVersion(db, plan([first, second]))).toBe(20);
  });

  it('leave the file as it was when one of them fails, with all that went before it', () => {
    const db = new Sqlite(':memory:');
    migrate(db, plan([first]), 0);
    expect(() => migrate(db, plan([first, second, broken]), 10)).toThrow('already exists');
    expect(readVersion(db, plan([first]))).toBe(10);
    expect(db.prepare("select name from sqlite_schema where type = 'table'").all()).toEqual([{ name: 'a' }]);
  });
});
