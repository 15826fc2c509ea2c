/**
 * Temporary copies of volumes, from which Cinder uploads an image: a snapshot, a volume of it, the upload. Each is found by its name, so
 * that a broken-off way is gone on from where it was.
 */
import { AppError } from '../../../shared/model/app-error.ts';
import type { CinderSnapshot, CinderVolume } from './cinder.ts';
import type { OpenStackSession } from './session.ts';

export class VolumeCopies {
  readonly #session: OpenStackSession;

  constructor(session: OpenStackSession) {
    this.#session = session;
  }

  /** @returns the id of the image that is being made */
  async uploadCopy(volumeId: string, name: string, format: 'qcow2' | 'vhd', signal: AbortSignal): Promise<string> {
    const { cinder } = this.#session;
    const source = await cinder.peek(volumeId, signal);
    if (source === null) throw new AppError('OPENSTACK_VOLUME_GONE', { volume: volumeId });
    const copy = await this.#copyOf(source, name, signal);
    return cinder.uploadImage(copy.id, name, format, signal);
  }

  async #copyOf(source: CinderVolume, name: string, signal: AbortSignal): Promise<CinderVolume> {
    const { cinder } = this.#session;
    const [known] = await cinder.volumesNamed(name, signal);
    if (known !== undefined) return this.#volumeReady(known.id, signal);
    const [existing] = await cinder.snapshotsNamed(name, signal);
    const snapshotId = existing?.id ?? (await cinder.createSnapshot(source.id, name, signal));
    await this.#snapshotReady(snapshotId, signal);
    return this.#volumeReady(await cinder.createVolume(snapshotId, source.size, name, signal), signal);
  }

  #snapshotReady(id: string, signal: AbortSignal): Promise<CinderSnapshot> {
    return this.#ready(() => this.#session.cinder.peekSnapshot(id, signal), id, signal);
  }

  #volumeReady(id: string, signal: AbortSignal): Promise<CinderVolume> {
    return this.#ready(() => this.#session.cinder.peek(id, signal), id, signal);
  }

  #ready<T extends { status: string }>(peek: () => Promise<T | null>, id: string, signal: AbortSignal): Promise<T> {
    const { waiter } = this.#session;
    return waiter.until(async () => {
      const found = await peek();
      if (found === null || found.status.startsWith('error')) throw new AppError('OPENSTACK_VOLUME_FAILED', { volume: id, status: found?.status ?? 'deleted' }, { isRetryable: true });
      return found.status === 'available' ? { done: found } : { progress: found.status };
    }, waiter.imageLimitMs, (status) => new AppError('OPENSTACK_VOLUME_STUCK', { volume: id, status, limitSeconds: waiter.imageLimitMs / 1000 }), signal);
  }

  /** Whether a way was begun. */
  async exists({ volume, name }: { volume: string; name: string }, signal: AbortSignal): Promise<boolean> {
    if (volume === '') return false;
    const { cinder } = this.#session;
    return (await cinder.volumesNamed(name, signal)).length > 0 || (await cinder.snapshotsNamed(name, signal)).length > 0;
  }

  /** The volume before its snapshot, which it stands on. Idempotent. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    const { cinder, waiter } = this.#session;
    for (const { id } of await cinder.volumesNamed(name, signal)) {
      await this.#untilIdle(() => cinder.peek(id, signal), id, signal);
      await cinder.removeVolume(id, signal);
      await waiter.until(async () => {
        const left = await cinder.peek(id, signal);
        return left === null ? { done: null } : { progress: left.status };
      }, waiter.imageLimitMs, (status) => new AppError('OPENSTACK_VOLUME_STUCK', { volume: id, status, limitSeconds: waiter.imageLimitMs / 1000 }), signal);
    }
    for (const { id } of await cinder.snapshotsNamed(name, signal)) {
      await this.#untilIdle(() => cinder.peekSnapshot(id, signal), id, signal);
      await cinder.removeSnapshot(id, signal);
    }
  }

  /** Cinder refuses to delete what it is at work on. */
  #untilIdle(peek: () => Promise<{ status: string } | null>, id: string, signal: AbortSignal): Promise<null> {
    const { waiter } = this.#session;
    const busy = new Set(['creating', 'uploading', 'downloading']);
    return waiter.until(async () => {
      const found = await peek();
      return found === null || !busy.has(found.status) ? { done: null } : { progress: found.status };
    }, waiter.imageLimitMs, (status) => new AppError('OPENSTACK_VOLUME_STUCK', { volume: id, status, limitSeconds: waiter.imageLimitMs / 1000 }), signal);
  }
}
