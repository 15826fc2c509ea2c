/**
 * Requests to the services of one cloud: signed with the token, at the address of the catalog, in a version that both sides know. A
 * service that refuses the token is asked once more with a new one.
 */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http/http-client.ts';
import { statusOf } from '../http/http-failure.ts';
import type { Keystone, Token } from './keystone.ts';
import type { ServiceKind } from './service-catalog.ts';

export interface ServiceRequest extends Omit<HttpRequest, 'url'> {
  service: ServiceKind;
  /** Below the service's address, with a slash at its beginning; what comes from outside has to be encoded. */
  path: string;
  query?: Readonly<Record<string, string | undefined>>;
}

/** The newest one whose answers are understood here; older clouds answer in theirs. */
export const newestComputeVersion = '2.79';

const versionBody = z.object({ version: z.object({ version: z.string().nullish(), min_version: z.string().nullish() }) });

export class Cloud {
  readonly #http: HttpClient;
  readonly #keystone: Keystone;
  #compute: Promise<ComputeVersion> | null = null;

  constructor(http: HttpClient, keystone: Keystone) {
    this.#http = http;
    this.#keystone = keystone;
  }

  token(signal: AbortSignal): Promise<Token> {
    return this.#keystone.token(signal);
  }

  /** A new token in place of one that was refused. */
  renew(refused: string, signal: AbortSignal): Promise<Token> {
    return this.#keystone.token(signal, refused);
  }

  /** The token as it is now, without asking for one. */
  get currentToken(): string {
    return this.#keystone.currentValue;
  }

  /** Signed anew for each request that is made with it. */
  get liveHeaders(): Readonly<Record<string, string>> {
    const keystone = this.#keystone;
    return {
      get 'x-auth-token'() {
        return keystone.currentValue;
      },
    };
  }

  get transport(): HttpClient['transport'] {
    return this.#http.transport;
  }

  async has(service: ServiceKind, signal: AbortSignal): Promise<boolean> {
    return (await this.token(signal)).catalog.find(service) !== null;
  }

  /** @throws `OPENSTACK_SERVICE_MISSING`, and AppErrors `PLATFORM_…` as the client says them */
  async send(request: ServiceRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const token = await this.token(signal);
    try {
      return await this.#signed(request, token, signal);
    } catch (error) {
      if (statusOf(error) !== 401) throw error;
      return this.#signed(request, await this.renew(token.value, signal), signal);
    }
  }

  async #signed({ service, path, query, headers, ...request }: ServiceRequest, token: Token, signal: AbortSignal): Promise<HttpAnswer> {
    const url = addressOf(token.catalog.endpoint(service), path, query);
    const version = service === 'compute' ? { 'openstack-api-version': `compute ${(await this.#computeVersion(token, signal)).used}` } : {};
    return this.#http.send({ ...request, url, headers: { ...version, ...headers, 'x-auth-token': token.value } }, signal);
  }

  /** The version that requests to Nova use, and the newest one of the cloud. */
  async computeVersion(signal: AbortSignal): Promise<ComputeVersion> {
    return this.#computeVersion(await this.token(signal), signal);
  }

  #computeVersion(token: Token, signal: AbortSignal): Promise<ComputeVersion> {
    const known = this.#compute;
    if (known !== null) return known;
    const asked = this.#askComputeVersion(token, signal);
    this.#compute = asked;
    // A failure is not kept: the next request asks again.
    asked.catch(() => (this.#compute = null));
    return asked;
  }

  async #askComputeVersion(token: Token, signal: AbortSignal): Promise<ComputeVersion> {
    const endpoint = token.catalog.endpoint('compute');
    // A project's id behind the version is none of the version's document.
    const url = addressOf(endpoint, '/');
    url.pathname = url.pathname.replace(/(\/v2(?:\.\d+)?)\/.*$/, '$1/');
    const { json } = await this.#http.send({ method: 'GET', url, headers: { 'x-auth-token': token.value } }, signal);
    const parsed = versionBody.safeParse(json);
    const newest = parsed.success ? (parsed.data.version.version ?? '') : '';
    const oldest = parsed.success ? (parsed.data.version.min_version ?? '') : '';
    // An empty one means that the cloud knows no microversions.
    if (newest === '') return { used: '2.1', newest: '2.1' };
    if (oldest !== '' && isNewer(oldest, newestComputeVersion)) throw new AppError('OPENSTACK_COMPUTE_TOO_NEW', { oldest, known: newestComputeVersion });
    return { used: isNewer(newest, newestComputeVersion) ? newestComputeVersion : newest, newest };
  }
}

export interface ComputeVersion {
  used: string;
  newest: string;
}

/** `2.9` is older than `2.10`. */
export function isNewer(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA === majorB ? minorA > minorB : majorA > majorB;
}

export function addressOf(base: URL, path: string, query: ServiceRequest['query'] = {}): URL {
  const url = new URL(`${base.href.replace(/\/+$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}
