/** Image pools that are stores of a platform, and versions that lie in one. */
import type { Migration } from '../../migrate.ts';

const sql = `
alter table image_pool add column platform_id text;
alter table image_pool add column external_id text;
create unique index image_pool_by_store on image_pool (platform_id, external_id) where platform_id is not null;
alter table desktop_image_version add column stored_json text;
`;

export const platformPools: Migration = { version: 30, name: 'platform pools', sql };
