/** Makes the record of a VDI image from what Glance tells. */
import { createHash } from 'node:crypto';
import type { PlatformImage } from '../connector.ts';
import type { ImageRecord } from '../inventory-records.ts';
import { formatOf, type GlanceImage } from './glance.ts';
import { bootModeOf, bootModeWordOf, osOf, roleProperty, timeOf, videoModelOf } from './image-facts.ts';

/** Public and community images, and those of the management project, are offered to all; others belong to their project's tenant. */
export function scopeOf(image: Pick<GlanceImage, 'visibility' | 'owner'>, managementProject: string): 'system' | 'custom' {
  return image.visibility === 'public' || image.visibility === 'community' || image.owner === managementProject ? 'system' : 'custom';
}

/** What a run has made and not published is nobody's image yet. */
export function isOwnWork(image: Pick<GlanceImage, 'properties'>): boolean {
  const role = image.properties[roleProperty];
  return role === 'staged' || role === 'unpublished';
}

export function imageRecord(image: GlanceImage, managementProject: string): ImageRecord {
  const { properties } = image;
  return {
    externalId: image.id,
    name: image.name ?? image.id,
    form: 'image',
    scope: scopeOf(image, managementProject),
    format: formatOf(image),
    virtualBytes: image.virtual_size ?? (formatOf(image) === 'raw' ? image.size : null),
    actualBytes: image.size,
    os: osOf(properties),
    bootMode: bootModeOf(properties),
    bootModeWord: bootModeWordOf(properties),
    videoModel: videoModelOf(properties),
    instructions: [],
    diskPath: null,
    projectId: image.owner,
    status: image.status,
    visibility: image.visibility,
    properties: { ...serviceProperties(image), ...properties },
    createdAt: timeOf(image.created_at),
    updatedAt: timeOf(image.updated_at),
    fingerprint: digest(image),
  };
}

/** What the service itself knows beyond the record's fields, for the detail page. */
function serviceProperties(image: GlanceImage): Record<string, string> {
  const found: [string, string | number | boolean | null][] = [
    ['disk_format', image.disk_format], ['container_format', image.container_format], ['min_disk', image.min_disk], ['min_ram', image.min_ram],
    ['protected', image.protected], ['checksum', image.checksum], ['os_hash_algo', image.os_hash_algo], ['os_hash_value', image.os_hash_value],
  ];
  return Object.fromEntries(found.filter(([, value]) => value !== null).map(([key, value]) => [key, String(value)]));
}

function digest(image: GlanceImage): string {
  const { id, name, status, visibility, owner, size, os_hash_value: hash, updated_at: updated, properties } = image;
  const facts = JSON.stringify([id, name, status, visibility, owner, size, hash, updated, Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 32);
}

/** An image as far as the service vouches for its bytes. */
export function platformImage(image: GlanceImage): PlatformImage {
  const { os_hash_algo: algorithm, os_hash_value: value } = image;
  return {
    externalId: image.id,
    sizeBytes: image.size,
    virtualBytes: image.virtual_size ?? (formatOf(image) === 'raw' ? image.size : null),
    format: formatOf(image),
    hash: algorithm === null || value === null ? null : { algorithm, value },
  };
}
