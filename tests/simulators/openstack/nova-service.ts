/** The simulated compute service, with its microversions. */
import { randomUUID } from 'node:crypto';
import { managementProject, timeText, type CloudData, type SimServer } from './cloud-data.ts';
import { nextLink, pageOf, Refusal, type SimAnswer, type SimRequest } from './http-kit.ts';

export class NovaService {
  readonly #data: CloudData;
  /** The newest microversion; an empty text = a cloud without any. */
  newest = '2.93';
  pageLimit = 100;
  /** What an image of a server goes through. */
  imageStatuses: string[] = ['saving', 'active'];
  imageFormat = 'qcow2';
  deleteSteps: SimServer['ahead'] = [{ status: 'DELETED', taskState: null }];
  isForAllProjects = true;

  constructor(data: CloudData) {
    this.#data = data;
  }

  handle(request: SimRequest, path: string): SimAnswer {
    if (path === '/' || path === '') return { status: 200, json: { version: { id: 'v2.1', version: this.newest, min_version: this.newest === '' ? '' : '2.1' } } };
    const version = this.#version(request);
    if (path === '/servers/detail' || (path === '/servers' && request.method === 'GET')) return this.#list(request, version);
    if (path === '/servers') return this.#create(request);
    if (path === '/flavors/detail') return { status: 200, json: { flavors: this.#data.flavors } };
    const [, id = '', action] = /^\/servers\/([^/]+)(\/action)?$/.exec(path) ?? [];
    const server = this.#data.servers.get(id);
    if (server === undefined) throw new Refusal(404, `Instance ${id} could not be found.`);
    if (action !== undefined) return this.#act(request, server, version);
    if (request.method === 'DELETE') return this.#remove(server);
    return { status: 200, json: { server: this.#view(server, version) } };
  }

  /** The minor number that the request asks for. */
  #version({ headers }: SimRequest): number {
    const asked = /^compute 2\.(\d+)$/.exec(String(headers['openstack-api-version'] ?? ''))?.[1];
    const newest = this.newest === '' ? 1 : Number(this.newest.split('.')[1]);
    const minor = this.newest === '' ? 1 : Number(asked ?? 1);
    if (minor > newest) throw new Refusal(406, `Version 2.${minor} is not supported by the API. Maximum is ${this.newest}.`);
    return minor;
  }

  #list({ url }: SimRequest, version: number): SimAnswer {
    const query = url.searchParams;
    if (query.get('all_tenants') === '1' && !this.isForAllProjects) throw new Refusal(403, 'Policy does not allow os_compute_api:servers:detail:get_all_tenants');
    const since = query.get('changes-since');
    const project = query.get('project_id');
    const all = [...this.#data.servers.values(), ...(since === null ? [] : this.#data.gone)]
      .filter((server) => (since === null || server.updatedAt >= Date.parse(since)) && (project === null || server.project === project))
      .sort((a, b) => b.createdAt - a.createdAt);
    const { items, hasMore } = pageOf(all, query, this.pageLimit);
    const last = items.at(-1);
    const links = hasMore && last !== undefined ? { servers_links: [{ rel: 'next', href: nextLink(url, last.id) }] } : {};
    return { status: 200, json: { servers: items.map((server) => this.#view(server, version)), ...links } };
  }

  #view(server: SimServer, version: number): unknown {
    const flavor = this.#data.flavors.find(({ id }) => id === server.flavor);
    return {
      id: server.id, name: server.name, status: server.status, tenant_id: server.project, metadata: server.metadata, locked: server.locked,
      created: timeText(server.createdAt), updated: timeText(server.updatedAt),
      'OS-EXT-STS:task_state': server.taskState, 'OS-EXT-STS:power_state': server.status === 'ACTIVE' ? 1 : 4, 'OS-EXT-SRV-ATTR:root_device_name': '/dev/vda',
      image: server.image === null ? '' : { id: server.image, links: [] },
      flavor: version >= 47 ? { original_name: flavor?.name, vcpus: flavor?.vcpus, ram: flavor?.ram, disk: flavor?.disk } : { id: server.flavor, links: [] },
      'os-extended-volumes:volumes_attached': server.volumes.map((id) => ({ id, ...(version >= 3 ? { delete_on_termination: true } : {}) })),
      addresses: { private: [{ addr: '10.0.0.4', version: 4 }] },
    };
  }

  #create(request: SimRequest): SimAnswer {
    const { server } = request.json() as { server: { name: string; imageRef: string; flavorRef: string; metadata?: Record<string, string> } };
    const image = this.#data.images.get(server.imageRef);
    if (image?.bytes == null) throw new Refusal(400, 'Can not find requested image');
    const made = this.#data.addServer({
      id: randomUUID(), name: server.name, image: image.id, flavor: server.flavorRef, metadata: server.metadata ?? {}, project: managementProject,
      disk: image.bytes, status: 'BUILD', taskState: 'spawning', ahead: [{ status: 'ACTIVE', taskState: null }],
    });
    return { status: 202, json: { server: { id: made.id } } };
  }

  #act(request: SimRequest, server: SimServer, version: number): SimAnswer {
    const body = request.json();
    if (server.locked) throw new Refusal(409, `Instance ${server.id} is locked`);
    if (server.taskState !== null) throw new Refusal(409, `Cannot act on instance ${server.id} while it is in task_state ${server.taskState}`);
    if ('createImage' in body) return this.#createImage(body['createImage'] as { name: string; metadata: Record<string, string> }, server, version);
    const isStop = 'os-stop' in body;
    if (!isStop && !('os-start' in body)) throw new Refusal(400, 'There is no such action');
    if (server.status === (isStop ? 'SHUTOFF' : 'ACTIVE')) throw new Refusal(409, `Cannot act on instance ${server.id} while it is in vm_state ${server.status}`);
    server.taskState = isStop ? 'powering-off' : 'powering-on';
    server.ahead = [{ status: isStop ? 'SHUTOFF' : 'ACTIVE', taskState: null }];
    server.updatedAt = this.#data.now();
    return { status: 202 };
  }

  #createImage({ name, metadata }: { name: string; metadata: Record<string, string> }, server: SimServer, version: number): SimAnswer {
    const inherited = this.#data.images.get(server.image ?? '')?.properties ?? {};
    const image = this.#data.addImage({
      name, status: 'queued', visibility: 'private', disk_format: this.imageFormat, bytes: null, coming: server.disk, ahead: [...this.imageStatuses],
      properties: { ...inherited, image_type: 'snapshot', instance_uuid: server.id, ...metadata },
    });
    server.taskState = 'image_uploading';
    server.ahead = [...this.imageStatuses.slice(1).map(() => ({ status: server.status, taskState: 'image_uploading' })), { status: server.status, taskState: null }];
    server.updatedAt = this.#data.now();
    return version >= 45 ? { status: 202, json: { image_id: image.id } } : { status: 202, headers: { location: `http://image.example/v2/images/${image.id}` } };
  }

  #remove(server: SimServer): SimAnswer {
    if (server.locked) throw new Refusal(409, `Instance ${server.id} is locked`);
    server.taskState = 'deleting';
    server.ahead = [...this.deleteSteps];
    return { status: 204 };
  }
}
