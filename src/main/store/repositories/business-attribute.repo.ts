/**
 * What people said about images and source VMs. Keyed by the platform's own id of the thing: it survives every sync and every renaming
 * there, and does not pass to another thing that only has the same name.
 */
import type { Selectable } from 'kysely';
import { noAttributes, type Assignment, type BusinessAttributes } from '../../../shared/model/business-attributes.ts';
import type { ExternalId, PlatformId } from '../../../shared/model/ids.ts';
import type { BusinessAttributeTable, StateSchema } from '../schema-state.ts';
import type { StoreDatabase } from '../store.ts';

export interface AttributeSubject {
  platformId: PlatformId;
  kind: 'image' | 'source-vm';
  externalId: ExternalId;
}

export class BusinessAttributeRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  /** Nothing said = no attributes. */
  async find({ platformId, kind, externalId }: AttributeSubject): Promise<BusinessAttributes> {
    const row = await this.#db.write.selectFrom('business_attribute').selectAll()
      .where('platform_id', '=', platformId).where('subject_kind', '=', kind).where('external_id', '=', externalId).executeTakeFirst();
    return row === undefined ? noAttributes : toAttributes(row);
  }

  /** All of one platform, by external id: for judging a listing. */
  async ofPlatform(platformId: PlatformId, kind: AttributeSubject['kind']): Promise<Map<ExternalId, BusinessAttributes>> {
    const rows = await this.#db.write.selectFrom('business_attribute').selectAll().where('platform_id', '=', platformId).where('subject_kind', '=', kind).execute();
    return new Map(rows.map((row) => [row.external_id, toAttributes(row)]));
  }

  /** @param name what the thing is called now: with it, attributes of one that has gone are found again by people */
  async set(subject: AttributeSubject, attributes: BusinessAttributes, name: string, at: number): Promise<void> {
    const values = {
      name, os_type: attributes.osType, os_distro: attributes.osDistro, login_user: attributes.loginUser, password_set_at: attributes.passwordSetAt,
      scope: attributes.assignment?.scope ?? null, project_id: attributes.assignment?.scope === 'custom' ? attributes.assignment.projectId : null,
      is_golden: attributes.isGolden, updated_at: at,
    };
    await this.#db.write.insertInto('business_attribute')
      .values({ platform_id: subject.platformId, subject_kind: subject.kind, external_id: subject.externalId, ...values })
      .onConflict((oc) => oc.columns(['platform_id', 'subject_kind', 'external_id']).doUpdateSet(values))
      .execute();
  }

  /** Ids of things on the same platform that attributes were said about under this name, besides this one. */
  async namesakes({ platformId, kind, externalId }: AttributeSubject, name: string): Promise<ExternalId[]> {
    const rows = await this.#db.read.selectFrom('business_attribute').select('external_id')
      .where('platform_id', '=', platformId).where('subject_kind', '=', kind).where('name', '=', name).where('external_id', '!=', externalId).execute();
    return rows.map((row) => row.external_id);
  }

  /** Everything whose password is marked as set. */
  async withPassword(): Promise<AttributeSubject[]> {
    const rows = await this.#db.read.selectFrom('business_attribute').select(['platform_id', 'subject_kind', 'external_id']).where('password_set_at', 'is not', null).execute();
    return rows.map((row) => ({ platformId: row.platform_id, kind: row.subject_kind, externalId: row.external_id }));
  }

  async removePlatform(platformId: PlatformId): Promise<void> {
    await this.#db.write.deleteFrom('business_attribute').where('platform_id', '=', platformId).execute();
  }
}

function toAttributes(row: Selectable<BusinessAttributeTable>): BusinessAttributes {
  const assignment: Assignment | null = row.scope === null ? null : row.scope === 'system' ? { scope: 'system' } : { scope: 'custom', projectId: row.project_id };
  return {
    osType: row.os_type, osDistro: row.os_distro, loginUser: row.login_user, passwordSetAt: row.password_set_at, assignment, isGolden: row.is_golden === 1,
  };
}
