/** The compute service: what is asked of it and what its answers are taken to mean. */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { statusOf } from '../http/http-failure.ts';
import type { Cloud } from './cloud.ts';
import { understood } from './glance.ts';
import { everyPage, ofAllProjectsIfAllowed, type Page } from './pages.ts';

const textOrNull = z.string().nullish().transform((value) => value ?? null);
const countOrNull = z.number().nullish().transform((value) => value ?? null);
const texts = z.record(z.string(), z.unknown()).nullish().transform((value) => {
  const result: Record<string, string> = {};
  for (const [key, item] of Object.entries(value ?? {})) result[key] = typeof item === 'string' ? item : JSON.stringify(item);
  return result;
});

const novaServer = z.object({
  id: z.string().min(1).max(255),
  name: textOrNull,
  status: z.string().default('UNKNOWN'),
  'OS-EXT-STS:task_state': textOrNull,
  'OS-EXT-STS:power_state': countOrNull,
  'OS-EXT-AZ:availability_zone': textOrNull,
  'OS-EXT-SRV-ATTR:root_device_name': textOrNull,
  /** An empty text where it boots from a volume. Newer clouds put the image's properties in. */
  image: z.union([z.object({ id: z.string().nullish(), properties: texts.optional() }), z.string(), z.null()]).optional(),
  /** Its id before 2.47, its values since. */
  flavor: z.object({ id: z.string().nullish(), original_name: textOrNull, vcpus: countOrNull, ram: countOrNull, disk: countOrNull }).nullish(),
  'os-extended-volumes:volumes_attached': z.array(z.object({ id: z.string(), delete_on_termination: z.boolean().nullish() })).nullish().transform((value) => value ?? []),
  addresses: z.record(z.string(), z.array(z.object({ addr: z.string() }))).nullish().transform((value) => value ?? {}),
  tenant_id: textOrNull,
  metadata: texts,
  created: textOrNull,
  updated: textOrNull,
  locked: z.boolean().nullish(),
  locked_reason: textOrNull,
  fault: z.object({ message: z.string() }).nullish(),
});
export type NovaServer = z.infer<typeof novaServer>;

const serversBody = z.object({ servers: z.array(z.unknown()), servers_links: z.array(z.object({ rel: z.string() })).nullish() });
const serverBody = z.object({ server: z.unknown() });
const flavor = z.object({
  id: z.string(), name: z.string(), vcpus: z.number(), ram: z.number(), disk: z.number(), 'OS-FLV-DISABLED:disabled': z.boolean().optional(),
});
export type NovaFlavor = z.infer<typeof flavor>;
const flavorsBody = z.object({ flavors: z.array(flavor), flavors_links: z.array(z.object({ rel: z.string() })).nullish() });
const imageIdBody = z.object({ image_id: z.string() });

const pageSize = '500';

export class Nova {
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** Of all projects where the cloud allows it, else of the own one. */
  async *list(filter: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator<NovaServer[]> {
    const ask = ofAllProjectsIfAllowed((scope, marker: string | undefined) =>
      this.#cloud.send({ method: 'GET', service: 'compute', path: '/servers/detail', query: { limit: pageSize, ...scope, ...filter, marker } }, signal));
    yield* everyPage<Page & { items: NovaServer[] }>(async (marker) => {
      const answer = await ask(marker);
      const body = understood(serversBody, answer.json);
      return { items: body.servers.flatMap(serverOf), hasMore: (body.servers_links ?? []).some(({ rel }) => rel === 'next') };
    }, signal);
  }

  /** Null where there is none (any more). */
  async peek(id: ExternalId, signal: AbortSignal): Promise<NovaServer | null> {
    try {
      const { json } = await this.#cloud.send({ method: 'GET', service: 'compute', path: `/servers/${encodeURIComponent(id)}` }, signal);
      const [server] = serverOf(understood(serverBody, json).server);
      if (server === undefined) throw new AppError('OPENSTACK_ANSWER_UNKNOWN', {}, { isRetryable: true });
      // Kept for a while in clouds that can bring it back; for everybody else it has gone.
      return isDeleted(server) ? null : server;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }

  /** @throws `NOT_FOUND` */
  async get(id: ExternalId, signal: AbortSignal): Promise<NovaServer> {
    const server = await this.peek(id, signal);
    if (server === null) throw new AppError('NOT_FOUND', { what: 'source-vm', id });
    return server;
  }

  async *flavors(signal: AbortSignal): AsyncGenerator<NovaFlavor[]> {
    yield* everyPage<Page & { items: NovaFlavor[] }>(async (marker) => {
      const { json } = await this.#cloud.send({ method: 'GET', service: 'compute', path: '/flavors/detail', query: { limit: pageSize, is_public: 'none', marker } }, signal);
      const body = understood(flavorsBody, json);
      return { items: body.flavors, hasMore: (body.flavors_links ?? []).some(({ rel }) => rel === 'next') };
    }, signal);
  }

  /** Answers at once; what it began is seen in the server's status. */
  async act(id: ExternalId, action: 'os-start' | 'os-stop', signal: AbortSignal): Promise<void> {
    await this.#cloud.send({ method: 'POST', service: 'compute', path: `/servers/${encodeURIComponent(id)}/action`, json: { [action]: null } }, signal);
  }

  /** @returns the id of the image that is being made; the body or the address of the answer tells it, by the version */
  async createImage(id: ExternalId, name: string, metadata: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string> {
    const { json, headers } = await this.#cloud.send({
      method: 'POST', service: 'compute', path: `/servers/${encodeURIComponent(id)}/action`, json: { createImage: { name, metadata } },
    }, signal);
    const body = imageIdBody.safeParse(json);
    const made = body.success ? body.data.image_id : /\/images\/([^/?#]+)\/?$/.exec(headers['location'] ?? '')?.[1];
    if (made === undefined) throw new AppError('OPENSTACK_ANSWER_UNKNOWN');
    return made;
  }

  async create(server: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string> {
    const { json } = await this.#cloud.send({ method: 'POST', service: 'compute', path: '/servers', json: { server } }, signal);
    return understood(z.object({ server: z.object({ id: z.string() }) }), json).server.id;
  }

  /** One that has gone already is fine. */
  async remove(id: ExternalId, signal: AbortSignal): Promise<void> {
    try {
      await this.#cloud.send({ method: 'DELETE', service: 'compute', path: `/servers/${encodeURIComponent(id)}` }, signal);
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}

export function isDeleted(server: NovaServer): boolean {
  return server.status === 'DELETED' || server.status === 'SOFT_DELETED';
}

/** Null for a server that boots from a volume. */
export function imageIdOf(server: NovaServer): string | null {
  return typeof server.image === 'object' && server.image !== null ? (server.image.id ?? null) : null;
}

/** One that cannot be understood at all is left out rather than to hide the others. */
function serverOf(json: unknown): NovaServer[] {
  const parsed = novaServer.safeParse(json);
  return parsed.success ? [parsed.data] : [];
}
