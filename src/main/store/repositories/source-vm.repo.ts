/**
 * The cached list of image source VMs. Rows are what the platform said plus a projected judgement; parsed to domain types here and
 * nowhere else.
 */
import { sql, type Selectable } from 'kysely';
import type { ListQuery, Page } from '../../../shared/contract/command.ts';
import type { Verdict } from '../../../shared/model/finding.ts';
import type { ConsoleScope } from '../../../shared/model/business-attributes.ts';
import { systemConsole } from '../../../shared/model/system-console.ts';
import type { ExternalId, PlatformId, SourceVmId } from '../../../shared/model/ids.ts';
import type { SourceVmRecord } from '../../platforms/inventory-records.ts';
import { sourceVmIdOf } from '../../platforms/resource-id.ts';
import { parseCached } from '../cached-json.ts';
import { listWindow, type ListDefinition } from '../list-query.ts';
import type { CacheSchema, SourceVmTable } from '../schema-cache.ts';
import type { StoreDatabase } from '../store.ts';
import {
  judgedColumns, nameProjects, sweepRows, toInspection, toJudgement, touchStatement, upsertStatement, type Judgement, type KnownRow, type StoredInspection, type SyncMark,
} from './inventory-rows.ts';

type Row = Selectable<SourceVmTable>;

/** A row without the inspection, which only one VM is asked for. */
export interface StoredSourceVm {
  id: SourceVmId;
  platformId: PlatformId;
  platformName: string;
  /** Of the project that owns it, as it is called now. */
  projectName: string | null;
  record: SourceVmRecord;
  judgement: Judgement;
  verdict: Verdict;
  lastPublishedAt: number | null;
  seenAt: number;
  missingSince: number | null;
  /** Why its disk could not be inspected. */
  inspectionError: StoredInspection['error'];
}

export interface JudgedVm {
  record: SourceVmRecord;
  projectName: string | null;
  judgement: Judgement;
  lastPublishedAt: number | null;
}

const list: ListDefinition<Row> = {
  table: 'source_vm',
  rowKey: 'row',
  fields: {
    name: { column: 'name', kind: 'text' }, platform: { column: 'platform_name', kind: 'text' }, os: { column: 'os_name', kind: 'text' },
    family: { column: 'os_family', kind: 'exact' }, boot: { column: 'boot_mode', kind: 'exact' }, bootMode: { column: 'boot_mode', kind: 'exact' },
    video: { column: 'video_model', kind: 'exact' }, videoModel: { column: 'video_model', kind: 'exact' }, power: { column: 'power_state', kind: 'exact' },
    powerState: { column: 'power_state', kind: 'exact' }, disks: { column: 'disk_count', kind: 'number' }, virtualBytes: { column: 'virtual_bytes', kind: 'number' },
    actualBytes: { column: 'actual_bytes', kind: 'number' }, snapshots: { column: 'snapshot_count', kind: 'number' }, verdict: { column: 'verdict', kind: 'exact' },
    readiness: { column: 'verdict', kind: 'exact' }, lastPublishedAt: { column: 'last_published_at', kind: 'number' }, seenAt: { column: 'seen_at', kind: 'number' },
    missingSince: { column: 'missing_since', kind: 'number' }, project: { column: 'project_name', kind: 'text' }, status: { column: 'status', kind: 'exact' },
    address: { column: 'addresses', kind: 'text' }, addresses: { column: 'addresses', kind: 'text' },
  },
  search: { columns: ['name', 'os_name', 'external_id'], fullText: 'source_vm_fts' },
  defaultSort: { key: 'name', isDescending: false },
};

const rowColumns = [
  'id', 'platform_id', 'platform_name', 'project_name', 'record_json', 'findings_json', 'verdict', 'last_published_at', 'seen_at', 'missing_since',
  'inspection_error_json',
] as const;

const written = [
  'id', 'platform_id', 'external_id', 'platform_name', 'name', 'os_family', 'os_name', 'boot_mode', 'video_model', 'virtual_bytes', 'actual_bytes', 'verdict',
  'fingerprint', 'seen_at', 'first_seen_sync', 'last_seen_sync', 'missing_since', 'project_id', 'project_name', 'status', 'power_state', 'disk_count', 'snapshot_count',
  'last_published_at', 'addresses', 'record_json', 'findings_json',
] as const;

