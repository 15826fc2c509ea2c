/** What people say about images, as columns that lists filter and sort by. */
import type { Migration } from '../../migrate.ts';

const sql = `
alter table image add column os_distro text;
alter table image add column login_user text;
alter table image add column credentials text not null default 'none';
alter table image add column is_golden text not null default 'no';
alter table image add column tenant text;
alter table image add column attributes_json text not null default '{}';
create index image_by_os_distro on image (os_distro);
create index image_by_login_user on image (login_user collate nocase);
create index image_by_credentials on image (credentials);
create index image_by_golden on image (is_golden);
create index image_by_tenant on image (tenant, platform_id, name collate nocase);
`;

export const imageBusiness: Migration = { version: 40, name: 'image-business', sql };
