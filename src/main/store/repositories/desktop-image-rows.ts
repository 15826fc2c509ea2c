/** Rows of desktop images as domain types; parsed here and nowhere else. */
import { z } from 'zod';
import { configure, desktopImageVersion, storedImage, verification, type DesktopImageVersion } from '../../../shared/model/desktop-image.ts';
import { diskIdentity } from '../../../shared/model/disk.ts';
import type { Architecture } from '../../../shared/model/flavor.ts';
import type { DesktopImageId, ImagePoolId } from '../../../shared/model/ids.ts';
import { osIdentity } from '../../../shared/model/os.ts';
import type { DesktopImageVersionTable } from '../schema-state.ts';

/** A version as stored: what depends on other things (who uses it) is added by who asks. */
export type StoredVersion = Omit<DesktopImageVersion, 'inUseBy' | 'flavorName'>;

export interface StoredDesktopImage {
  id: DesktopImageId;
  name: string;
  poolId: ImagePoolId;
  poolName: string;
  poolPath: string;
  architecture: Architecture;
  /** Id of the source VM that its first version came from. */
  originKey: string;
  /** The highest version number ever given. */
  lastNumber: number;
  createdAt: number;
}

export interface ImageRow {
  id: DesktopImageId;
  name: string;
  pool_id: ImagePoolId;
  pool_name: string;
  pool_path: string;
  architecture: Architecture;
  origin_key: string;
  last_number: number;
  created_at: number;
}

export function toImage(row: ImageRow): StoredDesktopImage {
  return {
    id: row.id, name: row.name, poolId: row.pool_id, poolName: row.pool_name, poolPath: row.pool_path, architecture: row.architecture,
    originKey: row.origin_key, lastNumber: row.last_number, createdAt: row.created_at,
  };
}

export type VersionRow = Omit<DesktopImageVersionTable, 'is_current'> & { is_current: number };

const parseJson = <T>(schema: z.ZodType<T>, json: string): T => schema.parse(JSON.parse(json));
const parseNullable = <T>(schema: z.ZodType<T>, json: string | null): T | null => (json === null ? null : parseJson(schema, json));

export function toVersion(row: VersionRow): StoredVersion {
  return {
    id: row.id,
    desktopImageId: row.desktop_image_id,
    number: row.number,
    isCurrent: row.is_current === 1,
    fileType: row.file_type,
    vhdVariant: row.vhd_variant,
    fileName: row.file_name,
    virtualBytes: row.virtual_bytes,
    actualBytes: row.actual_bytes,
    configure: parseNullable(configure, row.configure_json),
    source: parseJson(desktopImageVersion.shape.source, row.source_json),
    os: parseJson(osIdentity, row.os_json),
    bootMode: row.boot_mode,
    videoModel: row.video_model,
    publishedBy: row.published_by,
    publishedAt: row.published_at,
    runId: row.run_id,
    fastIdentity: parseJson(diskIdentity, row.fast_identity_json),
    contentIdentity: parseNullable(diskIdentity, row.content_identity_json),
    verification: parseNullable(verification, row.verification_json),
    stored: parseNullable(storedImage, row.stored_json),
  };
}

export function toVersionRow(version: StoredVersion): VersionRow {
  return {
    id: version.id,
    desktop_image_id: version.desktopImageId,
    number: version.number,
    is_current: version.isCurrent ? 1 : 0,
    file_type: version.fileType,
    vhd_variant: version.vhdVariant,
    file_name: version.fileName,
    virtual_bytes: version.virtualBytes,
    actual_bytes: version.actualBytes,
    configure_json: version.configure === null ? null : JSON.stringify(version.configure),
    source_json: JSON.stringify(version.source),
    os_json: JSON.stringify(version.os),
    boot_mode: version.bootMode,
    video_model: version.videoModel,
    published_by: version.publishedBy,
    published_at: version.publishedAt,
    run_id: version.runId,
    fast_identity_json: JSON.stringify(version.fastIdentity),
    content_identity_json: version.contentIdentity === null ? null : JSON.stringify(version.contentIdentity),
    verification_json: version.verification === null ? null : JSON.stringify(version.verification),
    stored_json: version.stored === null ? null : JSON.stringify(version.stored),
  };
}
