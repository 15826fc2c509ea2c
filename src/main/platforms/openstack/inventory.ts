/** The listings of a cloud: servers, images, projects, instance sizes and the stores of its image service, page by page. */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { statusOf } from '../http/http-failure.ts';
import type { Inventory } from '../connector.ts';
import type { ImageRecord, InstanceSizeRecord, PoolRecord, ProjectRecord, SourceVmRecord } from '../inventory-records.ts';
import type { Cloud } from './cloud.ts';
import { understood } from './glance.ts';
import { imageRecord, isOwnWork } from './image-records.ts';
import { isDeleted, type NovaServer } from './nova.ts';
import { ServerFacts, type OpenStackServices } from './server-facts.ts';
import { serverRecord } from './server-records.ts';

const projectsBody = z.object({
  projects: z.array(z.object({ id: z.string(), name: z.string(), enabled: z.boolean().default(true), is_domain: z.boolean().default(false) })),
  links: z.object({ next: z.string().nullish() }).nullish(),
});

/** Pages as they are handed on: small enough that what is read shows while the rest comes. */
const handedOn = 100;
/** Clocks of services differ, and what was written just then may have a time from just before. */
const overlapMs = 60_000;
const maxProjectPages = 1000;

export class OpenStackInventory implements Required<Inventory> {
  readonly #cloud: Cloud;
  readonly #services: OpenStackServices;

  constructor(cloud: Cloud, services: OpenStackServices) {
    this.#cloud = cloud;
    this.#services = services;
  }

  sourceVms(signal: AbortSignal): AsyncIterable<SourceVmRecord[]> {
    return this.#servers({}, signal);
  }

  /** What was deleted since then is listed by Nova too, and left out here: only a complete listing says what has gone. */
  changedSourceVms(since: number, signal: AbortSignal): AsyncIterable<SourceVmRecord[]> {
    return this.#servers({ 'changes-since': timeText(since) }, signal);
  }

  async *#servers(filter: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator<SourceVmRecord[]> {
    const facts = new ServerFacts(this.#services, filter['changes-since'] === undefined, signal);
    for await (const page of this.#services.nova.list(filter, signal)) {
      const live = page.filter((server) => !isDeleted(server));
      for (let from = 0; from < live.length; from += handedOn) {
        signal.throwIfAborted();
        yield await this.#records(live.slice(from, from + handedOn), facts);
      }
    }
    signal.throwIfAborted();
  }

  async #records(servers: readonly NovaServer[], facts: ServerFacts): Promise<SourceVmRecord[]> {
    await facts.load(servers);
    return Promise.all(servers.map((server) => serverRecord(server, facts)));
  }

  /** @throws `NOT_FOUND` */
  async current(vm: ExternalId, signal: AbortSignal): Promise<SourceVmRecord> {
    const server = await this.#services.nova.get(vm, signal);
    const facts = new ServerFacts(this.#services, false, signal);
    const [record] = await this.#records([server], facts);
    if (record === undefined) throw new AppError('NOT_FOUND', { what: 'source-vm', id: vm });
    return record;
  }

  images(signal: AbortSignal): AsyncIterable<ImageRecord[]> {
    return this.#images({}, signal);
  }

  changedImages(since: number, signal: AbortSignal): AsyncIterable<ImageRecord[]> {
    return this.#images({ updated_at: `gte:${timeText(since)}` }, signal);
  }

  async *#images(filter: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator<ImageRecord[]> {
    const { project } = await this.#cloud.token(signal);
    for await (const page of this.#services.glance.list({ visibility: 'all', ...filter }, signal)) {
      yield page.filter((image) => !isOwnWork(image)).map((image) => imageRecord(image, project.id));
    }
    signal.throwIfAborted();
  }

  /** All projects where the cloud lets us see them, else those that we can work in. */
  async *projects(signal: AbortSignal): AsyncGenerator<ProjectRecord[]> {
    const { project: own } = await this.#cloud.token(signal);
    let path = '/projects';
    let marker: string | undefined;
    for (let page = 0; page < maxProjectPages; page += 1) {
      let body: z.infer<typeof projectsBody>;
      try {
        body = understood(projectsBody, (await this.#cloud.send({ method: 'GET', service: 'identity', path, query: { marker } }, signal)).json);
      } catch (error) {
        if (statusOf(error) !== 403 || path !== '/projects') throw error;
        path = '/auth/projects';
        continue;
      }
      yield body.projects.filter((item) => item.enabled && !item.is_domain).map((item) => ({ externalId: item.id, name: item.name, isManagement: item.id === own.id }));
      const next = markerOf(body.links?.next ?? null);
      if (next === undefined || next === marker) return;
      marker = next;
    }
  }

  async *instanceSizes(signal: AbortSignal): AsyncGenerator<InstanceSizeRecord[]> {
    for await (const page of this.#services.nova.flavors(signal)) {
      yield page.map((size) => ({
        externalId: size.id, name: size.name, vcpus: size.vcpus, memoryBytes: size.ram * 1024 ** 2, diskBytes: size.disk * 1024 ** 3,
      }));
    }
  }

  async *pools(signal: AbortSignal): AsyncGenerator<PoolRecord[]> {
    const { catalog } = await this.#cloud.token(signal);
    const location = catalog.endpoint('image').host;
    const stores = await this.#services.glance.stores(signal);
    yield stores.filter((store) => !store.isReadOnly).map((store) => ({
      externalId: store.id, name: store.description ?? store.id, location: `${location}/${store.id}`, freeBytes: null, totalBytes: null,
      fileTypes: ['qcow2', 'vhd'] as const, problem: null,
    }));
  }
}

/** Where a listing goes on; the address itself is not followed. */
function markerOf(next: string | null): string | undefined {
  return next !== null && URL.canParse(next, 'http://localhost') ? (new URL(next, 'http://localhost').searchParams.get('marker') ?? undefined) : undefined;
}

/** To the second, a little before. */
function timeText(since: number): string {
  return `${new Date(Math.max(0, since - overlapMs)).toISOString().slice(0, 19)}Z`;
}
