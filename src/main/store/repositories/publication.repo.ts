/** When VMs were last published, over all of them at once: for projecting onto the cached list. */
import { sql } from 'kysely';
import type { SourceVmId } from '../../../shared/model/ids.ts';
import type { StateSchema } from '../schema-state.ts';
import type { StoreDatabase } from '../store.ts';

export class PublicationRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  async lastPublished(): Promise<Map<SourceVmId, number>> {
    const rows = await this.#db.read.selectFrom('desktop_image_version')
      .select([sql<SourceVmId>`json_extract(source_json, '$.vmId')`.as('vm_id'), (eb) => eb.fn.max('published_at').as('at')]).groupBy('vm_id').execute();
    return new Map(rows.map((row) => [row.vm_id, row.at]));
  }
}
