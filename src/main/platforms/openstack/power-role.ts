/** Starting and stopping servers. Nova asks the guest first and takes the power after its own time limit; there is no harder way. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { PowerRole } from '../connector.ts';
import type { NovaServer } from './nova.ts';
import { requireRights } from './rights.ts';
import { powerStateOf, statusTextOf } from './server-records.ts';
import type { OpenSession } from './session.ts';
import { serverLimitMs } from './waiting.ts';

export class OpenStackPower implements PowerRole {
  readonly #open: OpenSession;

  constructor(open: OpenSession) {
    this.#open = open;
  }

  start(vm: ExternalId, signal: AbortSignal): Promise<void> {
    return this.#bring(vm, 'os-start', 'running', signal);
  }

  stop(vm: ExternalId, _how: 'graceful' | 'forced', signal: AbortSignal): Promise<void> {
    return this.#bring(vm, 'os-stop', 'stopped', signal);
  }

  async #bring(vm: ExternalId, action: 'os-start' | 'os-stop', wanted: 'running' | 'stopped', signal: AbortSignal): Promise<void> {
    const { cloud, nova, waiter } = await this.#open();
    requireRights(await cloud.token(signal));
    const isThere = (server: NovaServer): boolean => powerStateOf(server) === wanted && server['OS-EXT-STS:task_state'] === null;
    const before = await nova.get(vm, signal);
    if (isThere(before)) return;
    const name = before.name ?? vm;
    if (before.locked === true) throw new AppError('OPENSTACK_SERVER_LOCKED', { name });
    // One that is at it already is waited for.
    const isAtIt = before['OS-EXT-STS:task_state'] === (action === 'os-stop' ? 'powering-off' : 'powering-on');
    if (!isAtIt) await nova.act(vm, action, signal);
    await waiter.until(async () => {
      const server = await nova.get(vm, signal);
      if (isThere(server)) return { done: null };
      if (server.status === 'ERROR') throw new AppError('OPENSTACK_SERVER_FAILED', { name, said: server.fault?.message ?? '—' });
      return { progress: statusTextOf(server) };
    }, serverLimitMs, (status) => new AppError(wanted === 'stopped' ? 'OPENSTACK_SERVER_STILL_RUNNING' : 'OPENSTACK_SERVER_NOT_STARTED', { name, status, limitSeconds: serverLimitMs / 1000 }), signal);
  }
}
