/**
 * Desktop images and their versions. A version row never changes but for what is found out later (content identity, verification)
 * and which one is current. `actualBytes` of a version is the length of its file.
 */
import { sql } from 'kysely';
import type { ListQuery } from '../../../shared/contract/command.ts';
import type { Verification } from '../../../shared/model/desktop-image.ts';
import type { DiskIdentity } from '../../../shared/model/disk.ts';
import type { DesktopImageId, DesktopImageVersionId, ExternalId, ImagePoolId, PlatformId, SourceVmId } from '../../../shared/model/ids.ts';
import { nameKey } from '../../../shared/rules/image-name.ts';
import { containsPattern } from '../list-query.ts';
import type { StoreDatabase } from '../store.ts';
import type { StateSchema } from '../schema-state.ts';
import { toImage, toVersion, toVersionRow, type StoredDesktopImage, type StoredVersion } from './desktop-image-rows.ts';

export interface ListedDesktopImage {
  image: StoredDesktopImage;
  current: StoredVersion;
  versionCount: number;
}

/** A version that a VM was made from. */
export interface Lineage {
  versionId: DesktopImageVersionId;
  desktopImageId: DesktopImageId;
}

const sortColumns: Readonly<Record<string, string>> = {
  name: 'desktop_image.name', pool: 'image_pool.name', architecture: 'desktop_image.architecture', version: 'desktop_image_version.number',
  fileType: 'desktop_image_version.file_type', publishedAt: 'desktop_image_version.published_at', actualBytes: 'desktop_image_version.actual_bytes',
  virtualBytes: 'desktop_image_version.virtual_bytes', publishedBy: 'desktop_image_version.published_by',
};
/** `key:value` words of the filter, by the column they narrow. */
const filterColumns: Readonly<Record<string, string>> = {
  pool: 'image_pool.name', architecture: 'desktop_image.architecture', type: 'desktop_image_version.file_type', by: 'desktop_image_version.published_by',
};

