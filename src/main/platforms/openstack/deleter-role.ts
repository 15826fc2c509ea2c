/** Deletes servers: exactly the one that was looked at, with what the cloud deletes along with it, and waits until it has gone. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { DeleterRole, DeletionManifest } from '../connector.ts';
import { imageIdOf, type NovaServer } from './nova.ts';
import { requireRights } from './rights.ts';
import { ServerFacts } from './server-facts.ts';
import { digest, disksOf, statusTextOf } from './server-records.ts';
import type { OpenSession, OpenStackSession } from './session.ts';
import { serverLimitMs } from './waiting.ts';

export class OpenStackDeleter implements DeleterRole {
  readonly #open: OpenSession;

  constructor(open: OpenSession) {
    this.#open = open;
  }

  /** @throws `NOT_FOUND`, `OPENSTACK_READER`, `OPENSTACK_SERVER_LOCKED` */
  async manifest(vm: ExternalId): Promise<DeletionManifest> {
    const { signal } = new AbortController();
    const session = await this.#open();
    requireRights(await session.cloud.token(signal));
    const server = await session.nova.get(vm, signal);
    if (server.locked === true) throw new AppError('OPENSTACK_SERVER_LOCKED', { name: server.name ?? vm });
    return manifestOf(server, session, signal);
  }

  /** @throws `DELETE_FILE_CHANGED`, `OPENSTACK_SERVER_LOCKED`, `OPENSTACK_SERVER_STAYS`, and what the platform says */
  async remove(vm: ExternalId, manifest: DeletionManifest, signal: AbortSignal): Promise<void> {
    const session = await this.#open();
    const { nova, waiter } = session;
    const server = await nova.peek(vm, signal);
    if (server === null) return;
    const name = server.name ?? vm;
    if (server['OS-EXT-STS:task_state'] !== 'deleting') {
      requireRights(await session.cloud.token(signal));
      const now = await manifestOf(server, session, signal);
      if (now.fingerprint !== manifest.fingerprint) throw new AppError('DELETE_FILE_CHANGED', { file: name, name });
      if (server.locked === true) throw new AppError('OPENSTACK_SERVER_LOCKED', { name });
      await nova.remove(vm, signal);
    }
    await waiter.until(async () => {
      const left = await nova.peek(vm, signal);
      if (left === null) return { done: null };
      // Nova leaves a server that it could not delete in this state, with the reason.
      if (left.status === 'ERROR' && left['OS-EXT-STS:task_state'] === null && server.status !== 'ERROR') {
        throw new AppError('OPENSTACK_SERVER_FAILED', { name, said: left.fault?.message ?? '—' });
      }
      return { progress: statusTextOf(left) };
    }, serverLimitMs, (status) => new AppError('OPENSTACK_SERVER_STAYS', { name, status, limitSeconds: serverLimitMs / 1000 }), signal);
  }
}

/** What makes it this server; its state and what the cloud works on it are not part of that. */
async function manifestOf(server: NovaServer, session: OpenStackSession, signal: AbortSignal): Promise<DeletionManifest> {
  const facts = new ServerFacts(session, false, signal);
  await facts.load([server]);
  const stable = digest([server.id, server.name, server.created, imageIdOf(server), server.flavor, server.metadata, server['os-extended-volumes:volumes_attached']]);
  const items: DeletionManifest['items'] = disksOf(server, facts).filter((disk) => disk.isDeletedWithServer).map((disk) => ({
    path: disk.volumeId === null ? `${server.name ?? server.id} / ${disk.key}` : `${disk.key} (${disk.volumeId})`, kind: 'disk', fingerprint: disk.volumeId ?? stable,
  }));
  items.push({ path: server.name ?? server.id, kind: 'definition', fingerprint: stable });
  return { items, fingerprint: digest(items) };
}
