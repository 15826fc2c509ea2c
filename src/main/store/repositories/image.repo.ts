/** The cached list of VDI images and templates; built like that of source VMs. */
import { sql, type Selectable } from 'kysely';
import type { ListQuery, Page } from '../../../shared/contract/command.ts';
import { noAttributes, type Assignment, type BusinessAttributes, type ConsoleScope } from '../../../shared/model/business-attributes.ts';
import { systemConsole } from '../../../shared/model/system-console.ts';
import type { Verdict } from '../../../shared/model/finding.ts';
import type { ExternalId, ImageId, PlatformId } from '../../../shared/model/ids.ts';
import type { ImageRecord } from '../../platforms/inventory-records.ts';
import { imageIdOf } from '../../platforms/resource-id.ts';
import { parseCached } from '../cached-json.ts';
import { listWindow, type ListDefinition } from '../list-query.ts';
import type { CacheSchema, ImageTable } from '../schema-cache.ts';
import type { StoreDatabase } from '../store.ts';
import {
  judgedColumns, nameProjects, sweepRows, toInspection, toJudgement, touchStatement, upsertStatement, type Judgement, type KnownRow, type StoredInspection, type SyncMark,
} from './inventory-rows.ts';

type Row = Selectable<ImageTable>;

export interface StoredImage {
  id: ImageId;
  platformId: PlatformId;
  platformName: string;
  /** Of the project that owns it, as it is called now. */
  projectName: string | null;
  record: ImageRecord;
  judgement: Judgement;
  business: ImageBusiness;
  verdict: Verdict;
  seenAt: number;
  missingSince: number | null;
}

/** What people said about an image, and whose it is by them or by its platform. */
export interface ImageBusiness {
  attributes: BusinessAttributes;
  assignment: Assignment;
  assignedBy: 'person' | 'platform';
}

export interface JudgedImage {
  record: ImageRecord;
  projectName: string | null;
  judgement: Judgement;
  business: ImageBusiness;
}

const list: ListDefinition<Row> = {
  table: 'image',
  rowKey: 'row',
  fields: {
    name: { column: 'name', kind: 'text' }, platform: { column: 'platform_name', kind: 'text' }, os: { column: 'os_name', kind: 'text' },
    family: { column: 'os_family', kind: 'exact' }, boot: { column: 'boot_mode', kind: 'exact' }, bootMode: { column: 'boot_mode', kind: 'exact' },
    video: { column: 'video_model', kind: 'exact' }, videoModel: { column: 'video_model', kind: 'exact' }, form: { column: 'form', kind: 'exact' },
    scope: { column: 'scope', kind: 'exact' }, format: { column: 'format', kind: 'exact' }, virtualBytes: { column: 'virtual_bytes', kind: 'number' },
    actualBytes: { column: 'actual_bytes', kind: 'number' }, verdict: { column: 'verdict', kind: 'exact' }, readiness: { column: 'verdict', kind: 'exact' },
    seenAt: { column: 'seen_at', kind: 'number' }, missingSince: { column: 'missing_since', kind: 'number' }, project: { column: 'project_name', kind: 'text' },
    status: { column: 'status', kind: 'exact' }, visibility: { column: 'visibility', kind: 'exact' }, updatedAt: { column: 'updated_at', kind: 'number' },
    distro: { column: 'os_distro', kind: 'exact' }, user: { column: 'login_user', kind: 'text' }, loginUser: { column: 'login_user', kind: 'text' },
    credentials: { column: 'credentials', kind: 'exact' }, golden: { column: 'is_golden', kind: 'exact' }, tenant: { column: 'tenant', kind: 'exact' },
  },
  search: { columns: ['name', 'os_name', 'external_id'], fullText: 'image_fts' },
  defaultSort: { key: 'name', isDescending: false },
};

const rowColumns = ['id', 'platform_id', 'platform_name', 'project_name', 'record_json', 'findings_json', 'attributes_json', 'verdict', 'seen_at', 'missing_since'] as const;

