/**
 * Connections to one platform: its authorities, its pins, its proxy. Everything that talks to the platform, also by ranges, goes through
 * the agents made here.
 */
import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { AppError } from '../../../shared/model/app-error.ts';
import { proxyFor, type ProxySetting } from './proxy.ts';
import { judgeCertificate, whenOpen } from './verified-socket.ts';

export interface TransportOptions {
  /** A PEM file with authorities that are trusted beside the system's; null = only those. */
  caFile: string | null;
  /** SHA-256 of the certificates that are trusted, and then no others; as `pinsOf` gives them. */
  pins: readonly string[];
  proxy: ProxySetting | null;
  environment: Readonly<Record<string, string | undefined>>;
  connectLimitMs?: number;
  /** Connections to one host. */
  maxSockets?: number;
}

const defaultConnectLimitMs = 15_000;
const defaultMaxSockets = 8;
const maxCaBytes = 4 * 1024 ** 2;

type OnConnection = (error: Error | null, stream: Duplex) => void;

export class Transport {
  readonly #options: TransportOptions;
  readonly #agents = new Map<string, HttpAgent>();
  #context: Promise<SecureContext> | null = null;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get pins(): readonly string[] {
    return this.#options.pins;
  }

  /** The agent for an address; kept, with its connections. */
  agentFor(url: URL): HttpAgent {
    const proxy = proxyFor(url, this.#options.proxy, this.#options.environment);
    const key = `${url.protocol} ${proxy?.href ?? ''}`;
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = this.#make(url.protocol === 'https:', proxy);
    this.#agents.set(key, agent);
    return agent;
  }

  /** Ends all connections, also those at work. */
  dispose(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #make(isSecure: boolean, proxy: URL | null): HttpAgent {
    const options = { keepAlive: true, maxSockets: this.#options.maxSockets ?? defaultMaxSockets, scheduling: 'lifo' as const };
    if (proxy !== null) return new ProxiedAgent(proxy, options, (open) => this.#open(open));
    return isSecure ? new VerifyingAgent(options, (open) => this.#open(open)) : new PlainAgent(options, (open) => this.#open(open));
  }

  async #open({ host, port, socket, isSecure }: ConnectionWish): Promise<Socket> {
    const limitMs = this.#options.connectLimitMs ?? defaultConnectLimitMs;
    if (!isSecure) return socket ?? (await whenOpen(connectTcp({ host, port }), 'connect', limitMs));
    const secureContext = await (this.#context ??= this.#makeContext());
    const name = isIP(host) === 0 ? { servername: host } : {};
    // Node would destroy the connection before anybody could say what it showed; it is judged right below, before it is used.
    const secure = connectTls({ ...(socket === null ? { host, port } : { socket, host }), ...name, secureContext, rejectUnauthorized: false });
    const open: TLSSocket = await whenOpen(secure, 'secureConnect', limitMs);
    judgeCertificate(open, `${host}:${port}`, this.#options.pins);
    return open;
  }

  async #makeContext(): Promise<SecureContext> {
    const { caFile } = this.#options;
    const own = caFile === null ? [] : [await readCa(caFile)];
    try {
      return createSecureContext({ ca: [...getCACertificates('default'), ...getCACertificates('system'), ...own] });
    } catch (error) {
      throw new AppError('PLATFORM_CA_UNREADABLE', { file: caFile ?? '' }, { cause: error });
    }
  }
}

async function readCa(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('PLATFORM_CA_UNREADABLE', { file }, { cause: error });
  }
  if (text.length > maxCaBytes || !text.includes('-----BEGIN CERTIFICATE-----')) throw new AppError('PLATFORM_CA_UNREADABLE', { file });
  return text;
}

interface ConnectionWish {
  host: string;
  port: number;
  /** A tunnel that stands already; null = a new connection. */
  socket: Socket | null;
  isSecure: boolean;
}

type Open = (wish: ConnectionWish) => Promise<Socket>;

interface AgentOptions {
  keepAlive: boolean;
  maxSockets: number;
  scheduling: 'lifo';
}

const hostOf = (host: string | null | undefined): string => (host ?? 'localhost').replace(/^\[|\]$/g, '');

function handOver(opening: Promise<Socket>, callback: OnConnection | undefined): void {
  opening.then(
    (socket) => callback?.(null, socket),
    // Node's type wants a stream beside every error; it looks at the error alone.
    (error: unknown) => (callback as ((error: unknown) => void) | undefined)?.(error),
  );
}

class PlainAgent extends HttpAgent {
  readonly #open: Open;

  constructor(options: AgentOptions, open: Open) {
    super(options);
    this.#open = open;
  }

  override createConnection(options: ClientRequestArgs, callback?: OnConnection): undefined {
    handOver(this.#open({ host: hostOf(options.host), port: Number(options.port ?? 80), socket: null, isSecure: false }), callback);
  }
}

class VerifyingAgent extends HttpsAgent {
  readonly #open: Open;

  constructor(options: AgentOptions, open: Open) {
    super(options);
    this.#open = open;
  }

  override createConnection(options: RequestOptions, callback?: OnConnection): undefined {
    handOver(this.#open({ host: hostOf(options.host), port: Number(options.port ?? 443), socket: null, isSecure: true }), callback);
  }
}

type ConnectOptions = Parameters<HttpsProxyAgent<string>['connect']>[1];

/** A tunnel through the proxy, and inside it the same judged connection; the proxy sees only where it leads. */
class ProxiedAgent extends HttpsProxyAgent<string> {
  readonly #open: Open;

  constructor(proxy: URL, options: AgentOptions, open: Open) {
    super(proxy, options);
    this.#open = open;
  }

  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    // The tunnel alone: its TLS is ours.
    const tunnel = await super.connect(request, { ...options, secureEndpoint: false });
    if (!options.secureEndpoint) return tunnel;
    return this.#open({ host: hostOf(options.host), port: options.port, socket: tunnel, isSecure: true });
  }
}
