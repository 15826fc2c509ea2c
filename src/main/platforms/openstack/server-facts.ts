/**
 * What stands behind servers and is asked for elsewhere: properties of the images they were made from, their volumes, their snapshots,
 * their sizes. One look (a listing, or one server) keeps what it has asked, so that many servers of one image cost one question.
 */
import { AppError } from '../../../shared/model/app-error.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { Cinder, CinderVolume } from './cinder.ts';
import type { Glance, GlanceImage } from './glance.ts';
import type { Properties } from './image-facts.ts';
import { imageIdOf, type Nova, type NovaFlavor, type NovaServer } from './nova.ts';

export interface OpenStackServices {
  glance: Glance;
  nova: Nova;
  cinder: Cinder;
}

/** Ids a question may carry: addresses have a length that servers take. */
const idsPerQuestion = 50;

export class ServerFacts {
  readonly #services: OpenStackServices;
  readonly #signal: AbortSignal;
  readonly #isListing: boolean;
  readonly #images = new Map<string, GlanceImage | null>();
  readonly #volumes = new Map<string, CinderVolume | null>();
  #snapshots: Promise<Map<string, GlanceImage[]>> | null = null;
  #flavors: Promise<Map<string, NovaFlavor>> | null = null;
  #hasVolumes: Promise<boolean> | null = null;
  #volumeProblem: Message | null = null;

  /** @param isListing whole lists are read at once rather than one thing after the other */
  constructor(services: OpenStackServices, isListing: boolean, signal: AbortSignal) {
    this.#services = services;
    this.#isListing = isListing;
    this.#signal = signal;
  }

  /** Asks for what a page of servers needs. */
  async load(servers: readonly NovaServer[]): Promise<void> {
    await this.#loadImages(servers.flatMap((server) => (hasProperties(server) ? [] : imageIdOf(server) ?? [])));
    await this.#loadVolumes(servers.flatMap((server) => server['os-extended-volumes:volumes_attached'].map(({ id }) => id)));
  }

  async #loadImages(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#images.has(id));
    for (let from = 0; from < missing.length; from += idsPerQuestion) {
      const some = missing.slice(from, from + idsPerQuestion);
      if (some.length > 1) {
        for (const image of await this.#services.glance.find({ id: `in:${some.join(',')}`, visibility: 'all' }, this.#signal)) this.#images.set(image.id, image);
      }
      // Hidden images are in no list; and an image may have been deleted since.
      for (const id of some) if (!this.#images.has(id)) this.#images.set(id, await this.#services.glance.peek(id, this.#signal));
    }
  }

  async #loadVolumes(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#volumes.has(id));
    if (missing.length === 0 || this.#volumeProblem !== null) return;
    this.#hasVolumes ??= this.#services.cinder.isThere(this.#signal);
    if (!(await this.#hasVolumes)) {
      this.#volumeProblem = say('OPENSTACK_NO_CINDER');
      return;
    }
    try {
      if (this.#isListing && this.#volumes.size === 0) for await (const page of this.#services.cinder.list(this.#signal)) for (const volume of page) this.#volumes.set(volume.id, volume);
      for (const id of missing) if (!this.#volumes.has(id)) this.#volumes.set(id, await this.#services.cinder.peek(id, this.#signal));
    } catch (error) {
      // Servers are listed all the same; their volumes say why they are not known.
      if (!(error instanceof AppError) || this.#signal.aborted) throw error;
      this.#volumeProblem = error.asMessage;
    }
  }

  /** The volume, or why it is not known. */
  volume(id: string): CinderVolume | Message {
    return this.#volumes.get(id) ?? this.#volumeProblem ?? say('OPENSTACK_VOLUME_GONE', { volume: id });
  }

  /** Properties that the server boots by; empty where its image has gone and nothing else tells. */
  properties(server: NovaServer, bootVolume: CinderVolume | null): Properties {
    if (bootVolume !== null) return bootVolume.volume_image_metadata;
    if (hasProperties(server)) return server.image.properties;
    return this.image(server)?.properties ?? {};
  }

  image(server: NovaServer): GlanceImage | null {
    return this.#images.get(imageIdOf(server) ?? '') ?? null;
  }

  async snapshotsOf(server: NovaServer): Promise<readonly GlanceImage[]> {
    if (!this.#isListing) return this.#services.glance.find({ image_type: 'snapshot', instance_uuid: server.id }, this.#signal);
    this.#snapshots ??= this.#listSnapshots();
    return (await this.#snapshots).get(server.id) ?? [];
  }

  async #listSnapshots(): Promise<Map<string, GlanceImage[]>> {
    const found = new Map<string, GlanceImage[]>();
    for await (const page of this.#services.glance.list({ image_type: 'snapshot' }, this.#signal)) {
      for (const image of page) {
        const server = image.properties['instance_uuid'];
        if (server !== undefined) found.set(server, [...(found.get(server) ?? []), image]);
      }
    }
    return found;
  }

  /** vCPUs, memory in MiB and disk in GiB; null where the size was deleted and the cloud does not keep its values. */
  async sizeOf(server: NovaServer): Promise<{ vcpus: number; ram: number; disk: number } | null> {
    const { vcpus = null, ram = null, disk = null, id = null } = server.flavor ?? {};
    if (vcpus !== null && ram !== null && disk !== null) return { vcpus, ram, disk };
    if (id === null) return null;
    this.#flavors ??= this.#listFlavors();
    return (await this.#flavors).get(id) ?? null;
  }

  async #listFlavors(): Promise<Map<string, NovaFlavor>> {
    const found = new Map<string, NovaFlavor>();
    for await (const page of this.#services.nova.flavors(this.#signal)) for (const item of page) found.set(item.id, item);
    return found;
  }
}

/** Newer clouds tell them with the server. */
function hasProperties(server: NovaServer): server is NovaServer & { image: { properties: Record<string, string> } } {
  return typeof server.image === 'object' && server.image !== null && server.image.properties !== undefined;
}

export function isVolume(found: CinderVolume | Message): found is CinderVolume {
  return 'size' in found;
}