const written = [
  'id', 'platform_id', 'external_id', 'platform_name', 'name', 'os_family', 'os_name', 'boot_mode', 'video_model', 'virtual_bytes', 'actual_bytes', 'verdict',
  'fingerprint', 'seen_at', 'first_seen_sync', 'last_seen_sync', 'missing_since', 'project_id', 'project_name', 'status', 'form', 'scope', 'format',
  'visibility', 'updated_at', 'os_distro', 'login_user', 'credentials', 'is_golden', 'tenant', 'attributes_json', 'record_json', 'findings_json',
] as const;

export class ImageRepository {
  readonly #db: StoreDatabase<CacheSchema>;

  constructor(db: StoreDatabase<CacheSchema>) {
    this.#db = db;
  }

  /** @param console what a tenant's console does not see is not found by any query */
  async list(query: ListQuery & { platformId: PlatformId | null; scope: 'system' | 'custom' | 'all' }, console: ConsoleScope = systemConsole): Promise<Page<StoredImage>> {
    const narrow = [
      ...(query.platformId === null ? [] : [sql<boolean>`platform_id = ${query.platformId}`]),
      ...(query.scope === 'all' ? [] : [sql<boolean>`scope = ${query.scope}`]),
      ...(console.kind === 'system' ? [] : [sql<boolean>`tenant = ${console.projectId} and scope = 'custom' and platform_id = ${console.platformId}`]),
    ];
    const page = await listWindow(this.#db.read, list, query, { columns: rowColumns, narrow });
    return { total: page.total, rows: page.rows.map(toImage) };
  }

  async find(id: ImageId): Promise<StoredImage | null> {
    const row = await this.#db.read.selectFrom('image').select(rowColumns).where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toImage(row);
  }

  async known(platform: PlatformId, ids: readonly ExternalId[]): Promise<Map<ExternalId, KnownRow & { attributesJson: string }>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#db.write.selectFrom('image').select([
      'external_id', 'fingerprint', 'record_json', 'findings_json', 'attributes_json', 'platform_name', 'project_name', 'missing_since', 'inspected_at', 'inspected_fingerprint', 'inspection_json',
      'inspection_error_json',
    ]).where('platform_id', '=', platform).where('external_id', 'in', ids).execute();
    return new Map(rows.map((row) => [row.external_id, {
      ...toInspection(row), rowFingerprint: row.fingerprint, recordJson: row.record_json, judgementJson: row.findings_json, attributesJson: row.attributes_json,
      platformName: row.platform_name, projectName: row.project_name, isMissing: row.missing_since !== null,
    }]));
  }

  async write(platform: { id: PlatformId; name: string }, changed: readonly JudgedImage[], unchanged: readonly ExternalId[], mark: SyncMark): Promise<void> {
    await this.#db.bulk([
      upsertStatement('image', written, changed.map((image) => rowOf(platform, image, mark))),
      touchStatement('image', platform.id, unchanged, mark),
    ]);
  }

  sweep(platform: PlatformId, mark: SyncMark): Promise<number> {
    return sweepRows(this.#db, 'image', platform, mark);
  }

  /** Writes the names of projects, as they are now, onto the rows that have another one. */
  async nameProjects(platform: PlatformId): Promise<void> {
    await nameProjects(this.#db, 'image', platform);
  }

  async toInspect(limit: number, except: readonly string[] = []): Promise<{ id: ImageId; platformId: PlatformId; externalId: ExternalId }[]> {
    const rows = await this.#db.write.selectFrom('image').select(['id', 'platform_id', 'external_id']).where('missing_since', 'is', null)
      .where((eb) => eb.or([eb('inspected_fingerprint', 'is', null), eb('inspected_fingerprint', '!=', eb.ref('fingerprint'))]))
      .where('id', 'not in', except as ImageId[]).where('platform_id', 'not in', except as PlatformId[])
      .orderBy('first_seen_sync', 'desc').orderBy('row').limit(limit).execute();
    return rows.map((row) => ({ id: row.id, platformId: row.platform_id, externalId: row.external_id }));
  }

  async inspectionOf(id: ImageId): Promise<StoredInspection | null> {
    const row = await this.#db.write.selectFrom('image').select(['inspected_at', 'inspected_fingerprint', 'inspection_json', 'inspection_error_json'])
      .where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toInspection(row);
  }

  /** Writes what was concluded anew, and nothing of what the platform said. */
  async setJudgement(id: ImageId, judged: Judgement, business: ImageBusiness): Promise<void> {
    await this.#db.write.updateTable('image').set({ ...judgedColumns(judged), ...businessColumns(judged, business), scope: business.assignment.scope }).where('id', '=', id).execute();
  }

  async ofProjects(platform: PlatformId, projects: readonly ExternalId[]): Promise<StoredImage[]> {
    if (projects.length === 0) return [];
    const rows = await this.#db.write.selectFrom('image').select(rowColumns).where('platform_id', '=', platform).where('project_id', 'in', projects).execute();
    return rows.map(toImage);
  }

  async idsOf(platform: PlatformId): Promise<ImageId[]> {
    return (await this.#db.read.selectFrom('image').select('id').where('platform_id', '=', platform).execute()).map((row) => row.id);
  }

  async setInspection(id: ImageId, { at, fingerprint, inspection, error }: StoredInspection, judged: Judgement): Promise<void> {
    await this.#db.write.updateTable('image').set({
      inspected_at: at, inspected_fingerprint: fingerprint, inspection_json: inspection === null ? null : JSON.stringify(inspection),
      inspection_error_json: error === null ? null : JSON.stringify(error), ...judgedColumns(judged), os_distro: judged.os.distro,
    }).where('id', '=', id).execute();
  }

  async counts(): Promise<Map<PlatformId, number>> {
    const rows = await this.#db.read.selectFrom('image').select(['platform_id', (eb) => eb.fn.countAll<number>().as('n')]).where('missing_since', 'is', null)
      .groupBy('platform_id').execute();
    return new Map(rows.map((row) => [row.platform_id, row.n]));
  }

  async renamePlatform(platform: PlatformId, name: string): Promise<void> {
    await this.#db.write.updateTable('image').set({ platform_name: name }).where('platform_id', '=', platform).execute();
  }

  async removePlatform(platform: PlatformId): Promise<void> {
    await this.#db.write.deleteFrom('image').where('platform_id', '=', platform).execute();
  }
}

