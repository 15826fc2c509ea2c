/** The simulated image service, v2. */
import { randomUUID } from 'node:crypto';
import { managementProject, md5, sha512, timeText, type CloudData, type SimImage } from './cloud-data.ts';
import { nextLink, pageOf, Refusal, type SimAnswer, type SimRequest } from './http-kit.ts';

const baseFields = new Set(['id', 'name', 'status', 'visibility', 'owner', 'disk_format', 'container_format', 'protected', 'min_disk', 'min_ram']);

export class GlanceService {
  readonly #data: CloudData;
  /** Null = a service with one store, which does not know the question. */
  stores: { id: string; default?: string; 'read-only'?: string }[] | null = [{ id: 'file', default: 'true' }, { id: 'web', 'read-only': 'true' }];
  pageLimit = 100;
  /** Properties that the operator protects. */
  readonly protectedProperties = new Set<string>();
  /** What happens to a `PUT …/file`: the statuses that follow before `active`; one that stays is a service that never ends. */
  uploadStatuses: string[] = ['active'];
  hasRanges = true;

  constructor(data: CloudData) {
    this.#data = data;
  }

  handle(request: SimRequest, path: string): SimAnswer {
    if (path === '/info/stores') {
      if (this.stores === null) throw new Refusal(404, 'Multi backend is not enabled');
      return { status: 200, json: { stores: this.stores } };
    }
    if (path === '/images') return request.method === 'POST' ? this.#create(request) : this.#list(request);
    const [, id = '', file] = /^\/images\/([^/]+)(\/file)?$/.exec(path) ?? [];
    const image = this.#data.images.get(id);
    if (image === undefined) throw new Refusal(404, `No image found with ID ${id}`);
    if (file !== undefined) return request.method === 'PUT' ? this.#upload(request, image) : this.#download(request, image);
    switch (request.method) {
      case 'GET': return { status: 200, json: view(image) };
      case 'PATCH': return this.#patch(request, image);
      case 'DELETE': return this.#remove(image);
      default: throw new Refusal(405, 'Method not allowed');
    }
  }

  #list({ url }: SimRequest): SimAnswer {
    const filters = [...url.searchParams].filter(([name]) => !['limit', 'marker', 'visibility', 'sort'].includes(name));
    const visibility = url.searchParams.get('visibility');
    const matches = (image: SimImage): boolean => filters.every(([name, value]) => {
      if (name === 'updated_at') return image.updatedAt >= Date.parse(value.replace(/^gte:/, ''));
      const own = textOf(view(image)[name]);
      return value.startsWith('in:') ? value.slice(3).split(',').includes(own) : own === value;
    });
    const all = [...this.#data.images.values()].sort((a, b) => b.createdAt - a.createdAt)
      .filter((image) => (visibility === 'all' || (visibility === null ? image.visibility !== 'community' : image.visibility === visibility)) && matches(image));
    const { items, hasMore } = pageOf(all, url.searchParams, this.pageLimit);
    const last = items.at(-1);
    const next = hasMore && last !== undefined ? { next: nextLink(url, last.id).replace(url.origin, '') } : {};
    return { status: 200, json: { images: items.map(view), first: '/v2/images', schema: '/v2/schemas/images', ...next } };
  }

  #create(request: SimRequest): SimAnswer {
    const fields = request.json();
    const properties = Object.fromEntries(Object.entries(fields).filter(([name]) => !baseFields.has(name)).map(([name, value]) => [name, textOf(value)]));
    const image = this.#data.addImage({
      id: randomUUID(), name: textOf(fields['name']), status: 'queued', visibility: textOf(fields['visibility'] ?? 'shared'), owner: managementProject,
      disk_format: textOf(fields['disk_format']), bytes: null, virtualBytes: null, properties,
    });
    return { status: 201, json: view(image) };
  }

  #upload(request: SimRequest, image: SimImage): SimAnswer {
    if (image.status !== 'queued') throw new Refusal(409, `Image status transition from ${image.status} to saving is not allowed`);
    const store = request.headers['x-image-meta-store'];
    if (store !== undefined && !(this.stores ?? []).some(({ id }) => id === store)) throw new Refusal(400, 'Unknown store');
    image.coming = request.body;
    const [first = 'active', ...ahead] = this.uploadStatuses;
    image.status = first;
    image.ahead = ahead;
    if (first === 'active') image.bytes = request.body;
    image.updatedAt = this.#data.now();
    if (typeof store === 'string') image.properties['stores'] = store;
    return { status: 204 };
  }

  #download({ headers }: SimRequest, { bytes }: SimImage): SimAnswer {
    if (bytes === null) return { status: 204 };
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    if (range === null || !this.hasRanges) return { status: 200, bytes };
    const from = Number(range[1]);
    const to = Math.min(Number(range[2]), bytes.length - 1);
    if (from >= bytes.length) return { status: 416, headers: { 'content-range': `bytes */${bytes.length}` } };
    return { status: 206, bytes: bytes.subarray(from, to + 1), headers: { 'content-range': `bytes ${from}-${to}/${bytes.length}` } };
  }

  #patch(request: SimRequest, image: SimImage): SimAnswer {
    if (request.headers['content-type'] !== 'application/openstack-images-v2.1-json-patch') throw new Refusal(415, 'Unsupported media type');
    for (const { op, path, value } of request.json() as unknown as { op: string; path: string; value?: string }[]) {
      const name = path.slice(1);
      if (this.protectedProperties.has(name)) throw new Refusal(403, `Property '${name}' is protected`);
      if (name === 'name') image.name = value ?? '';
      else if (op === 'add') image.properties[name] = value ?? '';
      else if (!(name in image.properties)) throw new Refusal(409, `Property ${name} does not exist.`);
      else if (op === 'replace') image.properties[name] = value ?? '';
      else delete image.properties[name];
    }
    image.updatedAt = this.#data.now();
    return { status: 200, json: view(image) };
  }

  #remove(image: SimImage): SimAnswer {
    if (image.protected) throw new Refusal(403, `Image ${image.id} is protected and cannot be deleted.`);
    this.#data.images.delete(image.id);
    return { status: 204 };
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''));

function view(image: SimImage): Record<string, unknown> {
  const { id, name, status, visibility, owner, disk_format, container_format, bytes, virtualBytes } = image;
  const isActive = status === 'active' && bytes !== null;
  return {
    ...image.properties, id, name, status, visibility, owner, disk_format, container_format, protected: image.protected, os_hidden: false, tags: [],
    size: isActive ? bytes.length : null, virtual_size: isActive ? virtualBytes : null, min_disk: 0, min_ram: 0,
    checksum: isActive ? md5(bytes) : null, os_hash_algo: isActive ? 'sha512' : null, os_hash_value: isActive ? sha512(bytes) : null,
    created_at: timeText(image.createdAt), updated_at: timeText(image.updatedAt),
    self: `/v2/images/${id}`, file: `/v2/images/${id}/file`, schema: '/v2/schemas/image',
  };
}
