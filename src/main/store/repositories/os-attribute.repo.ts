/** What a person said about the operating system of a VM or an image; survives every sync, because it is keyed by the platform's own id. */
import type { ExternalId, PlatformId } from '../../../shared/model/ids.ts';
import type { OsFamily } from '../../../shared/model/os.ts';
import type { StoreDatabase } from '../store.ts';
import type { StateSchema } from '../schema-state.ts';

export interface OsAttribute {
  platformId: PlatformId;
  subject: 'image' | 'source-vm';
  externalId: ExternalId;
  family: OsFamily | null;
}

export class OsAttributeRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  async find(platformId: PlatformId, subject: OsAttribute['subject'], externalId: ExternalId): Promise<OsAttribute | null> {
    const row = await this.#db.read.selectFrom('os_attribute').select('os_family')
      .where('platform_id', '=', platformId).where('subject_kind', '=', subject).where('external_id', '=', externalId).executeTakeFirst();
    return row === undefined ? null : { platformId, subject, externalId, family: row.os_family };
  }

  /** All of one platform, by external id: for judging after a sync. */
  async ofPlatform(platformId: PlatformId, subject: OsAttribute['subject']): Promise<Map<ExternalId, OsFamily>> {
    const rows = await this.#db.read.selectFrom('os_attribute').select(['external_id', 'os_family'])
      .where('platform_id', '=', platformId).where('subject_kind', '=', subject).where('os_family', 'is not', null).execute();
    return new Map(rows.flatMap((row) => (row.os_family === null ? [] : [[row.external_id, row.os_family] as const])));
  }

  async set(attribute: OsAttribute, at: number): Promise<void> {
    const values = { os_family: attribute.family, updated_at: at };
    await this.#db.write.insertInto('os_attribute')
      .values({ platform_id: attribute.platformId, subject_kind: attribute.subject, external_id: attribute.externalId, os_type: null, os_distro: null, ...values })
      .onConflict((oc) => oc.columns(['platform_id', 'subject_kind', 'external_id']).doUpdateSet(values))
      .execute();
  }
}
