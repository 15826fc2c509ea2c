/**
 * The inventory as last seen, and what of the state is projected onto its rows. Each list has an index for every column it sorts
 * by (an index ends with the row number, so a window is found without touching the rows) and a full-text table of trigrams.
 */
import type { Migration } from '../../migrate.ts';

/** Columns that both lists have. The long texts come last: SQLite then reads the short ones without them. */
export const listed = `
  row integer primary key,
  platform_id text not null,
  external_id text not null,
  id text not null unique,
  platform_name text not null,
  name text not null,
  os_family text not null,
  os_name text,
  boot_mode text not null,
  video_model text,
  virtual_bytes integer,
  actual_bytes integer,
  verdict text not null,
  fingerprint text not null,
  seen_at integer not null,
  first_seen_sync integer not null,
  last_seen_sync integer not null,
  missing_since integer,
  inspected_at integer,
  inspected_fingerprint text`;

export const texts = `
  record_json text not null,
  findings_json text not null,
  inspection_json text,
  inspection_error_json text,
  unique (platform_id, external_id)`;

/** The first one holds all that words are looked for in, so that a word too short for trigrams is found without the rows. */
export const listedSorts = [
  'name collate nocase, os_name, external_id', 'platform_id, name collate nocase, os_name, external_id', 'platform_name collate nocase',
  'os_name collate nocase', 'os_family', 'boot_mode', 'video_model', 'virtual_bytes', 'actual_bytes', 'verdict', 'seen_at', 'missing_since',
  'inspected_at',
];

export function indexes(table: string, columns: readonly string[]): string {
  return columns.map((column) => `create index ${table}_by_${column.replaceAll(/[^a-z]+/g, '_')} on ${table} (${column});`).join('\n');
}

/** The full-text table follows its list by triggers, so that no writer can forget it. */
export function fullText(table: string): string {
  const columns = 'name, os_name, external_id';
  const values = (row: 'new' | 'old'): string => `${row}.row, ${row}.name, ${row}.os_name, ${row}.external_id`;
  const remove = `insert into ${table}_fts (${table}_fts, rowid, ${columns}) values ('delete', ${values('old')});`;
  const add = `insert into ${table}_fts (rowid, ${columns}) values (${values('new')});`;
  return `
create virtual table ${table}_fts using fts5 (${columns}, content='${table}', content_rowid='row', tokenize='trigram');
create trigger ${table}_fts_added after insert on ${table} begin ${add} end;
create trigger ${table}_fts_removed after delete on ${table} begin ${remove} end;
create trigger ${table}_fts_changed after update on ${table}
  when old.name is not new.name or old.os_name is not new.os_name or old.external_id is not new.external_id or old.row is not new.row
  begin ${remove} ${add} end;`;
}

const sql = `
create table sync_run (
  id integer primary key autoincrement,
  platform_id text not null,
  started_at integer not null,
  ended_at integer,
  status text not null,
  is_complete integer not null default 0,
  seen integer not null default 0,
  added integer not null default 0,
  changed integer not null default 0,
  missing integer not null default 0,
  error_json text
) strict;
create index sync_run_by_platform on sync_run (platform_id, id);

create table platform_health (
  platform_id text primary key,
  status text not null,
  last_ok_at integer,
  last_try_at integer,
  version text,
  capabilities_json text not null default '{}',
  error_json text
) strict;

create table source_vm (${listed},
  power_state text not null,
  disk_count integer not null,
  snapshot_count integer not null,
  last_published_at integer,${texts}
) strict;
${indexes('source_vm', [...listedSorts, 'power_state', 'disk_count', 'snapshot_count', 'last_published_at'])}
${fullText('source_vm')}

create table image (${listed},
  form text not null,
  scope text not null,
  format text,${texts}
) strict;
${indexes('image', [...listedSorts, 'form', 'scope, name collate nocase', 'format'])}
${fullText('image')}
`;

export const cacheInitial: Migration = { version: 10, name: 'initial', sql };
