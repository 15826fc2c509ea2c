/** Settings by key, as JSON. What a key means and its default belong to whoever reads it. */
import type { Json } from '../../workflows/engine/definition.ts';
import type { StateSchema } from '../schema-state.ts';
import type { StoreDatabase } from '../store.ts';

export class SettingsRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  /** Null when it was never set. The caller checks the shape: an older version may have written it. */
  async get(key: string): Promise<Json> {
    const row = await this.#db.read.selectFrom('setting').select('json').where('key', '=', key).executeTakeFirst();
    return row === undefined ? null : (JSON.parse(row.json) as Json);
  }

  /** All settings, by key. */
  async all(): Promise<Map<string, Json>> {
    const rows = await this.#db.read.selectFrom('setting').selectAll().execute();
    return new Map(rows.map(({ key, json }) => [key, JSON.parse(json) as Json]));
  }

  /** Sets several at once, all or none; null removes. */
  async set(changes: Readonly<Record<string, Json>>): Promise<void> {
    await this.#db.write.transaction().execute(async (trx) => {
      for (const [key, value] of Object.entries(changes)) {
        if (value === null) {
          await trx.deleteFrom('setting').where('key', '=', key).execute();
          continue;
        }
        const json = JSON.stringify(value);
        await trx.insertInto('setting').values({ key, json }).onConflict((on) => on.column('key').doUpdateSet({ json })).execute();
      }
    });
  }
}
