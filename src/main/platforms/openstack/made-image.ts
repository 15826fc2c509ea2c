/**
 * Images that the cloud makes of a server's disk: of the server itself, or of a temporary copy of its volume. What was asked carries its
 * key in a property or a name, so that it is found again and never asked twice.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { PlatformIntent, PlatformOutcome, ReportProgress } from '../connector.ts';
import type { GlanceImage } from './glance.ts';
import { isInherited, keyProperty, roleProperty, type MadeAs } from './image-facts.ts';
import type { NovaServer } from './nova.ts';
import { requireRights } from './rights.ts';
import { ServerFacts } from './server-facts.ts';
import { diskOf, statusTextOf } from './server-records.ts';
import type { OpenStackSession } from './session.ts';
import type { Look } from './waiting.ts';
import { VolumeCopies } from './volume-copies.ts';

/** States in which Nova makes an image of a server. */
const imageable: ReadonlySet<string> = new Set(['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED']);
/** States from which an image never becomes active. */
const lost: ReadonlySet<string> = new Set(['killed', 'deleted', 'pending_delete', 'deactivated', 'error']);

/** Metadata of Nova takes 255 characters. */
const longestKey = 255;

export interface MadeImagePlan {
  vm: ExternalId;
  name: string;
  role: MadeAs;
  /** The volume that is copied; empty where the server itself is. */
  volume: string;
  /** Of an image made from a volume; Nova chooses by itself. */
  format: 'qcow2' | 'vhd';
}

export class MadeImages {
  readonly #session: OpenStackSession;
  readonly #copies: VolumeCopies;

  constructor(session: OpenStackSession) {
    this.#session = session;
    this.#copies = new VolumeCopies(session);
  }

