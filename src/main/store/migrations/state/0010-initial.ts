/** What must never be lost: platforms, secrets (encrypted), runs, pools, flavors, desktop images, what people decided. */
import type { Migration } from '../../migrate.ts';

const sql = `
create table platform (
  id text primary key,
  kind text not null,
  name text not null collate nocase unique,
  config_json text not null,
  env_label text,
  env_color text,
  is_read_only integer not null default 0,
  is_sample integer not null default 0,
  position integer not null default 0,
  created_at integer not null,
  updated_at integer not null
) strict;

create table vault_slot (
  kind text primary key,
  wrapped_key blob not null,
  params_json text not null,
  created_at integer not null
) strict;

create table secret (
  owner_kind text not null,
  owner_id text not null,
  name text not null,
  nonce blob not null,
  ciphertext blob not null,
  tag blob not null,
  created_at integer not null,
  primary key (owner_kind, owner_id, name)
) strict, without rowid;

create table workflow_plan (
  id text primary key,
  type text not null,
  version integer not null,
  request_json text not null,
  draft_json text not null,
  created_by text not null,
  created_at integer not null,
  expires_at integer not null
) strict;
create index workflow_plan_by_expiry on workflow_plan (expires_at);

create table workflow_run (
  row integer primary key,
  id text not null unique,
  plan_id text not null unique,
  type text not null,
  version integer not null,
  status text not null,
  title_json text not null,
  request_json text not null,
  plan_json text not null,
  subject_json text,
  subject_name text collate nocase,
  result_json text,
  dedup_key text,
  pending_json text,
  answers_json text not null default '{}',
  progress_json text,
  cancel_requested_at integer,
  resumes integer not null default 0,
  resumed_at_fraction real,
  boot_id text,
  error_json text,
  created_by text not null,
  created_at integer not null,
  started_at integer,
  ended_at integer
) strict;
create index workflow_run_by_creation on workflow_run (created_at);
create index workflow_run_by_status on workflow_run (status);
create index workflow_run_by_type on workflow_run (type);
create index workflow_run_by_subject on workflow_run (subject_name);
create unique index workflow_run_live_dedup on workflow_run (dedup_key)
  where dedup_key is not null and status not in ('succeeded', 'failed', 'cancelled');

create table workflow_step (
  run_id text not null references workflow_run (id) on delete cascade,
  seq integer not null,
  key text not null,
  status text not null,
  attempt integer not null default 0,
  intent_json text,
  output_json text,
  error_json text,
  started_at integer,
  ended_at integer,
  primary key (run_id, seq),
  unique (run_id, key)
) strict;

create table workflow_event (
  id integer primary key autoincrement,
  run_id text not null references workflow_run (id) on delete cascade,
  step_key text,
  at integer not null,
  message_json text not null
) strict;
create index workflow_event_by_run on workflow_event (run_id, id);

create table workflow_artifact (
  row integer primary key,
  id text not null unique,
  run_id text not null references workflow_run (id) on delete cascade,
  step_key text not null,
  kind text not null,
  description_json text not null,
  ref_json text not null,
  status text not null,
  at integer not null
) strict;
create index workflow_artifact_by_run on workflow_artifact (run_id, row);

create table resource_lock (
  resource text primary key,
  run_id text not null references workflow_run (id) on delete cascade
) strict, without rowid;
create index resource_lock_by_run on resource_lock (run_id);

create table image_pool (
  id text primary key,
  name text not null collate nocase unique,
  path text not null unique,
  is_sample integer not null default 0,
  marker text,
  created_at integer not null
) strict;

create table flavor (
  id text primary key,
  name text not null collate nocase unique,
  architecture text not null,
  endpoint_models_json text not null,
  vcpus integer not null,
  memory_bytes integer not null,
  system_disk_bytes integer not null,
  data_disk_bytes integer not null,
  is_built_in integer not null default 0
) strict;

create table desktop_image (
  id text primary key,
  pool_id text not null references image_pool (id),
  name text not null collate nocase,
  architecture text not null,
  origin_key text not null,
  last_number integer not null default 0,
  created_at integer not null,
  unique (pool_id, name)
) strict;

create table desktop_image_version (
  id text primary key,
  desktop_image_id text not null references desktop_image (id) on delete cascade,
  number integer not null,
  is_current integer not null,
  file_type text not null,
  vhd_variant text,
  file_name text not null,
  virtual_bytes integer not null,
  actual_bytes integer not null,
  configure_json text,
  source_json text not null,
  os_json text not null,
  boot_mode text not null,
  video_model text,
  published_by text not null,
  published_at integer not null,
  run_id text not null,
  fast_identity_json text not null,
  content_identity_json text,
  verification_json text,
  unique (desktop_image_id, number)
) strict;
create unique index desktop_image_version_current on desktop_image_version (desktop_image_id) where is_current = 1;

create table lineage (
  vm_platform_id text not null,
  vm_external_id text not null,
  version_id text not null references desktop_image_version (id) on delete cascade,
  created_at integer not null,
  primary key (vm_platform_id, vm_external_id)
) strict;
create index lineage_by_version on lineage (version_id);

create table os_attribute (
  platform_id text not null,
  subject_kind text not null,
  external_id text not null,
  os_family text,
  os_type text,
  os_distro text,
  updated_at integer not null,
  primary key (platform_id, subject_kind, external_id)
) strict;

create table saved_view (
  id text primary key,
  list text not null,
  name text not null,
  query_json text not null,
  position integer not null default 0,
  created_at integer not null
) strict;

create table setting (
  key text primary key,
  json text not null
) strict;

create table audit (
  id integer primary key autoincrement,
  at integer not null,
  actor text not null,
  action text not null,
  target text not null,
  outcome text not null,
  run_id text
) strict;
create index audit_by_time on audit (at);
`;

export const stateInitial: Migration = { version: 10, name: 'initial', sql };
