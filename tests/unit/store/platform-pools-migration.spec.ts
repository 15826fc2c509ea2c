import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { migrate } from '../../../src/main/store/migrate.ts';
import { stateMigrations } from '../../../src/main/store/migrations/state.ts';
import { ImagePoolRepository } from '../../../src/main/store/repositories/image-pool.repo.ts';
import type { ImagePoolId, PlatformId } from '../../../src/shared/model/ids.ts';
import { freshDirectory, open } from './open.ts';

it('keeps the pools that are directories, and takes stores of platforms beside them', async () => {
  const directory = freshDirectory();
  const path = join(directory, 'state.sqlite');
  const old = new Sqlite(path);
  migrate(old, { kind: 'state', path, migrations: stateMigrations.filter(({ version }) => version < 30) }, 0);
  old.exec("insert into image_pool (id, name, path, created_at) values ('pool-1', 'Main', '/pool', 1)");
  old.close();
  const pools = new ImagePoolRepository((await open(directory)).state);
  expect(await pools.find('pool-1' as ImagePoolId)).toMatchObject({ name: 'Main', path: '/pool', store: null });
  const store = { platformId: 'p' as PlatformId, externalId: 's' };
  const made = { id: 'pool-2' as ImagePoolId, name: 'Cloud / s', path: 'platform:p/s', isSample: false, marker: null, store, createdAt: 2 };
  await pools.add(made);
  await pools.add(made);
  expect((await pools.list()).map((pool) => pool.store)).toEqual([store, null]);
});