  /**
   * @throws `NOT_FOUND`, `OPENSTACK_READER`, `OPENSTACK_SERVER_STATE`, `OPENSTACK_NO_CINDER`
   */
  async prepare(vm: ExternalId, diskKey: string, role: MadeAs, format: MadeImagePlan['format'], key: string, signal: AbortSignal): Promise<PlatformIntent> {
    requireRights(await this.#session.cloud.token(signal));
    const server = await this.#session.nova.get(vm, signal);
    const problem = imageableProblem(server);
    if (problem !== null) throw new AppError(problem.code, problem.params);
    const facts = new ServerFacts(this.#session, false, signal);
    await facts.load([server]);
    const disk = diskOf(server, facts, diskKey);
    if (disk.volumeId !== null && !(await this.#session.cinder.isThere(signal))) throw new AppError('OPENSTACK_NO_CINDER');
    const plan: MadeImagePlan = { vm, name: temporaryName(key), role, volume: disk.volumeId ?? '', format };
    return { key: shortKey(key), data: { ...plan } };
  }

  async make(intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<GlanceImage> {
    const plan = planOf(intent);
    const known = await this.imageOf(intent, signal);
    const id = known?.id ?? (await this.#ask(intent, plan, signal));
    const image = await this.untilActive(id, plan, report, signal);
    if (plan.volume === '') return image;
    const marked = await this.#mark(image, intent.key, plan.role, signal);
    await this.#copies.remove(plan.name, signal);
    return marked;
  }

  /** @returns the id of the image that is being made */
  async #ask(intent: PlatformIntent, plan: MadeImagePlan, signal: AbortSignal): Promise<string> {
    requireRights(await this.#session.cloud.token(signal));
    if (plan.volume !== '') return this.#copies.uploadCopy(plan.volume, plan.name, plan.format, signal);
    return this.#session.nova.createImage(plan.vm, plan.name, { [keyProperty]: intent.key, [roleProperty]: plan.role }, signal);
  }

  /** Cinder takes no properties, so they are put on afterwards. */
  #mark(image: GlanceImage, key: string, role: MadeAs, signal: AbortSignal): Promise<GlanceImage> {
    if (image.properties[keyProperty] === key) return Promise.resolve(image);
    return this.#session.glance.patch(image.id, [
      { op: 'add', path: `/${keyProperty}`, value: key }, { op: 'add', path: `/${roleProperty}`, value: role },
    ], signal);
  }

  /** @throws `OPENSTACK_IMAGE_VANISHED`, `OPENSTACK_IMAGE_LOST`, `OPENSTACK_IMAGE_STUCK` */
  async untilActive(id: string, plan: Pick<MadeImagePlan, 'vm' | 'name' | 'volume'>, report: ReportProgress, signal: AbortSignal): Promise<GlanceImage> {
    const { glance, nova, waiter } = this.#session;
    const name = plan.name;
    const look = async (): Promise<Look<GlanceImage>> => {
      const image = await glance.peek(id, signal);
      // A cloud that fails to make an image takes it away again.
      if (image === null) throw new AppError('OPENSTACK_IMAGE_VANISHED', { image: name }, { isRetryable: true });
      if (lost.has(image.status)) throw new AppError('OPENSTACK_IMAGE_LOST', { image: name, status: image.status }, { isRetryable: true });
      const server = plan.volume === '' ? await nova.peek(plan.vm, signal) : null;
      const task = server?.['OS-EXT-STS:task_state'] ?? null;
      report({ doneBytes: image.size ?? 0, totalBytes: null });
      return image.status === 'active' && task === null ? { done: image } : { progress: [image.status, image.size ?? '', image.updated_at ?? '', task ?? ''].join(' ') };
    };
    return waiter.until(look, waiter.imageLimitMs, (progress) => new AppError('OPENSTACK_IMAGE_STUCK', {
      image: name, status: progress.split(' ')[0] ?? '', limitSeconds: waiter.imageLimitMs / 1000,
    }), signal);
  }

  /** The image that the intent made, however far it has come. */
  async imageOf({ key, data }: PlatformIntent, signal: AbortSignal): Promise<GlanceImage | null> {
    const { glance } = this.#session;
    // Servers hand the properties of their image on to images of themselves: the key alone could be an inherited one.
    const isVolume = (data['volume'] ?? '') !== '';
    const marked = await glance.find({ [keyProperty]: key, ...(isVolume ? {} : { instance_uuid: data['vm'] ?? '' }) }, signal);
    const byKey = marked.find((image) => !isVolume || !isInherited(image));
    if (byKey !== undefined) return byKey;
    // Made from a volume and not marked yet: the temporary name holds the key too.
    const name = data['name'];
    if (name === undefined || !isVolume) return null;
    return (await glance.find({ name }, signal))[0] ?? null;
  }

  async find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<GlanceImage>> {
    const plan = planOf(intent);
    const image = await this.imageOf(intent, signal);
    if (image === null) return (await this.#copies.exists(plan, signal)) ? { state: 'running' } : { state: 'absent' };
    if (lost.has(image.status)) return { state: 'failed', reason: new AppError('OPENSTACK_IMAGE_LOST', { image: plan.name, status: image.status }).asMessage };
    if (image.status !== 'active' || (plan.volume !== '' && image.properties[keyProperty] !== intent.key)) return { state: 'running' };
    return { state: 'done', value: image };
  }

  /** Removes what was made and is still a run's own; what was published by now stays. Idempotent. */
  async remove(intent: PlatformIntent, signal: AbortSignal): Promise<void> {
    const plan = planOf(intent);
    const image = await this.imageOf(intent, signal);
    if (image !== null && image.properties[roleProperty] !== 'published') await this.#session.glance.remove(image.id, signal);
    if (plan.volume !== '') await this.#copies.remove(plan.name, signal);
  }
}

/** Null where Nova makes an image of the server in its present state. */
export function imageableProblem(server: NovaServer): Message | null {
  return imageable.has(server.status) ? null : say('OPENSTACK_SERVER_STATE', { name: server.name ?? server.id, status: statusTextOf(server) });
}

export function shortKey(key: string): string {
  return key.length <= longestKey ? key : createHash('sha256').update(key).digest('hex');
}

/** Says whose it is, sorts to its own place, and is the same for one key. */
export function temporaryName(key: string): string {
  return `.goldpress-${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
}

function planOf({ data }: PlatformIntent): MadeImagePlan {
  const { vm = '', name = '', role = 'staged', volume = '', format = 'qcow2' } = data;
  return { vm, name, role: role as MadeAs, volume, format: format === 'vhd' ? 'vhd' : 'qcow2' };
}
