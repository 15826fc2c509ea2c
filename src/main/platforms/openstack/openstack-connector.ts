/**
 * The `openstack` connector: one region of one cloud, seen by one project's sign-in. Composes the roles; what each does is in its own
 * file. Nothing is asked before something is needed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../../../shared/model/message.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { Clock } from '../../clock.ts';
import { HttpClient, type HttpClientOptions } from '../http/http-client.ts';
import { Transport } from '../http/transport.ts';
import { pinsOf } from '../http/verified-socket.ts';
import type { Connector, ConnectorFactory, Inventory, ProbeResult } from '../connector.ts';
import type { SourceVmRecord } from '../inventory-records.ts';
import { OpenStackAttributes } from './attributes-role.ts';
import { Cinder } from './cinder.ts';
import { cloudAccess } from './cloud-access.ts';
import { Cloud } from './cloud.ts';
import { OpenStackDeleter } from './deleter-role.ts';
import { OpenStackDiskExport } from './disk-export-role.ts';
import { GlancePlace } from './glance-place.ts';
import { Glance } from './glance.ts';
import { OpenStackImageStore } from './image-store-role.ts';
import { OpenStackInventory } from './inventory.ts';
import { Keystone } from './keystone.ts';
import { Nova } from './nova.ts';
import { OpenStackPower } from './power-role.ts';
import { OpenStackProbe } from './probe.ts';
import { OpenStackCreator } from './remote-creator.ts';
import type { OpenStackServices } from './server-facts.ts';
import type { OpenStackSession } from './session.ts';
import { openStackFields, openStackSettings, type OpenStackSettings } from './settings.ts';
import { OpenStackSnapshots } from './snapshot-role.ts';
import { Waiter, type Sleep } from './waiting.ts';

export interface OpenStackDeps {
  clock: Clock;
  /** For the customary proxy variables. */
  environment: Readonly<Record<string, string | undefined>>;
  /** How patiently requests are made. */
  http?: Omit<HttpClientOptions, 'transport'>;
  /** Between two looks at what a cloud is at work on. */
  sleep?: Sleep;
}

interface OpenedSession extends OpenStackSession {
  keystone: Keystone;
  transport: Transport;
}

const defaultImageMinutes = 30;

export class OpenStackConnector implements Connector {
  readonly kind = 'openstack';
  readonly inventory: Required<Inventory>;
  readonly attributes: OpenStackAttributes;
  readonly power: OpenStackPower;
  readonly deleter: OpenStackDeleter;
  readonly snapshots: OpenStackSnapshots;
  readonly diskExport: OpenStackDiskExport;
  readonly imageStore: OpenStackImageStore;
  readonly remoteCreator: OpenStackCreator;
  readonly #settings: OpenStackSettings;
  readonly #secrets: Readonly<Record<string, string>>;
  readonly #deps: OpenStackDeps;
  #session: Promise<OpenedSession> | null = null;

  constructor(settings: OpenStackSettings, secrets: Readonly<Record<string, string>>, deps: OpenStackDeps) {
    this.#settings = settings;
    this.#secrets = secrets;
    this.#deps = deps;
    const open = (): Promise<OpenStackSession> => this.#open();
    const place = new GlancePlace(settings.authUrl ?? settings.cloud ?? 'openstack', open);
    this.inventory = lateInventory(async () => (await open()).inventory);
    this.attributes = new OpenStackAttributes(open);
    this.power = new OpenStackPower(open);
    this.deleter = new OpenStackDeleter(open);
    this.snapshots = new OpenStackSnapshots(open);
    this.diskExport = new OpenStackDiskExport(open, place);
    this.imageStore = new OpenStackImageStore(open, place);
    this.remoteCreator = new OpenStackCreator(open, settings);
  }

  /** The settings read, `clouds.yaml` too; a failure is not kept. */
  #open(): Promise<OpenedSession> {
    const known = this.#session;
    if (known !== null) return known;
    const opened = this.#make();
    this.#session = opened;
    opened.catch(() => {
      if (this.#session === opened) this.#session = null;
    });
    return opened;
  }

  async #make(): Promise<OpenedSession> {
    const { proxy, proxyUser, tlsPin, imageTimeoutMinutes = defaultImageMinutes } = this.#settings;
    const { clock } = this.#deps;
    const access = await cloudAccess(this.#settings, this.#secrets);
    const transport = new Transport({
      caFile: access.caFile,
      pins: pinsOf(tlsPin),
      proxy: proxy === undefined ? null : { url: proxy, user: proxyUser, password: this.#secrets['proxyPassword'] },
      environment: this.#deps.environment,
    });
    const http = new HttpClient({ transport, ...this.#deps.http });
    const keystone = new Keystone(http, access, clock);
    const cloud = new Cloud(http, keystone);
    const services = servicesOf(cloud);
    const pause: Sleep = this.#deps.sleep ?? ((ms, signal) => sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted()));
    const waiter = new Waiter({ clock, sleep: pause, imageLimitMs: imageTimeoutMinutes * 60_000 });
    return { ...services, cloud, keystone, transport, waiter, inventory: new OpenStackInventory(cloud, services) };
  }

  probe(signal: AbortSignal): Promise<ProbeResult> {
    return new OpenStackProbe(async () => (await this.#open()).cloud, servicesOf, pinsOf(this.#settings.tlsPin), signal).run();
  }

  async current(vm: ExternalId, signal: AbortSignal): Promise<SourceVmRecord> {
    return (await this.#open()).inventory.current(vm, signal);
  }

  async dispose(): Promise<void> {
    // One that could not be made has told its caller so; there is nothing of it to end.
    const session = await this.#session?.catch(() => null);
    this.#session = null;
    await session?.keystone.dispose();
    session?.transport.dispose();
  }
}

function servicesOf(cloud: Cloud): OpenStackServices {
  return { glance: new Glance(cloud), nova: new Nova(cloud), cinder: new Cinder(cloud) };
}

/** The listings of an inventory that is made when the first of them is read. */
function lateInventory(open: () => Promise<OpenStackInventory>): Required<Inventory> {
  async function* late<T>(list: (inventory: OpenStackInventory) => AsyncIterable<T[]>): AsyncGenerator<T[]> {
    yield* list(await open());
  }
  return {
    sourceVms: (signal) => late((inventory) => inventory.sourceVms(signal)),
    images: (signal) => late((inventory) => inventory.images(signal)),
    projects: (signal) => late((inventory) => inventory.projects(signal)),
    instanceSizes: (signal) => late((inventory) => inventory.instanceSizes(signal)),
    pools: (signal) => late((inventory) => inventory.pools(signal)),
    changedSourceVms: (since, signal) => late((inventory) => inventory.changedSourceVms(since, signal)),
    changedImages: (since, signal) => late((inventory) => inventory.changedImages(since, signal)),
  };
}

export function openStackConnectorFactory(deps: OpenStackDeps): ConnectorFactory<OpenStackSettings> {
  return {
    kind: 'openstack',
    title: say('KIND_OPENSTACK'),
    description: say('KIND_OPENSTACK_DESCRIPTION'),
    settingsSchema: openStackSettings,
    fields: openStackFields,
    create: (settings, secrets) => new OpenStackConnector(settings, secrets, deps),
  };
}