export class SourceVmRepository {
  readonly #db: StoreDatabase<CacheSchema>;

  constructor(db: StoreDatabase<CacheSchema>) {
    this.#db = db;
  }

  async list(query: ListQuery & { platformId: PlatformId | null }, scope: ConsoleScope = systemConsole): Promise<Page<StoredSourceVm>> {
    const narrow = [
      ...(query.platformId === null ? [] : [sql<boolean>`platform_id = ${query.platformId}`]),
      ...(scope.kind === 'system' ? [] : [sql<boolean>`project_id = ${scope.projectId} and platform_id = ${scope.platformId}`]),
    ];
    const page = await listWindow(this.#db.read, list, query, { columns: rowColumns, narrow });
    return { total: page.total, rows: page.rows.map(toSourceVm) };
  }

  async find(id: SourceVmId): Promise<StoredSourceVm | null> {
    const row = await this.#db.read.selectFrom('source_vm').select(rowColumns).where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toSourceVm(row);
  }

  /** Case is ignored as SQLite ignores it: A–Z. */
  async isNameTaken(platform: PlatformId, name: string): Promise<boolean> {
    const row = await this.#db.read.selectFrom('source_vm').select('id').where('platform_id', '=', platform).where('missing_since', 'is', null)
      .where(sql<boolean>`name = ${name} COLLATE NOCASE`).limit(1).executeTakeFirst();
    return row !== undefined;
  }

  async inspectionOf(id: SourceVmId): Promise<StoredInspection | null> {
    const row = await this.#db.read.selectFrom('source_vm').select(['inspected_at', 'inspected_fingerprint', 'inspection_json', 'inspection_error_json'])
      .where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toInspection(row);
  }

  /** What is known of some VMs of a platform, by external id. Read on the writing side: it sees what was written just before. */
  async known(platform: PlatformId, ids: readonly ExternalId[]): Promise<Map<ExternalId, KnownRow>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#db.write.selectFrom('source_vm').select([
      'external_id', 'fingerprint', 'record_json', 'findings_json', 'platform_name', 'project_name', 'missing_since', 'inspected_at', 'inspected_fingerprint', 'inspection_json',
      'inspection_error_json',
    ]).where('platform_id', '=', platform).where('external_id', 'in', ids).execute();
    return new Map(rows.map((row) => [row.external_id, {
      ...toInspection(row), rowFingerprint: row.fingerprint, recordJson: row.record_json, judgementJson: row.findings_json, platformName: row.platform_name,
      projectName: row.project_name, isMissing: row.missing_since !== null,
    }]));
  }

  /** One transaction: `changed` rows are written whole, `unchanged` ones only seen. */
  async write(platform: { id: PlatformId; name: string }, changed: readonly JudgedVm[], unchanged: readonly ExternalId[], mark: SyncMark): Promise<void> {
    await this.#db.bulk([
      upsertStatement('source_vm', written, changed.map((vm) => rowOf(platform, vm, mark))),
      touchStatement('source_vm', platform.id, unchanged, mark),
    ]);
  }

  sweep(platform: PlatformId, mark: SyncMark): Promise<number> {
    return sweepRows(this.#db, 'source_vm', platform, mark);
  }

  /** Writes the names of projects, as they are now, onto the rows that have another one. */
  async nameProjects(platform: PlatformId): Promise<void> {
    await nameProjects(this.#db, 'source_vm', platform);
  }

  /** VMs whose disks have not been looked into as they are now, newest first. Running ones are never read behind their back. */
  async toInspect(limit: number, except: readonly string[] = []): Promise<{ id: SourceVmId; platformId: PlatformId; externalId: ExternalId }[]> {
    const rows = await this.#db.write.selectFrom('source_vm').select(['id', 'platform_id', 'external_id'])
      .where('missing_since', 'is', null).where('power_state', 'in', ['stopped', 'unknown'])
      .where((eb) => eb.or([eb('inspected_fingerprint', 'is', null), eb('inspected_fingerprint', '!=', eb.ref('fingerprint'))]))
      .where('id', 'not in', except as SourceVmId[]).where('platform_id', 'not in', except as PlatformId[])
      .orderBy('first_seen_sync', 'desc').orderBy('row').limit(limit).execute();
    return rows.map((row) => ({ id: row.id, platformId: row.platform_id, externalId: row.external_id }));
  }

  async setInspection(id: SourceVmId, { at, fingerprint, inspection, error }: StoredInspection, judged: Judgement): Promise<void> {
    await this.#db.write.updateTable('source_vm').set({
      inspected_at: at, inspected_fingerprint: fingerprint, inspection_json: inspection === null ? null : JSON.stringify(inspection),
      inspection_error_json: error === null ? null : JSON.stringify(error), ...judgedColumns(judged),
    }).where('id', '=', id).execute();
  }

  async setJudgement(id: SourceVmId, judged: Judgement, lastPublishedAt: number | null): Promise<void> {
    await this.#db.write.updateTable('source_vm').set({ ...judgedColumns(judged), last_published_at: lastPublishedAt }).where('id', '=', id).execute();
  }

  /** All of a platform, in steps that leave room for others: for judging anew. */
  async idsOf(platform: PlatformId): Promise<SourceVmId[]> {
    return (await this.#db.read.selectFrom('source_vm').select('id').where('platform_id', '=', platform).execute()).map((row) => row.id);
  }

  async counts(): Promise<Map<PlatformId, number>> {
    const rows = await this.#db.read.selectFrom('source_vm').select(['platform_id', (eb) => eb.fn.countAll<number>().as('n')]).where('missing_since', 'is', null)
      .groupBy('platform_id').execute();
    return new Map(rows.map((row) => [row.platform_id, row.n]));
  }

  async renamePlatform(platform: PlatformId, name: string): Promise<void> {
    await this.#db.write.updateTable('source_vm').set({ platform_name: name }).where('platform_id', '=', platform).execute();
  }

  async remove(id: SourceVmId): Promise<void> {
    await this.#db.write.deleteFrom('source_vm').where('id', '=', id).execute();
  }

  async removePlatform(platform: PlatformId): Promise<void> {
    await this.#db.write.deleteFrom('source_vm').where('platform_id', '=', platform).execute();
  }
}

