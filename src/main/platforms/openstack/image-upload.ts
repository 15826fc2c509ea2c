/** Puts a file of this computer into Glance: a record with a key, the bytes, and a look at what the service says it has stored. */
import { createHash, getHashes, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { AppError } from '../../../shared/model/app-error.ts';
import type { FileType } from '../../../shared/model/desktop-image.ts';
import type { PlatformIntent, PlatformOutcome, ReportProgress } from '../connector.ts';
import type { GlanceImage } from './glance.ts';
import { isInherited, keyProperty, roleProperty } from './image-facts.ts';
import { requireRights } from './rights.ts';
import type { OpenStackSession } from './session.ts';

/** What Glance hashes with, if nobody has set it otherwise. */
const usualHash = 'sha512';
const chunkBytes = 1024 ** 2;

export interface UploadPlan {
  /** The temporary name. */
  name: string;
  fileType: FileType;
  sizeBytes: number;
  /** The store's id; empty for the service's default one. */
  store: string;
  properties: Readonly<Record<string, string>>;
}

export class ImageUpload {
  readonly #session: OpenStackSession;

  constructor(session: OpenStackSession) {
    this.#session = session;
  }

  /** Glance cannot go on with an upload that broke off: it starts over, into the same record. */
  async run({ key }: PlatformIntent, plan: UploadPlan, path: string, report: ReportProgress, signal: AbortSignal): Promise<GlanceImage> {
    const { cloud, glance, waiter } = this.#session;
    requireRights(await cloud.token(signal));
    const size = (await stat(path).catch(() => null))?.size;
    if (size !== plan.sizeBytes) throw new AppError('OPENSTACK_UPLOAD_FILE_CHANGED', { file: path });
    const found = await this.find(key, signal);
    const image = found ?? (await glance.create({
      ...plan.properties, name: plan.name, disk_format: plan.fileType, container_format: 'bare', visibility: 'private', [keyProperty]: key, [roleProperty]: 'unpublished',
    }, signal));
    const settled = await this.#settled(image.id, plan.name, signal);
    let hash: Hash | null = null;
    if (settled.status === 'queued') {
      const open = (): Readable => {
        const fresh = createHash(usualHash);
        hash = fresh;
        return Readable.from(hashed(path, fresh, plan.sizeBytes, report), { objectMode: false });
      };
      await glance.upload(image.id, { open, sizeBytes: plan.sizeBytes }, plan.store === '' ? null : plan.store, signal);
    }
    const stored = await waiter.until(async () => {
      const now = await glance.get(image.id, signal);
      if (now.status === 'killed') throw new AppError('OPENSTACK_IMAGE_LOST', { image: plan.name, status: now.status }, { isRetryable: true });
      return now.status === 'active' ? { done: now } : { progress: now.status };
    }, waiter.imageLimitMs, (status) => this.#stuck(plan.name, status), signal);
    await this.#verify(stored, path, plan, hash, signal);
    report({ doneBytes: plan.sizeBytes, totalBytes: plan.sizeBytes });
    return stored;
  }

  /** One whose earlier upload broke off goes back to `queued` as soon as the service has noticed. */
  #settled(id: string, name: string, signal: AbortSignal): Promise<GlanceImage> {
    const { glance, waiter } = this.#session;
    return waiter.until(async () => {
      const now = await glance.get(id, signal);
      return now.status === 'saving' || now.status === 'importing' || now.status === 'uploading' ? { progress: now.status } : { done: now };
    }, waiter.imageLimitMs, (status) => this.#stuck(name, status), signal);
  }

  #stuck(image: string, status: string): AppError {
    const limitSeconds = this.#session.waiter.imageLimitMs / 1000;
    return new AppError('OPENSTACK_IMAGE_STUCK', { image, status, limitSeconds });
  }

  /** The platform's own hash over what it has, against the file here. @throws `OPENSTACK_UPLOAD_DIFFERS` */
  async #verify(stored: GlanceImage, path: string, plan: UploadPlan, hash: Hash | null, signal: AbortSignal): Promise<void> {
    const differs = (): AppError => new AppError('OPENSTACK_UPLOAD_DIFFERS', { file: path, image: plan.name });
    if (stored.size !== plan.sizeBytes) throw differs();
    const { os_hash_algo: algorithm, os_hash_value: value } = stored;
    if (algorithm === null || value === null || !getHashes().includes(algorithm)) return;
    const ours = algorithm === usualHash && hash !== null ? hash.digest('hex') : await hashOf(path, algorithm, signal);
    if (ours !== value.toLowerCase()) throw differs();
  }

  async find(key: string, signal: AbortSignal): Promise<GlanceImage | null> {
    return (await this.#session.glance.find({ [keyProperty]: key }, signal)).find((image) => !isInherited(image)) ?? null;
  }

  /** A record without bytes counts for nothing: the upload takes it up. */
  async outcome(key: string, signal: AbortSignal): Promise<PlatformOutcome<GlanceImage>> {
    const image = await this.find(key, signal);
    if (image === null || image.status === 'queued') return { state: 'absent' };
    return image.status === 'active' ? { state: 'done', value: image } : { state: 'running' };
  }
}

async function* hashed(path: string, hash: Hash, totalBytes: number, report: ReportProgress): AsyncGenerator<Buffer> {
  let doneBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    doneBytes += chunk.length;
    report({ doneBytes, totalBytes });
    yield chunk;
  }
}

async function hashOf(path: string, algorithm: string, signal: AbortSignal): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes, signal }) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