/** The columns that lists filter and sort by. */
function businessColumns({ os }: Judgement, business: ImageBusiness) {
  const { attributes, assignment } = business;
  const hasUser = attributes.loginUser !== null && attributes.loginUser !== '';
  const hasPassword = attributes.passwordSetAt !== null;
  return {
    os_distro: os.distro, login_user: attributes.loginUser, credentials: hasUser && hasPassword ? 'set' as const : hasUser || hasPassword ? 'partial' as const : 'none' as const,
    is_golden: attributes.isGolden ? 'yes' as const : 'no' as const, tenant: assignment.scope === 'custom' ? assignment.projectId : null, attributes_json: JSON.stringify(business),
  };
}

/** Rows from before their first judging hold an empty object. */
function toBusiness(json: string): ImageBusiness {
  const { attributes = noAttributes, assignment = { scope: 'system' }, assignedBy = 'platform' } = parseCached(json) as Partial<ImageBusiness>;
  return { attributes, assignment, assignedBy };
}

/** In the order of `written`. */
function rowOf(platform: { id: PlatformId; name: string }, { record, projectName, judgement: judged, business }: JudgedImage, { sync, at }: SyncMark) {
  const columns = judgedColumns(judged);
  const said = businessColumns(judged, business);
  return [
    imageIdOf(platform.id, record.externalId), platform.id, record.externalId, platform.name, record.name, columns.os_family, columns.os_name, columns.boot_mode,
    record.videoModel, record.virtualBytes, record.actualBytes, columns.verdict, record.fingerprint, at, sync, sync, null, record.projectId ?? null,
    projectName, record.status ?? null, record.form, business.assignment.scope, record.format, record.visibility ?? null, record.updatedAt ?? null,
    said.os_distro, said.login_user, said.credentials, said.is_golden, said.tenant, said.attributes_json, JSON.stringify(record), columns.findings_json,
  ];
}

function toImage(row: Pick<Row, (typeof rowColumns)[number]>): StoredImage {
  return {
    id: row.id, platformId: row.platform_id, platformName: row.platform_name, projectName: row.project_name,
    // Written by this repository from the connector's own type.
    record: parseCached(row.record_json) as ImageRecord,
    judgement: toJudgement(row.findings_json), business: toBusiness(row.attributes_json), verdict: row.verdict, seenAt: row.seen_at, missingSince: row.missing_since,
  };
}
