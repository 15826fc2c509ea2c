/**
 * Signing in at Keystone v3 and keeping the token. One sign-in at a time, however many requests wait for it; a token that is refused is
 * replaced exactly once for each request; the token is given back when the platform is let go.
 */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { Clock } from '../../clock.ts';
import type { HttpClient } from '../http/http-client.ts';
import { statusOf } from '../http/http-failure.ts';
import { catalogEntries, ServiceCatalog } from './service-catalog.ts';
import type { CloudAccess, Credentials } from './settings.ts';

export interface Token {
  value: string;
  catalog: ServiceCatalog;
  project: { id: string; name: string };
  roles: readonly string[];
  userName: string;
  /** By the clock here. */
  expiresAt: number;
}

const tokenBody = z.object({
  token: z.object({
    expires_at: z.string().optional(),
    issued_at: z.string().optional(),
    project: z.object({ id: z.string(), name: z.string().default('') }).optional(),
    user: z.object({ name: z.string().default('') }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
    catalog: catalogEntries,
  }),
});

const versionsBody = z.object({
  versions: z.object({ values: z.array(z.object({ id: z.string(), links: z.array(z.object({ rel: z.string(), href: z.string() })).default([]) })) }),
});

/** A token that ends sooner is replaced before it is used. */
const marginMs = 120_000;
const defaultLifeMs = 3_600_000;
const revokeLimitMs = 5_000;
const maxTokenChars = 32_768;

export class Keystone {
  readonly #http: HttpClient;
  readonly #access: CloudAccess;
  readonly #clock: Clock;
  #token: Token | null = null;
  #signingIn: Promise<Token> | null = null;
  /** Ends a sign-in that nobody waits for any more. */
  readonly #disposed = new AbortController();

  constructor(http: HttpClient, access: CloudAccess, clock: Clock) {
    this.#http = http;
    this.#access = access;
    this.#clock = clock;
  }

  /**
   * A token that is good now.
   * @param refused a token that a service did not take; a newer one is used or made
   * @throws `PLATFORM_AUTH_FAILED`, `OPENSTACK_NO_PROJECT`, and what the connection says
   */
  async token(signal: AbortSignal, refused: string | null = null): Promise<Token> {
    signal.throwIfAborted();
    const known = this.#token;
    if (known !== null && known.value !== refused && known.expiresAt - marginMs > this.#clock.now()) return known;
    // Shared by all who wait: the signal of one of them must not end it for the others.
    this.#signingIn ??= this.#signIn(this.#disposed.signal).finally(() => (this.#signingIn = null));
    return untilAborted(this.#signingIn, signal);
  }

  /** The token as it is now, without asking; for requests that are signed as they leave. */
  get currentValue(): string {
    return this.#token?.value ?? '';
  }

  async #signIn(signal: AbortSignal): Promise<Token> {
    const base = identityBase(this.#access.authUrl);
    const json = { auth: authBody(this.#access.credentials) };
    const post = (url: URL) => this.#http.send({ method: 'POST', url: new URL(`${url.href}/auth/tokens`), json, isRepeatable: true }, signal);
    let answer;
    try {
      answer = await post(base);
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      answer = await post(await this.#discover(signal, error));
    }
    const value = answer.headers['x-subject-token'];
    const parsed = tokenBody.safeParse(answer.json);
    if (value === undefined || value.length > maxTokenChars || !parsed.success) throw new AppError('OPENSTACK_NOT_KEYSTONE', { host: base.host });
    const { project, roles, catalog, user, expires_at: expires = '', issued_at: issued = '' } = parsed.data.token;
    if (project === undefined) throw new AppError('OPENSTACK_NO_PROJECT');
    // How long it lives counts, not what the cloud's clock shows.
    const lifeMs = Date.parse(expires) - Date.parse(issued);
    this.#token = {
      value, project,
      roles: roles.map(({ name }) => name.toLowerCase()),
      userName: user?.name ?? '',
      catalog: new ServiceCatalog(catalog, this.#access, project.id),
      expiresAt: this.#clock.now() + (lifeMs > 0 ? lifeMs : defaultLifeMs),
    };
    return this.#token;
  }

  /** Where `/v3` is not right below the address, the address itself says where it is. */
  async #discover(signal: AbortSignal, notFound: unknown): Promise<URL> {
    const { authUrl } = this.#access;
    const { json } = await this.#http.send({ method: 'GET', url: authUrl }, signal);
    const found = versionsBody.safeParse(json);
    const v3 = found.success ? found.data.versions.values.find(({ id }) => id.startsWith('v3')) : undefined;
    const href = v3?.links.find(({ rel }) => rel === 'self')?.href;
    if (href === undefined || !URL.canParse(href, authUrl.href)) throw notFound;
    // Clouds behind a proxy often tell an inner host here: only the path is taken.
    return identityBase(new URL(new URL(href, authUrl).pathname, authUrl));
  }

  /** Gives the token back. What goes wrong here hurts nobody: the token ends by itself. */
  async dispose(): Promise<void> {
    this.#disposed.abort(new AppError('ABORTED'));
    const token = this.#token;
    this.#token = null;
    if (token === null) return;
    const base = identityBase(this.#access.authUrl);
    const headers = { 'x-auth-token': token.value, 'x-subject-token': token.value };
    try {
      await this.#http.send({ method: 'DELETE', url: new URL(`${base.href}/auth/tokens`), headers, isRepeatable: false }, AbortSignal.timeout(revokeLimitMs));
    } catch {
      // See above.
    }
  }
}

/** `https://cloud:5000`, `…/identity`, `…/v3` and `…/v2.0` all become `…/v3`, without a slash at the end. */
function identityBase(url: URL): URL {
  const base = new URL(url.origin);
  base.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/v(?:2\.0|3)$/, '')}/v3`;
  return base;
}

function authBody(credentials: Credentials): unknown {
  if (credentials.method === 'password') {
    const { user, password, project } = credentials;
    return {
      identity: { methods: ['password'], password: { user: { ...reference(user), password } } },
      scope: { project: reference(project) },
    };
  }
  const { id, name, secret, user } = credentials;
  const credential = id === undefined ? { name, secret, ...(user === undefined ? {} : { user: reference(user) }) } : { id, secret };
  return { identity: { methods: ['application_credential'], application_credential: credential } };
}

/** An id stands alone; a name needs its domain. */
function reference({ id, name, domain }: { id?: string | undefined; name?: string | undefined; domain: { id?: string | undefined; name?: string | undefined } }): Record<string, unknown> {
  return id === undefined ? { name, domain: domain.id === undefined ? { name: domain.name } : { id: domain.id } } : { id };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
