/** The image service, v2: what is asked of it and what its answers are taken to mean. Unknown fields become properties, unknown values stay as they are. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { DiskFormat } from '../../../shared/model/disk.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { addressOf, type Cloud } from './cloud.ts';
import { statusOf } from '../http/http-failure.ts';
import { everyPage, type Page } from './pages.ts';

const textOrNull = z.string().nullish().transform((value) => value ?? null);
const countOrNull = z.number().nullish().transform((value) => value ?? null);

const baseImage = z.looseObject({
  id: z.string().min(1).max(255),
  name: textOrNull, status: z.string().default('unknown'), visibility: textOrNull, owner: textOrNull,
  disk_format: textOrNull, container_format: textOrNull,
  size: countOrNull, virtual_size: countOrNull, min_disk: countOrNull, min_ram: countOrNull,
  protected: z.boolean().nullish().transform((value) => value ?? false),
  checksum: textOrNull, os_hash_algo: textOrNull, os_hash_value: textOrNull,
  created_at: textOrNull, updated_at: textOrNull,
});

/** Fields of the service itself; all others are properties. */
const ownFields: ReadonlySet<string> = new Set([
  ...Object.keys(baseImage.shape), 'os_hidden', 'tags', 'self', 'file', 'schema', 'direct_url', 'locations', 'stores', 'first', 'next',
]);

export type GlanceImage = z.infer<typeof baseImage> & { properties: Record<string, string> };

const listBody = z.object({ images: z.array(z.unknown()), next: z.string().nullish() });
const storesBody = z.object({
  stores: z.array(z.object({ id: z.string(), description: textOrNull, default: z.union([z.string(), z.boolean()]).optional(), 'read-only': z.union([z.string(), z.boolean()]).optional() })),
});

export interface GlanceStore {
  id: string;
  description: string | null;
  isDefault: boolean;
  isReadOnly: boolean;
}

/** Of a cloud with one store, whose service does not name it. */
export const onlyStore = 'default';

const pageSize = '500';
const patchType = 'application/openstack-images-v2.1-json-patch';

export type ImageFilter = Readonly<Record<string, string>>;
export type ImagePatch = ({ op: 'add' | 'replace'; path: string; value: string | boolean } | { op: 'remove'; path: string })[];

export class Glance {
  readonly cloud: Cloud;

  constructor(cloud: Cloud) {
    this.cloud = cloud;
  }

  /** @param filter `status`, `visibility`, or any property: only images with that value */
  async *list(filter: ImageFilter, signal: AbortSignal): AsyncGenerator<GlanceImage[]> {
    let wanted = filter;
    yield* everyPage<Page & { items: GlanceImage[] }>(async (marker) => {
      const ask = (): ReturnType<Cloud['send']> => this.cloud.send({ method: 'GET', service: 'image', path: '/images', query: { limit: pageSize, ...wanted, marker } }, signal);
      let answer;
      try {
        answer = await ask();
      } catch (error) {
        // Old services do not know the word `all`; without it they leave out other projects' community images.
        if (statusOf(error) !== 400 || marker !== undefined || wanted['visibility'] !== 'all') throw error;
        wanted = Object.fromEntries(Object.entries(filter).filter(([name]) => name !== 'visibility'));
        answer = await ask();
      }
      const body = understood(listBody, answer.json);
      return { items: body.images.flatMap(imageOf), hasMore: typeof body.next === 'string' };
    }, signal);
  }

  /** All of them at once; for filters that leave few. */
  async find(filter: ImageFilter, signal: AbortSignal): Promise<GlanceImage[]> {
    const found: GlanceImage[] = [];
    for await (const page of this.list(filter, signal)) found.push(...page);
    return found;
  }

  /** @throws `NOT_FOUND` */
  async get(id: ExternalId, signal: AbortSignal): Promise<GlanceImage> {
    const image = await this.peek(id, signal);
    if (image === null) throw new AppError('NOT_FOUND', { what: 'image', id });
    return image;
  }

