/**
 * What the cached lists of source VMs and of images have in common: writing a page of a listing, marking what a complete listing no
 * longer had, and the inspection beside a row. Internal to the two repositories.
 */
import { z } from 'zod';
import { diskInspection, type DiskInspection } from '../../../shared/model/disk.ts';
import { finding, judge } from '../../../shared/model/finding.ts';
import type { ExternalId, PlatformId } from '../../../shared/model/ids.ts';
import type { Message } from '../../../shared/model/message.ts';
import { message } from '../../../shared/model/message-schema.ts';
import { bootMode, factSource, osIdentity } from '../../../shared/model/os.ts';
import { parseCached } from '../cached-json.ts';
import type { BulkStatement, Param } from '../protocol.ts';
import type { CacheSchema } from '../schema-cache.ts';
import type { StoreDatabase } from '../store.ts';

/** What is concluded from the platform's word, the inspection and people; projected onto the row, rebuilt whenever one of them changes. */
export const judgement = z.object({ findings: z.array(finding), os: osIdentity, bootMode, bootModeSource: factSource });
export type Judgement = z.infer<typeof judgement>;

/** An inspection, of the disks as they were when the row had this fingerprint. */
export interface StoredInspection {
  at: number | null;
  fingerprint: string | null;
  inspection: DiskInspection | null;
  error: Message | null;
}

export interface SyncMark {
  /** The listing's generation. */
  sync: number;
  at: number;
}

export type InventoryTable = 'source_vm' | 'image';

/** What of a row decides whether a listing changes it. */
export interface KnownRow extends StoredInspection {
  rowFingerprint: string;
  recordJson: string;
  judgementJson: string;
  platformName: string;
  projectName: string | null;
  isMissing: boolean;
}

interface InspectionColumns {
  inspected_at: number | null;
  inspected_fingerprint: string | null;
  inspection_json: string | null;
  inspection_error_json: string | null;
}

/** An inspection stored by another version that is not understood any more counts as none: the disk is looked into again. */
export function toInspection(row: InspectionColumns): StoredInspection {
  const inspection = row.inspection_json === null ? null : (diskInspection.safeParse(parseCached(row.inspection_json)).data ?? null);
  const isUnderstood = inspection !== null || row.inspection_json === null;
  return {
    at: row.inspected_at,
    fingerprint: isUnderstood ? row.inspected_fingerprint : null,
    inspection,
    error: row.inspection_error_json === null ? null : (message.safeParse(parseCached(row.inspection_error_json)).data ?? null),
  };
}

const nothingJudged: Judgement = { findings: [], os: { family: 'unknown', distro: null, name: null, version: null, architecture: null, source: 'none' }, bootMode: 'unknown', bootModeSource: 'none' };

/** `findings_json` holds the whole judgement. */
export function toJudgement(json: string): Judgement {
  return judgement.safeParse(parseCached(json)).data ?? nothingJudged;
}

/** As it is stored: an equal one means that nothing was concluded anew. */
export function judgementJson({ findings, os, bootMode, bootModeSource }: Judgement): string {
  return JSON.stringify({ findings, os, bootMode, bootModeSource });
}

/** The columns that a judgement is projected onto. */
export function judgedColumns({ os, bootMode, findings, bootModeSource }: Judgement) {
  return {
    os_family: os.family, os_name: os.name, boot_mode: bootMode, verdict: judge(findings), findings_json: judgementJson({ findings, os, bootMode, bootModeSource }),
  };
}

/** Inserts or replaces rows by (platform, external id). What inspection found stays; `first_seen_sync` stays. */
export function upsertStatement(table: InventoryTable, columns: readonly string[], rows: readonly (readonly Param[])[]): BulkStatement {
  const kept = new Set(['platform_id', 'external_id', 'id', 'first_seen_sync']);
  const updates = columns.filter((column) => !kept.has(column)).map((column) => `${column} = excluded.${column}`);
  return {
    sql: `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
      on conflict (platform_id, external_id) do update set ${updates.join(', ')}`,
    rows,
  };
}

/** Rows that a listing found unchanged. */
export function touchStatement(table: InventoryTable, platform: PlatformId, ids: readonly ExternalId[], { sync, at }: SyncMark): BulkStatement {
  return {
    sql: `update ${table} set seen_at = ?, last_seen_sync = ?, missing_since = null where platform_id = ? and external_id = ?`,
    rows: ids.map((id) => [at, sync, platform, id]),
  };
}

const missingKeptMs = 30 * 24 * 3600 * 1000;

/**
 * After a complete listing only: marks rows that it did not have, and forgets those missing for a month.
 * @returns how many are newly missing
 */
export async function sweepRows(db: StoreDatabase<CacheSchema>, table: InventoryTable, platform: PlatformId, { sync, at }: SyncMark): Promise<number> {
  return db.write.transaction().execute(async (tx) => {
    const marked = await tx.updateTable(table).set({ missing_since: at }).where('platform_id', '=', platform).where('last_seen_sync', '<', sync)
      .where('missing_since', 'is', null).executeTakeFirst();
    await tx.deleteFrom(table).where('platform_id', '=', platform).where('missing_since', '<', at - missingKeptMs).execute();
    return Number(marked.numUpdatedRows);
  });
}

/** Projects are listed beside the rows that they own: brings the names on the rows in line, once both have been read. */
export async function nameProjects(db: StoreDatabase<CacheSchema>, table: InventoryTable, platform: PlatformId): Promise<void> {
  const name = `(select project.name from project where project.platform_id = ${table}.platform_id and project.external_id = ${table}.project_id)`;
  await db.bulk([{ sql: `update ${table} set project_name = ${name} where platform_id = ? and project_id is not null and project_name is not ${name}`, rows: [[platform]] }]);
}
