/** Stores of Glance as image pools: copies made inside the cloud, uploads of files from here, both under a temporary name until published. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { FileType } from '../../../shared/model/desktop-image.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { ImageStoreRole, PlatformImage, PlatformIntent, PlatformOutcome, ReportProgress, StoreImageSpec } from '../connector.ts';
import type { GlancePlace } from './glance-place.ts';
import { formatOf, type GlanceImage, type ImagePatch } from './glance.ts';
import { roleProperty } from './image-facts.ts';
import { platformImage } from './image-records.ts';
import { ImageUpload, type UploadPlan } from './image-upload.ts';
import { imageableProblem, MadeImages, shortKey, temporaryName } from './made-image.ts';
import { requireRights } from './rights.ts';
import { ServerFacts } from './server-facts.ts';
import { diskOf } from './server-records.ts';
import type { OpenSession, OpenStackSession } from './session.ts';

export class OpenStackImageStore implements ImageStoreRole {
  readonly #open: OpenSession;
  readonly #place: GlancePlace;

  constructor(open: OpenSession, place: GlancePlace) {
    this.#open = open;
    this.#place = place;
  }

  async copyObstacle(vm: ExternalId, diskKey: string, spec: StoreImageSpec, signal: AbortSignal): Promise<Message | null> {
    const session = await this.#open();
    if (!(await isDefaultStore(session, spec.pool, signal))) return say('OPENSTACK_COPY_OTHER_STORE', { store: spec.pool });
    const server = await session.nova.get(vm, signal);
    const facts = new ServerFacts(session, false, signal);
    await facts.load([server]);
    const disk = diskOf(server, facts, diskKey);
    if (disk.volumeId !== null) return (await session.cinder.isThere(signal)) ? imageableProblem(server) : say('OPENSTACK_NO_CINDER');
    return spec.fileType === 'vhd' ? say('OPENSTACK_COPY_NO_VHD') : imageableProblem(server);
  }

  async prepareCopy(vm: ExternalId, diskKey: string, spec: StoreImageSpec, key: string): Promise<PlatformIntent> {
    const { signal } = new AbortController();
    const intent = await new MadeImages(await this.#open()).prepare(vm, diskKey, 'unpublished', spec.fileType, key, signal);
    return { key: intent.key, data: { ...intent.data, way: 'copy' } };
  }

  /** @throws `OPENSTACK_COPY_OTHER_FORMAT` where Nova's hosts keep disks in another format; nothing of it is left then */
  async copy(_vm: ExternalId, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage> {
    const made = new MadeImages(await this.#open());
    const image = await made.make(intent, report, signal);
    const wanted = intent.data['format'] ?? 'qcow2';
    if (formatOf(image) === wanted) return platformImage(image);
    await made.remove(intent, signal);
    throw new AppError('OPENSTACK_COPY_OTHER_FORMAT', { wanted, made: image.disk_format ?? '—' });
  }

  async prepareUpload(spec: StoreImageSpec, sizeBytes: number, key: string): Promise<PlatformIntent> {
    const { signal } = new AbortController();
    const session = await this.#open();
    requireRights(await session.cloud.token(signal));
    const store = (await isDefaultStore(session, spec.pool, signal)) ? '' : spec.pool;
    const data = { way: 'upload', name: temporaryName(key), fileType: spec.fileType, sizeBytes: String(sizeBytes), store, ...prefixed(propertiesOf(spec)) };
    return { key: shortKey(key), data };
  }

  async upload(intent: PlatformIntent, path: string, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage> {
    return platformImage(await new ImageUpload(await this.#open()).run(intent, uploadPlan(intent), path, report, signal));
  }

  async find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<PlatformImage>> {
    const session = await this.#open();
    const found = intent.data['way'] === 'copy' ? await new MadeImages(session).find(intent, signal) : await new ImageUpload(session).outcome(intent.key, signal);
    return found.state === 'done' ? { state: 'done', value: platformImage(found.value) } : found;
  }

  async publish(image: PlatformImage, _intent: PlatformIntent, spec: StoreImageSpec, signal: AbortSignal): Promise<ExternalId> {
    const { cloud, glance } = await this.#open();
    requireRights(await cloud.token(signal));
    const changes = publishPatch(await glance.get(image.externalId, signal), spec);
    if (changes.length > 0) await glance.patch(image.externalId, changes, signal);
    return image.externalId;
  }

  async current(_pool: ExternalId, image: ExternalId, signal: AbortSignal): Promise<PlatformImage> {
    return platformImage(await (await this.#open()).glance.get(image, signal));
  }

  file(_pool: ExternalId, image: ExternalId): Promise<DiskFile> {
    return Promise.resolve(this.#place.fileOf(image));
  }

  async undo(intent: PlatformIntent, signal: AbortSignal): Promise<void> {
    const session = await this.#open();
    if (intent.data['way'] === 'copy') {
      await new MadeImages(session).remove(intent, signal);
      return;
    }
    const image = await new ImageUpload(session).find(intent.key, signal);
    if (image?.properties[roleProperty] === 'unpublished') await session.glance.remove(image.id, signal);
  }

  /** @throws `PLATFORM_FORBIDDEN` for a protected one, `PLATFORM_CONFLICT` for one in use */
  async remove(_pool: ExternalId, image: ExternalId, signal: AbortSignal): Promise<void> {
    const { cloud, glance } = await this.#open();
    requireRights(await cloud.token(signal));
    await glance.remove(image, signal);
  }
}

async function isDefaultStore({ glance }: OpenStackSession, pool: ExternalId, signal: AbortSignal): Promise<boolean> {
  const stores = await glance.stores(signal);
  const store = stores.find(({ id }) => id === pool);
  if (store === undefined) throw new AppError('NOT_FOUND', { what: 'image-pool', id: pool });
  return store.isDefault || stores.length === 1;
}

/** What servers made from the image boot by. */
export function propertiesOf({ bootMode, videoModel, os }: Pick<StoreImageSpec, 'bootMode' | 'videoModel' | 'os'>): Record<string, string> {
  return {
    ...(bootMode === 'unknown' ? {} : { hw_firmware_type: bootMode }),
    ...(videoModel === null ? {} : { hw_video_model: videoModel }),
    ...(os.family === 'windows' || os.family === 'linux' ? { os_type: os.family } : {}),
    ...(os.distro === null ? {} : { os_distro: os.distro }),
    ...(os.version === null ? {} : { os_version: os.version }),
  };
}

const propertyPrefix = 'property:';

function prefixed(properties: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [`${propertyPrefix}${name}`, value]));
}

function uploadPlan({ data }: PlatformIntent): UploadPlan {
  const fileType: FileType = data['fileType'] === 'vhd' ? 'vhd' : 'qcow2';
  const properties = Object.entries(data).flatMap(([name, value]) => (name.startsWith(propertyPrefix) ? [[name.slice(propertyPrefix.length), value] as const] : []));
  return { name: data['name'] ?? '', fileType, sizeBytes: Number(data['sizeBytes']), store: data['store'] ?? '', properties: Object.fromEntries(properties) };
}

/** Only what is not so already; what marks it as somebody's snapshot goes. */
function publishPatch(image: GlanceImage, spec: StoreImageSpec): ImagePatch {
  const changes: ImagePatch = [];
  if (image.name !== spec.name) changes.push({ op: 'replace', path: '/name', value: spec.name });
  for (const [property, value] of Object.entries({ ...propertiesOf(spec), [roleProperty]: 'published' })) {
    const before = image.properties[property];
    if (before !== value) changes.push({ op: before === undefined ? 'add' : 'replace', path: `/${property}`, value });
  }
  if (image.properties['image_type'] !== undefined) changes.push({ op: 'remove', path: '/image_type' });
  return changes;
}
