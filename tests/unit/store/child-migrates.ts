/** Run as a process that its test kills: migrates a file by a step that works for very long. */
import Sqlite from 'better-sqlite3';
import { migrate } from '../../../src/main/store/migrate.ts';

const [path = ''] = process.argv.slice(2);
const db = new Sqlite(path);
db.function('said', (n: number) => {
  if (n === 20_000) process.stdout.write('working\n');
  return n;
});
const sql = `
  create table half_made (n, filler);
  insert into half_made with recursive n(i) as (select 1 union all select said(i) + 1 from n) select i, hex(zeroblob(200)) from n limit 100000000;`;
migrate(db, { kind: 'state', path, migrations: [{ version: 990, name: 'endless', sql }] }, 10);
