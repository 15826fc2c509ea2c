/** What people say about images and source VMs grows from the operating system alone to all business attributes; what was said stays. */
import type { Migration } from '../../migrate.ts';

const sql = `
create table business_attribute (
  platform_id text not null,
  subject_kind text not null,
  external_id text not null,
  name text,
  os_type text,
  os_distro text,
  login_user text,
  password_set_at integer,
  scope text,
  project_id text,
  is_golden integer not null default 0,
  updated_at integer not null,
  primary key (platform_id, subject_kind, external_id)
) strict;
create index business_attribute_by_name on business_attribute (platform_id, subject_kind, name);

insert into business_attribute (platform_id, subject_kind, external_id, os_type, os_distro, updated_at)
  select platform_id, subject_kind, external_id, case when os_family in ('windows', 'linux', 'other') then os_family end, os_distro, updated_at from os_attribute;
drop table os_attribute;
`;

export const businessAttributesOfState: Migration = { version: 20, name: 'business-attributes', sql };