  /** Null where there is none (any more). */
  async peek(id: ExternalId, signal: AbortSignal): Promise<GlanceImage | null> {
    try {
      const { json } = await this.cloud.send({ method: 'GET', service: 'image', path: `/images/${encodeURIComponent(id)}` }, signal);
      const [image] = imageOf(json);
      if (image === undefined) throw unreadable();
      return image;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }

  async create(fields: Readonly<Record<string, string | number>>, signal: AbortSignal): Promise<GlanceImage> {
    const { json } = await this.cloud.send({ method: 'POST', service: 'image', path: '/images', json: fields }, signal);
    const [image] = imageOf(json);
    if (image === undefined) throw unreadable();
    return image;
  }

  /** @param store null = the service's default one */
  async upload(id: ExternalId, body: { open: () => Readable; sizeBytes: number }, store: string | null, signal: AbortSignal): Promise<void> {
    const headers = { 'x-openstack-image-size': String(body.sizeBytes), ...(store === null ? {} : { 'x-image-meta-store': store }) };
    // What was begun and broke off is looked at before it is sent again.
    await this.cloud.send({ method: 'PUT', service: 'image', path: `/images/${encodeURIComponent(id)}/file`, body, headers, isRepeatable: false }, signal);
  }

  async patch(id: ExternalId, changes: ImagePatch, signal: AbortSignal): Promise<GlanceImage> {
    const { json } = await this.cloud.send({
      method: 'PATCH', service: 'image', path: `/images/${encodeURIComponent(id)}`, json: changes, headers: { 'content-type': patchType },
    }, signal);
    const [image] = imageOf(json);
    if (image === undefined) throw unreadable();
    return image;
  }

  /** One that has gone already is fine. */
  async remove(id: ExternalId, signal: AbortSignal): Promise<void> {
    try {
      await this.cloud.send({ method: 'DELETE', service: 'image', path: `/images/${encodeURIComponent(id)}` }, signal);
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  /** Services with one store do not know the question. */
  async stores(signal: AbortSignal): Promise<GlanceStore[]> {
    try {
      const { json } = await this.cloud.send({ method: 'GET', service: 'image', path: '/info/stores' }, signal);
      return understood(storesBody, json).stores.map((store) => ({
        id: store.id, description: store.description, isDefault: String(store.default) === 'true', isReadOnly: String(store['read-only']) === 'true',
      }));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      return [{ id: onlyStore, description: null, isDefault: true, isReadOnly: false }];
    }
  }

  /** Where the bytes of an image can be read. */
  async fileAddress(id: ExternalId, signal: AbortSignal): Promise<URL> {
    return addressOf((await this.cloud.token(signal)).catalog.endpoint('image'), `/images/${encodeURIComponent(id)}/file`);
  }
}

export function understood<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw unreadable();
  return parsed.data;
}

function unreadable(): AppError {
  return new AppError('OPENSTACK_ANSWER_UNKNOWN', {}, { isRetryable: true });
}

/** One that cannot be understood at all is left out rather than to hide the others. */
function imageOf(json: unknown): GlanceImage[] {
  const parsed = baseImage.safeParse(json);
  if (!parsed.success) return [];
  const properties: Record<string, string> = {};
  for (const [key, value] of Object.entries(parsed.data)) {
    if (ownFields.has(key) || value === null || value === undefined) continue;
    properties[key] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return [{ ...parsed.data, properties }];
}

/** Glance's words for formats; null for one that is no disk of ours (`iso`, `aki` …). */
export function formatOf(image: Pick<GlanceImage, 'disk_format'>): DiskFormat | null {
  switch (image.disk_format) {
    case 'raw': case 'qcow2': case 'vhd': case 'vhdx': case 'vmdk': return image.disk_format;
    // QEMU's name for VHD; operators allow it in some clouds.
    case 'vpc': return 'vhd';
    case null: default: return null;
  }
}
