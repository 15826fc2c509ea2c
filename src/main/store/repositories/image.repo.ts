/** The cached list of VDI images and templates; built like that of source VMs. */
import { sql, type Selectable } from 'kysely';
import type { ListQuery, Page } from '../../../shared/contract/command.ts';
import type { Verdict } from '../../../shared/model/finding.ts';
import type { ExternalId, ImageId, PlatformId } from '../../../shared/model/ids.ts';
import type { ImageRecord } from '../../platforms/connector.ts';
import { imageIdOf } from '../../platforms/resource-id.ts';
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
  verdict: Verdict;
  seenAt: number;
  missingSince: number | null;
}

export interface JudgedImage {
  record: ImageRecord;
  projectName: string | null;
  judgement: Judgement;
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
  },
  search: { columns: ['name', 'os_name', 'external_id'], fullText: 'image_fts' },
  defaultSort: { key: 'name', isDescending: false },
};

const rowColumns = ['id', 'platform_id', 'platform_name', 'project_name', 'record_json', 'findings_json', 'verdict', 'seen_at', 'missing_since'] as const;

const written = [
  'id', 'platform_id', 'external_id', 'platform_name', 'name', 'os_family', 'os_name', 'boot_mode', 'video_model', 'virtual_bytes', 'actual_bytes', 'verdict',
  'fingerprint', 'seen_at', 'first_seen_sync', 'last_seen_sync', 'missing_since', 'project_id', 'project_name', 'status', 'form', 'scope', 'format',
  'visibility', 'updated_at', 'record_json', 'findings_json',
] as const;

export class ImageRepository {
  readonly #db: StoreDatabase<CacheSchema>;

  constructor(db: StoreDatabase<CacheSchema>) {
    this.#db = db;
  }

  async list(query: ListQuery & { platformId: PlatformId | null; scope: 'system' | 'custom' | 'all' }): Promise<Page<StoredImage>> {
    const narrow = [
      ...(query.platformId === null ? [] : [sql<boolean>`platform_id = ${query.platformId}`]),
      ...(query.scope === 'all' ? [] : [sql<boolean>`scope = ${query.scope}`]),
    ];
    const page = await listWindow(this.#db.read, list, query, { columns: rowColumns, narrow });
    return { total: page.total, rows: page.rows.map(toImage) };
  }

  async find(id: ImageId): Promise<StoredImage | null> {
    const row = await this.#db.read.selectFrom('image').select(rowColumns).where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toImage(row);
  }

  async known(platform: PlatformId, ids: readonly ExternalId[]): Promise<Map<ExternalId, KnownRow>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#db.write.selectFrom('image').select([
      'external_id', 'fingerprint', 'record_json', 'findings_json', 'platform_name', 'project_name', 'missing_since', 'inspected_at', 'inspected_fingerprint', 'inspection_json',
      'inspection_error_json',
    ]).where('platform_id', '=', platform).where('external_id', 'in', ids).execute();
    return new Map(rows.map((row) => [row.external_id, {
      ...toInspection(row), rowFingerprint: row.fingerprint, recordJson: row.record_json, judgementJson: row.findings_json, platformName: row.platform_name,
      projectName: row.project_name, isMissing: row.missing_since !== null,
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

  async setInspection(id: ImageId, { at, fingerprint, inspection, error }: StoredInspection, judged: Judgement): Promise<void> {
    await this.#db.write.updateTable('image').set({
      inspected_at: at, inspected_fingerprint: fingerprint, inspection_json: inspection === null ? null : JSON.stringify(inspection),
      inspection_error_json: error === null ? null : JSON.stringify(error), ...judgedColumns(judged),
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

/** In the order of `written`. */
function rowOf(platform: { id: PlatformId; name: string }, { record, projectName, judgement: judged }: JudgedImage, { sync, at }: SyncMark) {
  const columns = judgedColumns(judged);
  return [
    imageIdOf(platform.id, record.externalId), platform.id, record.externalId, platform.name, record.name, columns.os_family, columns.os_name, columns.boot_mode,
    record.videoModel, record.virtualBytes, record.actualBytes, columns.verdict, record.fingerprint, at, sync, sync, null, record.projectId ?? null,
    projectName, record.status ?? null, record.form, record.scope, record.format, record.visibility ?? null, record.updatedAt ?? null, JSON.stringify(record), columns.findings_json,
  ];
}

function toImage(row: Pick<Row, (typeof rowColumns)[number]>): StoredImage {
  return {
    id: row.id, platformId: row.platform_id, platformName: row.platform_name, projectName: row.project_name,
    // Written by this repository from the connector's own type.
    record: JSON.parse(row.record_json) as ImageRecord,
    judgement: toJudgement(row.findings_json), verdict: row.verdict, seenAt: row.seen_at, missingSince: row.missing_since,
  };
}
