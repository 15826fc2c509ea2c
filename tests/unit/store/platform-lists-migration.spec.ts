import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { migrate } from '../../../src/main/store/migrate.ts';
import { cacheInitial } from '../../../src/main/store/migrations/cache/0010-initial.ts';
import { platformLists } from '../../../src/main/store/migrations/cache/0020-platform-lists.ts';
import { freshDirectory } from './open.ts';

const row = `platform_id, external_id, id, platform_name, name, os_family, boot_mode, verdict, fingerprint, seen_at, first_seen_sync, last_seen_sync, record_json, findings_json`;

describe('the cache of the first version', () => {
  it('keeps its rows, their row numbers and what can be found in them', () => {
    const path = join(freshDirectory(), 'cache.sqlite');
    const db = new Sqlite(path);
    const plan = { kind: 'cache', path, migrations: [cacheInitial] } as const;
    migrate(db, plan, 0);
    const add = (table: string, columns: string, values: string): void => {
      db.exec(`insert into ${table} (row, ${row}, ${columns}) values (7, 'p', 'x', '${table}-1', 'P', '财务 gold', 'linux', 'uefi', 'ready', 'f', 1, 1, 1, '{}', '[]', ${values})`);
    };
    add('source_vm', 'power_state, disk_count, snapshot_count', "'stopped', 2, 1");
    add('image', 'form, scope, format', "'image', 'system', 'qcow2'");
    migrate(db, { ...plan, migrations: [cacheInitial, platformLists] }, 10);
    expect(db.pragma('user_version', { simple: true })).toBe(20);
    for (const table of ['source_vm', 'image']) {
      expect(db.prepare(`select row, id, name, project_name, status, record_json from ${table}`).all()).toEqual([
        { row: 7, id: `${table}-1`, name: '财务 gold', project_name: null, status: null, record_json: '{}' },
      ]);
      expect(db.prepare(`select rowid from ${table}_fts where ${table}_fts match '"gold"'`).all()).toEqual([{ rowid: 7 }]);
      // The full-text table still follows its list.
      db.exec(`update ${table} set name = 'silver' where row = 7`);
      expect(db.prepare(`select rowid from ${table}_fts where ${table}_fts match '"gold"'`).all()).toEqual([]);
    }
    expect(db.prepare('select disk_count, addresses from source_vm').get()).toEqual({ disk_count: 2, addresses: null });
    expect(db.prepare('select form, visibility from image').get()).toEqual({ form: 'image', visibility: null });
    db.close();
  });
});
