/**
 * New servers from an image: of one of the cloud's stores, or of a file of this computer that is uploaded first. The size and the network
 * are those of the platform's settings; else the smallest size that fits, and the only network there is.
 */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { NewVmDisk, NewVmSpec, PlatformIntent, PlatformOutcome, RemoteCreatorRole, ReportProgress } from '../connector.ts';
import { understood } from './glance.ts';
import { bootModeOf, keyProperty, roleProperty } from './image-facts.ts';
import { propertiesOf } from './image-store-role.ts';
import { ImageUpload } from './image-upload.ts';
import { shortKey, temporaryName } from './made-image.ts';
import type { NovaFlavor, NovaServer } from './nova.ts';
import { readOnlyReason, requireRights } from './rights.ts';
import { powerStateOf, statusTextOf } from './server-records.ts';
import type { OpenSession, OpenStackSession } from './session.ts';
import type { OpenStackSettings } from './settings.ts';
import { serverLimitMs } from './waiting.ts';

const mib = 1024 ** 2;
const gib = 1024 ** 3;
const networksBody = z.object({ networks: z.array(z.object({ id: z.string(), name: z.string(), 'router:external': z.boolean().nullish() })) });

type Choices = Pick<OpenStackSettings, 'instanceSize' | 'network'>;
type Chosen<T> = { value: T } | { problem: Message };

export class OpenStackCreator implements RemoteCreatorRole {
  readonly #open: OpenSession;
  readonly #choices: Choices;

  constructor(open: OpenSession, choices: Choices) {
    this.#open = open;
    this.#choices = choices;
  }

