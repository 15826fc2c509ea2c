/**
 * What clouds tell beyond a folder: projects, instance sizes and pools, and the columns of images and source VMs that lists show of them.
 * The two lists are made anew around their rows, because added columns would come after the long texts, which every read would then cross.
 */
import type { Migration } from '../../migrate.ts';
import { fullText, indexes, listed, listedSorts, texts } from './0010-initial.ts';

const ofProjects = `
  project_id text,
  project_name text,
  status text`;

/** The columns that a row brings along. */
const kept = `row, platform_id, external_id, id, platform_name, name, os_family, os_name, boot_mode, video_model, virtual_bytes, actual_bytes, verdict, fingerprint,
  seen_at, first_seen_sync, last_seen_sync, missing_since, inspected_at, inspected_fingerprint, record_json, findings_json, inspection_json, inspection_error_json`;

function remake(table: string, own: string, ownKept: string, sorts: readonly string[]): string {
  return `
create table ${table}_before as select * from ${table};
drop table ${table};
drop table ${table}_fts;
create table ${table} (${listed},${ofProjects},${own},${texts}
) strict;
insert into ${table} (${kept}, ${ownKept}) select ${kept}, ${ownKept} from ${table}_before;
drop table ${table}_before;
${indexes(table, [...listedSorts, 'project_name collate nocase', 'status', ...sorts])}
${fullText(table)}
insert into ${table}_fts (${table}_fts) values ('rebuild');`;
}

const sql = `
${remake('source_vm', `
  power_state text not null,
  disk_count integer not null,
  snapshot_count integer not null,
  last_published_at integer,
  addresses text`, 'power_state, disk_count, snapshot_count, last_published_at', ['power_state', 'disk_count', 'snapshot_count', 'last_published_at', 'addresses'])}
${remake('image', `
  form text not null,
  scope text not null,
  format text,
  visibility text,
  updated_at integer`, 'form, scope, format', ['form', 'scope, name collate nocase', 'format', 'visibility', 'updated_at'])}

create table project (
  platform_id text not null,
  external_id text not null,
  name text not null,
  is_management integer not null,
  last_seen_sync integer not null,
  primary key (platform_id, external_id)
) strict;

create table instance_size (
  platform_id text not null,
  external_id text not null,
  name text not null,
  vcpus integer not null,
  memory_bytes integer not null,
  disk_bytes integer not null,
  last_seen_sync integer not null,
  primary key (platform_id, external_id)
) strict;

create table platform_pool (
  platform_id text not null,
  external_id text not null,
  name text not null,
  location text,
  free_bytes integer,
  total_bytes integer,
  file_types_json text not null,
  problem_json text,
  seen_at integer not null,
  last_seen_sync integer not null,
  primary key (platform_id, external_id)
) strict;

-- How far each list of a platform is known: its last complete listing, and the platform's own clock from which changes are still to be asked.
create table listing (
  platform_id text not null,
  list text not null,
  completed_at integer not null,
  changes_since integer,
  primary key (platform_id, list)
) strict;

alter table sync_run add column kind text not null default 'complete';
`;

export const platformLists: Migration = { version: 20, name: 'platform-lists', sql };
