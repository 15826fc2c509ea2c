/** Platforms as people configured them. Secrets are in the vault, what the platform said is in the cache. */
import { z } from 'zod';
import type { PlatformId } from '../../../shared/model/ids.ts';
import { platform, type Platform, type PlatformKind } from '../../../shared/model/platform.ts';
import type { PlatformTable } from '../schema-state.ts';
import type { StateSchema } from '../schema-state.ts';
import type { StoreDatabase } from '../store.ts';
import type { Selectable } from 'kysely';

export interface StoredPlatform {
  id: PlatformId;
  kind: PlatformKind;
  name: string;
  config: Platform['config'];
  environment: Platform['environment'];
  isReadOnly: boolean;
  isSample: boolean;
  createdAt: number;
}

const config = z.record(z.string(), z.json());

export class PlatformRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  /** In the order people gave them, then by name. */
  async list(): Promise<StoredPlatform[]> {
    return (await this.#db.read.selectFrom('platform').selectAll().orderBy('position').orderBy('name').execute()).map(toPlatform);
  }

  async find(id: PlatformId): Promise<StoredPlatform | null> {
    const row = await this.#db.read.selectFrom('platform').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toPlatform(row);
  }

  /** Names are compared without regard to ASCII case. */
  async findByName(name: string): Promise<StoredPlatform | null> {
    const row = await this.#db.read.selectFrom('platform').selectAll().where('name', '=', name).executeTakeFirst();
    return row === undefined ? null : toPlatform(row);
  }

  async add(stored: StoredPlatform): Promise<void> {
    await this.#db.write.insertInto('platform').values({
      id: stored.id, kind: stored.kind, name: stored.name, config_json: JSON.stringify(stored.config), env_label: stored.environment?.label ?? null,
      env_color: stored.environment?.color ?? null, is_read_only: stored.isReadOnly ? 1 : 0, is_sample: stored.isSample ? 1 : 0,
      created_at: stored.createdAt, updated_at: stored.createdAt,
    }).execute();
  }

  async update(id: PlatformId, change: Partial<Pick<StoredPlatform, 'name' | 'environment' | 'isReadOnly' | 'config'>>, at: number): Promise<void> {
    await this.#db.write.updateTable('platform').set({
      updated_at: at,
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.config === undefined ? {} : { config_json: JSON.stringify(change.config) }),
      ...(change.environment === undefined ? {} : { env_label: change.environment?.label ?? null, env_color: change.environment?.color ?? null }),
      ...(change.isReadOnly === undefined ? {} : { is_read_only: change.isReadOnly ? 1 : 0 }),
    }).where('id', '=', id).execute();
  }

  /** Also forgets what people said about its VMs and images: the ids mean nothing without it. */
  async remove(id: PlatformId): Promise<void> {
    await this.#db.write.transaction().execute(async (tx) => {
      await tx.deleteFrom('business_attribute').where('platform_id', '=', id).execute();
      await tx.deleteFrom('platform').where('id', '=', id).execute();
    });
  }
}

function toPlatform(row: Selectable<PlatformTable>): StoredPlatform {
  const environment = platform.shape.environment.safeParse(row.env_label === null ? null : { label: row.env_label, color: row.env_color });
  return {
    id: row.id, kind: row.kind, name: row.name, config: config.parse(JSON.parse(row.config_json)), environment: environment.data ?? null,
    isReadOnly: row.is_read_only === 1, isSample: row.is_sample === 1, createdAt: row.created_at,
  };
}
