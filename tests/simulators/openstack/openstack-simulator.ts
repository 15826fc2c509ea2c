/**
 * A simulator of OpenStack's identity, image, compute, block storage and network services: one origin, a path for each, built after the
 * documented behaviour. No real service takes part. Every request lets what is under way go one step on, so nothing depends on time.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { CinderService } from './cinder-service.ts';
import { CloudData, managementProject, tenantProject } from './cloud-data.ts';
import { GlanceService } from './glance-service.ts';
import { readRequest, Refusal, sendAnswer, type SimAnswer, type SimRequest } from './http-kit.ts';
import { NovaService } from './nova-service.ts';

export interface SimulatorOptions {
  /** With one, the simulator speaks TLS. */
  certificate?: { key: string; cert: string };
}

export const simulatorUser = { username: 'admin', password: 'a password of the simulator', project: 'admin' };
export const simulatorCredential = { applicationCredentialId: 'cred-1', secret: 'a secret of the simulator' };

export class OpenStackSimulator {
  readonly data = new CloudData();
  readonly glance = new GlanceService(this.data);
  readonly nova = new NovaService(this.data);
  readonly cinder = new CinderService(this.data);
  /** Every request as `POST /compute/v2.1/servers`, for telling what was asked and how often. */
  readonly seen: string[] = [];
  roles = ['admin'];
  hasCinder = true;
  regions = ['RegionOne'];
  networks = [{ id: 'n1', name: 'private' }];
  /** Addresses in the catalogue without their versions, as some clouds have them. */
  isUnversioned = false;
  /** Where the catalogue says the services are; a proxy between is put in here. */
  publicOrigin: string | null = null;
  readonly #tokens = new Set<string>();
  readonly #server: Server;

  private constructor({ certificate }: SimulatorOptions) {
    const listener: Parameters<typeof createServer>[1] = (incoming, response) => {
      void readRequest(incoming, this.origin).then((request) => this.#answer(request)).catch(asRefusal).then((answer) => sendAnswer(response, answer));
    };
    this.#server = certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);
  }

  static async start(options: SimulatorOptions = {}): Promise<OpenStackSimulator> {
    const simulator = new OpenStackSimulator(options);
    await new Promise<void>((resolve) => simulator.#server.listen(0, '127.0.0.1', resolve));
    return simulator;
  }

  get origin(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${'setSecureContext' in this.#server ? 'https' : 'http'}://127.0.0.1:${port}`;
  }

  /** What a connector is made with. */
  get settings(): { authUrl: string; username: string; project: string } {
    return { authUrl: `${this.publicOrigin ?? this.origin}/identity/v3`, username: simulatorUser.username, project: simulatorUser.project };
  }

  /** All tokens end at once, as after a restart of the identity service. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  get liveTokens(): number {
    return this.#tokens.size;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: SimRequest): SimAnswer {
    const { pathname } = request.url;
    this.seen.push(`${request.method} ${pathname}`);
    const [, service = '', path = ''] = /^\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
    if (service === 'identity' && path === '/v3/auth/tokens' && request.method === 'POST') return this.#signIn(request);
    const token = request.headers['x-auth-token'];
    if (typeof token !== 'string' || !this.#tokens.has(token)) throw new Refusal(401, 'The request you have made requires authentication.');
    if (request.method !== 'GET' && this.roles.every((role) => role === 'reader') && service !== 'identity') throw new Refusal(403, 'Policy does not allow it');
    this.data.step();
    switch (service) {
      case 'identity': return this.#identity(request, path, token);
      case 'image': return this.glance.handle(request, path.replace(/^\/v2/, ''));
      case 'compute': return this.nova.handle(request, path.replace(/^\/v2\.1/, ''));
      case 'volume': return this.cinder.handle(request, path.replace(/^\/v3\/[^/]+/, ''));
      case 'network': return { status: 200, json: { networks: this.networks } };
      default: throw new Refusal(404, 'There is no such service.');
    }
  }

  #identity(request: SimRequest, path: string, token: string): SimAnswer {
    if (path === '/v3/auth/tokens' && request.method === 'DELETE') {
      this.#tokens.delete(token);
      return { status: 204 };
    }
    const projects = [{ id: managementProject, name: 'admin', enabled: true, is_domain: false }, { id: tenantProject, name: 'tenant', enabled: true, is_domain: false }];
    if (path === '/v3/projects' && this.roles.includes('admin')) return { status: 200, json: { projects, links: { next: null } } };
    if (path === '/v3/projects') throw new Refusal(403, 'You are not authorized to perform the requested action: identity:list_projects.');
    if (path === '/v3/auth/projects') return { status: 200, json: { projects: projects.slice(0, 1), links: { next: null } } };
    throw new Refusal(404, 'Could not find it.');
  }

  #signIn(request: SimRequest): SimAnswer {
    const { auth } = request.json() as { auth: { identity: { methods: string[]; password?: { user: { name?: string; password: string } }; application_credential?: { id?: string; secret: string } } } };
    const { password, application_credential: credential } = auth.identity;
    const isUser = password?.user.name === simulatorUser.username && password.user.password === simulatorUser.password;
    const isCredential = credential?.id === simulatorCredential.applicationCredentialId && credential.secret === simulatorCredential.secret;
    if (!isUser && !isCredential) throw new Refusal(401, 'The request you have made requires authentication.');
    const value = `token-${randomUUID()}`;
    this.#tokens.add(value);
    return {
      status: 201, headers: { 'x-subject-token': value },
      json: {
        token: {
          issued_at: '2026-01-01T00:00:00.000000Z', expires_at: '2026-01-01T01:00:00.000000Z', user: { name: simulatorUser.username },
          project: { id: managementProject, name: 'admin' }, roles: this.roles.map((name) => ({ name })), catalog: this.#catalog(),
        },
      },
    };
  }

  #catalog(): unknown {
    const origin = this.publicOrigin ?? this.origin;
    const services: [string, string, string][] = [
      ['identity', 'identity', '/v3'], ['image', 'image', ''], ['compute', 'compute', '/v2.1'], ['network', 'network', ''],
      ...(this.hasCinder ? [['volumev3', 'volume', `/v3/${managementProject}`] as [string, string, string]] : []),
    ];
    return services.map(([type, path, version]) => ({
      type, endpoints: this.regions.flatMap((region) => ['public', 'internal'].map((kind) => ({ interface: kind, region_id: region, region, url: `${origin}/${path}${this.isUnversioned ? '' : version}` }))),
    }));
  }
}

/** Each service has its own way to say no; the connector has to understand them all. */
function asRefusal(error: unknown): SimAnswer {
  if (!(error instanceof Refusal)) return { status: 500, json: { computeFault: { code: 500, message: String(error) } } };
  return { status: error.status, json: { [error.status === 404 ? 'itemNotFound' : 'error']: { code: error.status, message: error.message } } };
}
