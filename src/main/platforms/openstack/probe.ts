/** The connection test of a cloud, step by step, and what it says about each role. */
import { AppError } from '../../../shared/model/app-error.ts';
import { available, unavailable, type Availability } from '../../../shared/model/capability.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { TestStep } from '../../../shared/model/platform.ts';
import { trustOfferFor } from '../http/trust-offer.ts';
import type { ProbeResult } from '../connector.ts';
import type { Cloud } from './cloud.ts';
import type { Token } from './keystone.ts';
import { readOnlyReason } from './rights.ts';
import type { OpenStackServices } from './server-facts.ts';

const pinField = 'tlsPin';

type Title = Message['code'];

/** A step that failed ends the test: what comes after it would fail for the same reason. */
class StepFailed extends Error {}

export class OpenStackProbe {
  readonly #cloud: () => Promise<Cloud>;
  readonly #services: (cloud: Cloud) => OpenStackServices;
  readonly #steps: TestStep[] = [];
  readonly #signal: AbortSignal;
  readonly #pins: readonly string[];

  constructor(cloud: () => Promise<Cloud>, services: (cloud: Cloud) => OpenStackServices, pins: readonly string[], signal: AbortSignal) {
    this.#cloud = cloud;
    this.#services = services;
    this.#pins = pins;
    this.#signal = signal;
  }

  async run(): Promise<ProbeResult> {
    try {
      const [cloud, token] = await this.#step('OPENSTACK_TEST_SIGN_IN', async () => {
        const made = await this.#cloud();
        return [made, await made.token(this.#signal)] as const;
      }, ([, { project, userName }]) => say('OPENSTACK_TEST_SIGN_IN_DETAIL', { user: userName, project: project.name }));
      return await this.#probeServices(cloud, token);
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      return { version: null, capabilities: {}, steps: this.#steps };
    }
  }

  async #probeServices(cloud: Cloud, token: Token): Promise<ProbeResult> {
    const { glance, cinder } = this.#services(cloud);
    const stores = await this.#step('OPENSTACK_TEST_IMAGES', () => glance.stores(this.#signal), (found) => say('OPENSTACK_TEST_IMAGES_DETAIL', { stores: found.map(({ id }) => id).join(', ') }));
    const compute = await this.#step('OPENSTACK_TEST_COMPUTE', async () => {
      const version = await cloud.computeVersion(this.#signal);
      await cloud.send({ method: 'GET', service: 'compute', path: '/servers', query: { limit: '1' } }, this.#signal);
      return version;
    }, ({ used, newest }) => say('OPENSTACK_TEST_COMPUTE_DETAIL', { used, newest }));
    const hasCinder = await cinder.isThere(this.#signal);
    this.#steps.push(hasCinder
      ? { title: say('OPENSTACK_TEST_VOLUMES'), outcome: 'ok', detail: say('OPENSTACK_TEST_VOLUMES_DETAIL') }
      : { title: say('OPENSTACK_TEST_VOLUMES'), outcome: 'skipped', detail: say('OPENSTACK_NO_CINDER') });
    const readOnly = readOnlyReason(token);
    this.#steps.push({ title: say('OPENSTACK_TEST_RIGHTS'), outcome: readOnly === null ? 'ok' : 'skipped', detail: readOnly ?? say('OPENSTACK_TEST_RIGHTS_DETAIL', { roles: token.roles.join(', ') }) });
    const changing: Availability = readOnly === null ? available : unavailable(readOnly);
    const canStore = stores.some((store) => !store.isReadOnly) ? changing : unavailable(say('OPENSTACK_NO_STORE'));
    return {
      version: `Nova ${compute.newest}`,
      capabilities: {
        images: available, sourceVms: available, diskExport: changing, attributes: changing, power: changing, deleter: changing, snapshots: changing,
        imageStore: canStore, creator: changing,
      },
      steps: this.#steps,
    };
  }

  async #step<T>(title: Title, work: () => Promise<T>, detail: (result: T) => Message): Promise<T> {
    try {
      const result = await work();
      this.#steps.push({ title: say(title), outcome: 'ok', detail: detail(result) });
      return result;
    } catch (error) {
      if (!(error instanceof AppError) || this.#signal.aborted) throw error;
      const trust = trustOfferFor(error, pinField, this.#pins);
      this.#steps.push({ title: say(title), outcome: 'failed', detail: error.asMessage, ...(trust === null ? {} : { trust }) });
      throw new StepFailed(error.code, { cause: error });
    }
  }
}