export class DesktopImageRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  #images() {
    return this.#db.read.selectFrom('desktop_image').innerJoin('image_pool', 'image_pool.id', 'desktop_image.pool_id').select([
      'desktop_image.id', 'desktop_image.name', 'desktop_image.pool_id', 'image_pool.name as pool_name', 'image_pool.path as pool_path',
      'desktop_image.architecture', 'desktop_image.origin_key', 'desktop_image.last_number', 'desktop_image.created_at',
    ]);
  }

  /** A window of the list, sorted and filtered in SQL; newest first unless asked otherwise. */
  async list({ filter, sort, offset, limit }: ListQuery): Promise<{ total: number; rows: ListedDesktopImage[] }> {
    let query = this.#images()
      .innerJoin('desktop_image_version', (join) =>
        join.onRef('desktop_image_version.desktop_image_id', '=', 'desktop_image.id').on('desktop_image_version.is_current', '=', 1));
    for (const word of filter.split(/\s+/).filter((part) => part !== '')) {
      const colon = word.indexOf(':');
      const column = colon > 0 ? filterColumns[word.slice(0, colon)] : undefined;
      const pattern = containsPattern(column === undefined ? word : word.slice(colon + 1));
      query = column === undefined
        ? query.where(sql<boolean>`(desktop_image.name like ${pattern} escape '\\' or image_pool.name like ${pattern} escape '\\'
            or json_extract(desktop_image_version.source_json, '$.vmName') like ${pattern} escape '\\' or desktop_image.id = ${word})`)
        : query.where(sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`);
    }
    const { total } = await query.clearSelect().select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
    const column = sortColumns[sort?.key ?? ''];
    const rows = await query
      .select('desktop_image_version.id as version_id')
      .select((eb) => eb.selectFrom('desktop_image_version as other').whereRef('other.desktop_image_id', '=', 'desktop_image.id')
        .select((e) => e.fn.countAll<number>().as('n')).as('version_count'))
      .orderBy(sql.ref(column ?? 'desktop_image_version.published_at'), column === undefined || sort?.isDescending === true ? 'desc' : 'asc')
      .orderBy('desktop_image.id')
      .limit(limit).offset(offset).execute();
    const versions = await this.#versions(rows.map((row) => row.version_id));
    return {
      total,
      rows: rows.flatMap((row) => {
        const current = versions.get(row.version_id);
        return current === undefined ? [] : [{ image: toImage(row), current, versionCount: row.version_count ?? 0 }];
      }),
    };
  }

  async #versions(ids: readonly DesktopImageVersionId[]): Promise<Map<DesktopImageVersionId, StoredVersion>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#db.read.selectFrom('desktop_image_version').selectAll().where('id', 'in', ids).execute();
    return new Map(rows.map((row) => [row.id, toVersion(row)]));
  }

  async find(id: DesktopImageId): Promise<StoredDesktopImage | null> {
    const row = await this.#images().where('desktop_image.id', '=', id).executeTakeFirst();
    return row === undefined ? null : toImage(row);
  }

  /** Newest first. */
  async versions(id: DesktopImageId): Promise<StoredVersion[]> {
    const rows = await this.#db.read.selectFrom('desktop_image_version').selectAll().where('desktop_image_id', '=', id).orderBy('number', 'desc').execute();
    return rows.map(toVersion);
  }

  async findVersion(id: DesktopImageVersionId): Promise<{ image: StoredDesktopImage; version: StoredVersion } | null> {
    const version = (await this.#versions([id])).get(id);
    if (version === undefined) return null;
    const image = await this.find(version.desktopImageId);
    return image === null ? null : { image, version };
  }

  /** The image of that name in a pool; names that some system would store as one are one. */
  async findByName(poolId: ImagePoolId, name: string): Promise<StoredDesktopImage | null> {
    const rows = await this.#images().where('desktop_image.pool_id', '=', poolId).execute();
    const row = rows.find((candidate) => nameKey(candidate.name) === nameKey(name));
    return row === undefined ? null : toImage(row);
  }

  /** The image (where it is new) and its next version, which becomes the current one; all or nothing. */
  async register(image: Pick<StoredDesktopImage, 'id' | 'name' | 'poolId' | 'architecture' | 'originKey' | 'createdAt'>, version: StoredVersion): Promise<void> {
    await this.#db.write.transaction().execute(async (tx) => {
      await tx.insertInto('desktop_image')
        .values({
          id: image.id, pool_id: image.poolId, name: image.name, architecture: image.architecture, origin_key: image.originKey,
          last_number: version.number, created_at: image.createdAt,
        })
        .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ last_number: eb.fn<number>('max', ['desktop_image.last_number', eb.val(version.number)]) })))
        .execute();
      await tx.updateTable('desktop_image_version').set({ is_current: 0 }).where('desktop_image_id', '=', image.id).execute();
      await tx.insertInto('desktop_image_version').values(toVersionRow({ ...version, isCurrent: true })).execute();
    });
  }

  async setContentIdentity(id: DesktopImageVersionId, identity: DiskIdentity): Promise<void> {
    await this.#db.write.updateTable('desktop_image_version').set({ content_identity_json: JSON.stringify(identity) }).where('id', '=', id).execute();
  }

  async setVerification(id: DesktopImageVersionId, verification: Verification): Promise<void> {
    await this.#db.write.updateTable('desktop_image_version').set({ verification_json: JSON.stringify(verification) }).where('id', '=', id).execute();
  }

  /** Forgets a version. The newest one left becomes current; the image goes with its last version. */
  async removeVersion(id: DesktopImageVersionId): Promise<void> {
    await this.#db.write.transaction().execute(async (tx) => {
      const row = await tx.selectFrom('desktop_image_version').select(['desktop_image_id', 'is_current']).where('id', '=', id).executeTakeFirst();
      if (row === undefined) return;
      await tx.deleteFrom('desktop_image_version').where('id', '=', id).execute();
      const next = await tx.selectFrom('desktop_image_version').select('id').where('desktop_image_id', '=', row.desktop_image_id)
        .orderBy('number', 'desc').executeTakeFirst();
      if (next === undefined) await tx.deleteFrom('desktop_image').where('id', '=', row.desktop_image_id).execute();
      else if (row.is_current === 1) await tx.updateTable('desktop_image_version').set({ is_current: 1 }).where('id', '=', next.id).execute();
    });
  }

  async addLineage(vm: { platformId: PlatformId; externalId: ExternalId }, versionId: DesktopImageVersionId, at: number): Promise<void> {
    await this.#db.write.insertInto('lineage')
      .values({ vm_platform_id: vm.platformId, vm_external_id: vm.externalId, version_id: versionId, created_at: at })
      .onConflict((oc) => oc.columns(['vm_platform_id', 'vm_external_id']).doUpdateSet({ version_id: versionId, created_at: at }))
      .execute();
  }

  async removeLineage(vm: { platformId: PlatformId; externalId: ExternalId }): Promise<void> {
    await this.#db.write.deleteFrom('lineage').where('vm_platform_id', '=', vm.platformId).where('vm_external_id', '=', vm.externalId).execute();
  }

  /** The version that a VM was made from, or null. */
  async lineageOf(vm: { platformId: PlatformId; externalId: ExternalId }): Promise<Lineage | null> {
    const row = await this.#db.read.selectFrom('lineage').innerJoin('desktop_image_version', 'desktop_image_version.id', 'lineage.version_id')
      .select(['lineage.version_id', 'desktop_image_version.desktop_image_id'])
      .where('vm_platform_id', '=', vm.platformId).where('vm_external_id', '=', vm.externalId).executeTakeFirst();
    return row === undefined ? null : { versionId: row.version_id, desktopImageId: row.desktop_image_id };
  }

  /** VMs made from a version, whether they still are there or not. */
  async descendants(versionId: DesktopImageVersionId): Promise<{ platformId: PlatformId; externalId: ExternalId }[]> {
    const rows = await this.#db.read.selectFrom('lineage').select(['vm_platform_id', 'vm_external_id']).where('version_id', '=', versionId).execute();
    return rows.map((row) => ({ platformId: row.vm_platform_id, externalId: row.vm_external_id }));
  }

  /** Live runs that hold the version. */
  async runsUsing(versionId: DesktopImageVersionId): Promise<string[]> {
    const rows = await this.#db.read.selectFrom('resource_lock').select('run_id').where('resource', '=', versionLock(versionId)).execute();
    return rows.map((row) => row.run_id);
  }

  /** What was published from a VM, newest first. */
  async publicationsOf(vmId: SourceVmId): Promise<{ image: Pick<StoredDesktopImage, 'id' | 'name'>; version: StoredVersion }[]> {
    const rows = await this.#db.read.selectFrom('desktop_image_version').innerJoin('desktop_image', 'desktop_image.id', 'desktop_image_version.desktop_image_id')
      .selectAll('desktop_image_version').select('desktop_image.name as image_name')
      .where(sql<boolean>`json_extract(source_json, '$.vmId') = ${vmId}`).orderBy('published_at', 'desc').execute();
    return rows.map((row) => ({ image: { id: row.desktop_image_id, name: row.image_name }, version: toVersion(row) }));
  }
}

/** The resource that a run locks while it reads or removes a version. */
export function versionLock(id: DesktopImageVersionId): string {
  return `version:${id}`;
}