  async obstacle(spec: NewVmSpec, disk: NewVmDisk, signal: AbortSignal): Promise<Message | null> {
    const session = await this.#open();
    const readOnly = readOnlyReason(await session.cloud.token(signal));
    if (readOnly !== null) return readOnly;
    for (const choice of [await this.#size(session, spec, disk, signal), await this.#network(session, signal)]) if ('problem' in choice) return choice.problem;
    if (disk.kind === 'file') return spec.diskFormat === 'qcow2' || spec.diskFormat === 'vhd' ? null : say('OPENSTACK_CREATE_FORMAT', { format: spec.diskFormat });
    // A server boots as its image says, and an image that others use too is not changed for one of them.
    const said = bootModeOf((await session.glance.get(disk.image, signal)).properties);
    return said !== 'unknown' && spec.bootMode !== 'unknown' && said !== spec.bootMode ? say('OPENSTACK_CREATE_BOOT_MODE', { image: said.toUpperCase(), wanted: spec.bootMode.toUpperCase() }) : null;
  }

  async prepare(spec: NewVmSpec, disk: NewVmDisk, key: string): Promise<PlatformIntent> {
    const { signal } = new AbortController();
    const session = await this.#open();
    requireRights(await session.cloud.token(signal));
    const size = valueOf(await this.#size(session, spec, disk, signal));
    const network = valueOf(await this.#network(session, signal));
    return { key: shortKey(key), data: { size: size.id, network, imageName: temporaryName(key) } };
  }

  /** The server runs when this ends: a cloud makes none that is off. */
  async create(spec: NewVmSpec, disk: NewVmDisk, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<ExternalId> {
    const session = await this.#open();
    const { nova, cloud, waiter } = session;
    requireRights(await cloud.token(signal));
    const known = await this.#serverOf(session, intent.key, signal);
    const id = known?.id ?? (await nova.create({
      name: spec.name,
      imageRef: disk.kind === 'stored' ? disk.image : await this.#uploaded(session, spec, disk, intent, report, signal),
      flavorRef: intent.data['size'],
      networks: intent.data['network'] === '' ? 'none' : [{ uuid: intent.data['network'] }],
      metadata: { [keyProperty]: intent.key },
    }, signal));
    return waiter.until(async () => {
      const server = await nova.get(id, signal);
      if (server.status === 'ERROR') throw new AppError('OPENSTACK_SERVER_FAILED', { name: spec.name, said: server.fault?.message ?? '—' });
      return powerStateOf(server) === 'running' && server['OS-EXT-STS:task_state'] === null ? { done: id } : { progress: statusTextOf(server) };
    }, Math.max(serverLimitMs, waiter.imageLimitMs), (status) => new AppError('OPENSTACK_SERVER_NOT_STARTED', { name: spec.name, status, limitSeconds: serverLimitMs / 1000 }), signal);
  }

  /** The image stays beside the server, which names it as what it was made from. */
  async #uploaded(session: OpenStackSession, spec: NewVmSpec, disk: NewVmDisk & { kind: 'file' }, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<string> {
    const plan = {
      name: intent.data['imageName'] ?? '', fileType: spec.diskFormat === 'vhd' ? 'vhd' as const : 'qcow2' as const, sizeBytes: disk.sizeBytes, store: '', properties: propertiesOf(spec),
    };
    const image = await new ImageUpload(session).run(intent, plan, disk.path, report, signal);
    await session.glance.patch(image.id, [{ op: 'replace', path: '/name', value: spec.name }, { op: 'replace', path: `/${roleProperty}`, value: 'published' }], signal);
    return image.id;
  }

  async find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<ExternalId>> {
    const server = await this.#serverOf(await this.#open(), intent.key, signal);
    if (server === null) return { state: 'absent' };
    if (server.status === 'ERROR') {
      return { state: 'failed', reason: say('OPENSTACK_SERVER_FAILED', { name: server.name ?? server.id, said: server.fault?.message ?? '—' }) };
    }
    return powerStateOf(server) === 'unknown' ? { state: 'running' } : { state: 'done', value: server.id };
  }

  async undo(intent: PlatformIntent, signal: AbortSignal): Promise<void> {
    const session = await this.#open();
    const server = await this.#serverOf(session, intent.key, signal);
    if (server !== null) {
      await session.nova.remove(server.id, signal);
      await session.waiter.until(async () => {
        const left = await session.nova.peek(server.id, signal);
        return left === null ? { done: null } : { progress: statusTextOf(left) };
      }, serverLimitMs, (status) => new AppError('OPENSTACK_SERVER_STAYS', { name: server.name ?? server.id, status, limitSeconds: serverLimitMs / 1000 }), signal);
    }
    const image = await new ImageUpload(session).find(intent.key, signal);
    if (image !== null) await session.glance.remove(image.id, signal);
  }

  /** Nova cannot be asked for a value of metadata. */
  async #serverOf({ nova, cloud }: OpenStackSession, key: string, signal: AbortSignal): Promise<NovaServer | null> {
    const { project } = await cloud.token(signal);
    for await (const page of nova.list({ project_id: project.id }, signal)) {
      const found = page.find((server) => server.metadata[keyProperty] === key);
      if (found !== undefined) return found;
    }
    return null;
  }

  async #size({ nova, glance }: OpenStackSession, spec: NewVmSpec, disk: NewVmDisk, signal: AbortSignal): Promise<Chosen<NovaFlavor>> {
    const image = disk.kind === 'stored' ? await glance.get(disk.image, signal) : null;
    const diskBytes = image === null ? 0 : Math.max(image.virtual_size ?? image.size ?? 0, (image.min_disk ?? 0) * gib);
    const all: NovaFlavor[] = [];
    for await (const page of nova.flavors(signal)) all.push(...page.filter((size) => size['OS-FLV-DISABLED:disabled'] !== true));
    const wanted = this.#choices.instanceSize;
    // A disk of 0 GiB is as large as the image.
    const fits = (size: NovaFlavor): boolean =>
      size.vcpus >= spec.vcpus && size.ram * mib >= spec.memoryBytes && (size.disk === 0 || size.disk * gib >= diskBytes);
    if (wanted !== undefined) {
      const named = all.find((size) => size.id === wanted) ?? all.find((size) => size.name === wanted);
      if (named === undefined) return { problem: say('OPENSTACK_SIZE_UNKNOWN', { size: wanted }) };
      return fits(named) ? { value: named } : { problem: say('OPENSTACK_SIZE_TOO_SMALL', { size: named.name, vcpus: spec.vcpus, memoryBytes: spec.memoryBytes, diskBytes }) };
    }
    const [smallest] = all.filter(fits).sort((a, b) => a.ram - b.ram || a.vcpus - b.vcpus || a.disk - b.disk);
    return smallest === undefined ? { problem: say('OPENSTACK_NO_SIZE_FITS', { vcpus: spec.vcpus, memoryBytes: spec.memoryBytes, diskBytes }) } : { value: smallest };
  }

  /** An empty text where the cloud has no networks at all. */
  async #network({ cloud }: OpenStackSession, signal: AbortSignal): Promise<Chosen<string>> {
    if (!(await cloud.has('network', signal))) return { value: '' };
    const { json } = await cloud.send({ method: 'GET', service: 'network', path: '/networks' }, signal);
    const networks = understood(networksBody, json).networks.filter((network) => network['router:external'] !== true);
    const wanted = this.#choices.network;
    if (wanted !== undefined) {
      const named = networks.find(({ id }) => id === wanted) ?? networks.find(({ name }) => name === wanted);
      return named === undefined ? { problem: say('OPENSTACK_NETWORK_UNKNOWN', { network: wanted }) } : { value: named.id };
    }
    const [only, ...others] = networks;
    if (others.length > 0) return { problem: say('OPENSTACK_NETWORK_NEEDED', { networks: networks.map(({ name, id }) => (name === '' ? id : name)).join(', ') }) };
    return { value: only?.id ?? '' };
  }
}

function valueOf<T>(chosen: Chosen<T>): T {
  if ('problem' in chosen) throw new AppError(chosen.problem.code, chosen.problem.params);
  return chosen.value;
}