/** Sum over the disks; null as soon as one is not known. */
const sum = (values: readonly (number | null)[]): number | null =>
  (values.length === 0 ? null : values.reduce((total, value) => (total === null || value === null ? null : total + value), 0));

export const vmSizes = ({ disks }: SourceVmRecord): { virtualBytes: number | null; actualBytes: number | null } => ({
  virtualBytes: sum(disks.map((disk) => disk.virtualBytes)), actualBytes: sum(disks.map((disk) => disk.actualBytes)),
});

const joined = (addresses: readonly string[] = []): string | null => (addresses.length === 0 ? null : addresses.join(', '));

/** In the order of `written`. */
function rowOf(platform: { id: PlatformId; name: string }, { record, projectName, judgement: judged, lastPublishedAt }: JudgedVm, { sync, at }: SyncMark) {
  const columns = judgedColumns(judged);
  const { virtualBytes, actualBytes } = vmSizes(record);
  return [
    sourceVmIdOf(platform.id, record.externalId), platform.id, record.externalId, platform.name, record.name, columns.os_family, columns.os_name, columns.boot_mode,
    record.videoModel, virtualBytes, actualBytes, columns.verdict, record.fingerprint, at, sync, sync, null, record.projectId ?? null,
    projectName, record.status ?? null, record.powerState, record.disks.length, record.snapshots.length, lastPublishedAt, joined(record.addresses), JSON.stringify(record), columns.findings_json,
  ];
}

function toSourceVm(row: Pick<Row, (typeof rowColumns)[number]>): StoredSourceVm {
  return {
    id: row.id, platformId: row.platform_id, platformName: row.platform_name, projectName: row.project_name,
    // Written by this repository from the connector's own type; a cache of another schema version is thrown away as a whole.
    record: parseCached(row.record_json) as SourceVmRecord,
    judgement: toJudgement(row.findings_json), verdict: row.verdict, lastPublishedAt: row.last_published_at, seenAt: row.seen_at, missingSince: row.missing_since,
    inspectionError: toInspection({ inspected_at: null, inspected_fingerprint: null, inspection_json: null, inspection_error_json: row.inspection_error_json }).error,
  };
}
