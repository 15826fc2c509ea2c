/** The block storage service, where a cloud has it: volumes, snapshots of them, and images made from them. */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { statusOf } from '../http/http-failure.ts';
import type { Cloud } from './cloud.ts';
import { understood } from './glance.ts';
import { everyPage, ofAllProjectsIfAllowed, type Page } from './pages.ts';

const textOrNull = z.string().nullish().transform((value) => value ?? null);

const volume = z.object({
  id: z.string(),
  name: textOrNull,
  status: z.string().default('unknown'),
  /** GiB. */
  size: z.number(),
  bootable: z.union([z.string(), z.boolean()]).nullish().transform((value) => String(value) === 'true'),
  attachments: z.array(z.object({ server_id: z.string(), device: textOrNull })).default([]),
  volume_image_metadata: z.record(z.string(), z.string()).nullish().transform((value) => value ?? {}),
  metadata: z.record(z.string(), z.string()).nullish().transform((value) => value ?? {}),
});
export type CinderVolume = z.infer<typeof volume>;

const snapshot = z.object({ id: z.string(), name: textOrNull, status: z.string().default('unknown'), volume_id: textOrNull });
export type CinderSnapshot = z.infer<typeof snapshot>;

const volumesBody = z.object({ volumes: z.array(volume), volumes_links: z.array(z.object({ rel: z.string() })).nullish() });
const snapshotsBody = z.object({ snapshots: z.array(snapshot) });
const uploadBody = z.object({ 'os-volume_upload_image': z.object({ image_id: z.string() }) });

const pageSize = '500';

export class Cinder {
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  isThere(signal: AbortSignal): Promise<boolean> {
    return this.#cloud.has('volume', signal);
  }

  async *list(signal: AbortSignal): AsyncGenerator<CinderVolume[]> {
    const ask = ofAllProjectsIfAllowed((scope, marker: string | undefined) =>
      this.#cloud.send({ method: 'GET', service: 'volume', path: '/volumes/detail', query: { limit: pageSize, ...scope, marker } }, signal));
    yield* everyPage<Page & { items: CinderVolume[] }>(async (marker) => {
      const answer = await ask(marker);
      const body = understood(volumesBody, answer.json);
      return { items: body.volumes, hasMore: (body.volumes_links ?? []).some(({ rel }) => rel === 'next') };
    }, signal);
  }

  /** Null where there is none (any more). */
  peek(id: string, signal: AbortSignal): Promise<CinderVolume | null> {
    return this.#peek(`/volumes/${encodeURIComponent(id)}`, z.object({ volume }), (body) => body.volume, signal);
  }

  peekSnapshot(id: string, signal: AbortSignal): Promise<CinderSnapshot | null> {
    return this.#peek(`/snapshots/${encodeURIComponent(id)}`, z.object({ snapshot }), (body) => body.snapshot, signal);
  }

  async #peek<B, T>(path: string, schema: z.ZodType<B>, pick: (body: B) => T, signal: AbortSignal): Promise<T | null> {
    try {
      return pick(understood(schema, (await this.#cloud.send({ method: 'GET', service: 'volume', path }, signal)).json));
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }

  async volumesNamed(name: string, signal: AbortSignal): Promise<CinderVolume[]> {
    const { json } = await this.#cloud.send({ method: 'GET', service: 'volume', path: '/volumes/detail', query: { name } }, signal);
    return understood(volumesBody, json).volumes.filter((item) => item.name === name);
  }

  async snapshotsNamed(name: string, signal: AbortSignal): Promise<CinderSnapshot[]> {
    const { json } = await this.#cloud.send({ method: 'GET', service: 'volume', path: '/snapshots/detail', query: { name } }, signal);
    return understood(snapshotsBody, json).snapshots.filter((item) => item.name === name);
  }

  /** Of a volume that may be attached: the server is stopped. */
  async createSnapshot(volumeId: string, name: string, signal: AbortSignal): Promise<string> {
    const { json } = await this.#cloud.send({ method: 'POST', service: 'volume', path: '/snapshots', json: { snapshot: { volume_id: volumeId, name, force: true } } }, signal);
    return understood(z.object({ snapshot }), json).snapshot.id;
  }

  async createVolume(snapshotId: string, sizeGib: number, name: string, signal: AbortSignal): Promise<string> {
    const { json } = await this.#cloud.send({ method: 'POST', service: 'volume', path: '/volumes', json: { volume: { snapshot_id: snapshotId, size: sizeGib, name } } }, signal);
    return understood(z.object({ volume }), json).volume.id;
  }

  /** @returns the id of the image that is being made */
  async uploadImage(volumeId: string, name: string, format: 'qcow2' | 'vhd' | 'raw', signal: AbortSignal): Promise<string> {
    const { json } = await this.#cloud.send({
      method: 'POST', service: 'volume', path: `/volumes/${encodeURIComponent(volumeId)}/action`,
      json: { 'os-volume_upload_image': { image_name: name, disk_format: format, container_format: 'bare', force: false } },
    }, signal);
    const body = uploadBody.safeParse(json);
    if (!body.success) throw new AppError('OPENSTACK_ANSWER_UNKNOWN');
    return body.data['os-volume_upload_image'].image_id;
  }

  async removeVolume(id: string, signal: AbortSignal): Promise<void> {
    await this.#remove(`/volumes/${encodeURIComponent(id)}`, signal);
  }

  async removeSnapshot(id: string, signal: AbortSignal): Promise<void> {
    await this.#remove(`/snapshots/${encodeURIComponent(id)}`, signal);
  }

  /** One that has gone already is fine. */
  async #remove(path: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#cloud.send({ method: 'DELETE', service: 'volume', path }, signal);
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}
