/** Disks of servers, for reading: a cloud gives them only as an image that it makes first. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { DiskExportRole, DiskUse, PlatformImage, PlatformIntent, PlatformOutcome, ReportProgress, StagingRole } from '../connector.ts';
import type { GlancePlace } from './glance-place.ts';
import { platformImage } from './image-records.ts';
import { MadeImages } from './made-image.ts';
import { isVolume, ServerFacts } from './server-facts.ts';
import { diskOf } from './server-records.ts';
import type { OpenSession } from './session.ts';

export class OpenStackStaging implements StagingRole {
  readonly #open: OpenSession;
  readonly #place: GlancePlace;

  constructor(open: OpenSession, place: GlancePlace) {
    this.#open = open;
    this.#place = place;
  }

  async prepare(vm: ExternalId, diskKey: string, key: string): Promise<PlatformIntent> {
    return new MadeImages(await this.#open()).prepare(vm, diskKey, 'staged', 'qcow2', key, new AbortController().signal);
  }

  async create(_vm: ExternalId, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage> {
    return platformImage(await new MadeImages(await this.#open()).make(intent, report, signal));
  }

  async find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<PlatformImage>> {
    const found = await new MadeImages(await this.#open()).find(intent, signal);
    return found.state === 'done' ? { state: 'done', value: platformImage(found.value) } : found;
  }

  file(staged: PlatformImage): Promise<DiskFile> {
    return Promise.resolve(this.#place.fileOf(staged.externalId));
  }

  async remove(intent: PlatformIntent, signal: AbortSignal): Promise<void> {
    await new MadeImages(await this.#open()).remove(intent, signal);
  }
}

export class OpenStackDiskExport implements DiskExportRole {
  readonly staging: OpenStackStaging;
  readonly #open: OpenSession;

  constructor(open: OpenSession, place: GlancePlace) {
    this.#open = open;
    this.staging = new OpenStackStaging(open, place);
  }

  /** @throws `OPENSTACK_DISK_NEEDS_COPY` always: there is `staging` */
  diskFile(): Promise<DiskFile> {
    return Promise.reject(new AppError('OPENSTACK_DISK_NEEDS_COPY'));
  }

  /** A cloud keeps others off by itself; what counts is whether it is at work on the server. */
  async use(vm: ExternalId, diskKey: string): Promise<DiskUse> {
    const { server, facts } = await this.#look(vm);
    diskOf(server, facts, diskKey);
    const task = server['OS-EXT-STS:task_state'];
    const name = server.name ?? vm;
    return task === null ? { state: 'free', detail: null } : { state: 'changing', detail: say('OPENSTACK_SERVER_BUSY', { name, task }) };
  }

  /** Servers that share one of its volumes. */
  async dependants(vm: ExternalId): Promise<string[]> {
    const { session, server, facts, signal } = await this.#look(vm);
    const ids = new Set<string>();
    for (const { id } of server['os-extended-volumes:volumes_attached']) {
      const volume = facts.volume(id);
      if (isVolume(volume)) for (const { server_id: other } of volume.attachments) if (other !== vm) ids.add(other);
    }
    return Promise.all([...ids].map(async (id) => (await session.nova.peek(id, signal))?.name ?? id));
  }

  async #look(vm: ExternalId) {
    const { signal } = new AbortController();
    const session = await this.#open();
    const server = await session.nova.get(vm, signal);
    const facts = new ServerFacts(session, false, signal);
    await facts.load([server]);
    return { session, server, facts, signal };
  }
}
