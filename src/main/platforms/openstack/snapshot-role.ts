/**
 * Snapshots of servers, as clouds have them: images of the whole server that somebody names and keeps. Nothing is taken back to one in
 * place; a new VM can be made from it.
 */
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { Message } from '../../../shared/model/message.ts';
import type { SnapshotIntent, SnapshotRole } from '../connector.ts';
import type { GlanceImage } from './glance.ts';
import { keyProperty, roleProperty } from './image-facts.ts';
import { imageableProblem, MadeImages, shortKey } from './made-image.ts';
import { readOnlyReason, requireRights } from './rights.ts';
import { snapshotsOf } from './server-records.ts';
import type { OpenSession } from './session.ts';

/** A cloud's free space is not told; a snapshot that goes needs none. */
const noLimitBytes = Number.MAX_SAFE_INTEGER;

export class OpenStackSnapshots implements SnapshotRole {
  readonly #open: OpenSession;

  constructor(open: OpenSession) {
    this.#open = open;
  }

  async obstacle(vm: ExternalId): Promise<Message | null> {
    const { signal } = new AbortController();
    const { cloud, nova } = await this.#open();
    return readOnlyReason(await cloud.token(signal)) ?? imageableProblem(await nova.get(vm, signal));
  }

  /** @throws `SNAPSHOT_NAME_TAKEN`, and what stands against it */
  async prepare(vm: ExternalId, name: string, key: string): Promise<SnapshotIntent> {
    const reason = await this.obstacle(vm);
    if (reason !== null) throw new AppError(reason.code, reason.params);
    const { signal } = new AbortController();
    const { nova, glance } = await this.#open();
    const server = await nova.get(vm, signal);
    const taken = snapshotsOf(await glance.find({ image_type: 'snapshot', instance_uuid: vm }, signal)).some((snapshot) => snapshot.name === name);
    if (taken) throw new AppError('SNAPSHOT_NAME_TAKEN', { name, vm: server.name ?? vm });
    return { name, data: { operation: 'create', key: shortKey(key) } };
  }

  async create(vm: ExternalId, intent: SnapshotIntent, signal: AbortSignal): Promise<void> {
    const session = await this.#open();
    const key = keyOf(intent);
    const known = await this.#madeBy(vm, key, signal);
    if (known?.status === 'active') return;
    requireRights(await session.cloud.token(signal));
    const id = known?.id ?? (await session.nova.createImage(vm, intent.name, { [keyProperty]: key, [roleProperty]: 'snapshot' }, signal));
    await new MadeImages(session).untilActive(id, { vm, name: intent.name, volume: '' }, () => undefined, signal);
  }

  async #madeBy(vm: ExternalId, key: string, signal: AbortSignal): Promise<GlanceImage | null> {
    return (await (await this.#open()).glance.find({ [keyProperty]: key, instance_uuid: vm }, signal))[0] ?? null;
  }

  async find(vm: ExternalId, intent: SnapshotIntent): Promise<'done' | 'absent' | 'partial'> {
    const { signal } = new AbortController();
    const { operation, image = '' } = intent.data;
    if (operation === 'delete') return (await (await this.#open()).glance.peek(image, signal)) === null ? 'done' : 'absent';
    const made = await this.#madeBy(vm, keyOf(intent), signal);
    return made === null ? 'absent' : made.status === 'active' ? 'done' : 'partial';
  }

  async undo(vm: ExternalId, intent: SnapshotIntent): Promise<void> {
    if (intent.data['operation'] !== 'create') return;
    const { signal } = new AbortController();
    const made = await this.#madeBy(vm, keyOf(intent), signal);
    if (made !== null) await this.#remove(made, signal);
  }

  /** @throws `OPENSTACK_NO_REVERT` always */
  prepareRevert(): Promise<SnapshotIntent> {
    return Promise.reject(new AppError('OPENSTACK_NO_REVERT'));
  }

  revert(): Promise<void> {
    return Promise.reject(new AppError('OPENSTACK_NO_REVERT'));
  }

  async prepareDelete(vm: ExternalId, snapshotId: string): Promise<SnapshotIntent & { neededBytes: number; freeBytes: number }> {
    const { signal } = new AbortController();
    const { cloud, glance } = await this.#open();
    requireRights(await cloud.token(signal));
    const image = await glance.get(snapshotId, signal);
    if (image.properties['instance_uuid'] !== vm) throw new AppError('NOT_FOUND', { what: 'snapshot', id: snapshotId });
    return { name: image.name ?? snapshotId, data: { operation: 'delete', image: snapshotId }, neededBytes: 0, freeBytes: noLimitBytes };
  }

  async delete(_vm: ExternalId, intent: SnapshotIntent, _onProgress: unknown, signal: AbortSignal): Promise<void> {
    const { cloud, glance } = await this.#open();
    requireRights(await cloud.token(signal));
    const image = await glance.peek(intent.data['image'] ?? '', signal);
    if (image !== null) await this.#remove(image, signal);
  }

  /** Of a server on volumes, the image only points at snapshots of them, which would be left behind. */
  async #remove(image: GlanceImage, signal: AbortSignal): Promise<void> {
    const { glance, cinder } = await this.#open();
    const volumeSnapshots = volumeSnapshotsOf(image);
    await glance.remove(image.id, signal);
    for (const id of volumeSnapshots) await cinder.removeSnapshot(id, signal);
  }
}

function volumeSnapshotsOf({ properties }: GlanceImage): string[] {
  const text = properties['block_device_mapping'];
  if (text === undefined) return [];
  try {
    const mapping: unknown = JSON.parse(text);
    return (Array.isArray(mapping) ? (mapping as unknown[]) : []).flatMap((item) =>
      typeof item === 'object' && item !== null && 'snapshot_id' in item && typeof item.snapshot_id === 'string' ? [item.snapshot_id] : []);
  } catch {
    // Not the form that Nova writes: nothing that we know how to remove.
    return [];
  }
}

function keyOf({ data }: SnapshotIntent): string {
  return data['key'] ?? '';
}
