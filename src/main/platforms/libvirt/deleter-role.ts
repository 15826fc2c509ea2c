/**
 * Deletes a domain with its files: exactly those of the manifest that are still as they were, the definition last. What another domain
 * stands on is never removed.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { DeleterRole, DeletionManifest } from '../connector.ts';
import { filesOf, otherUsers } from './disk-users.ts';
import { definitionFingerprint, readDomain, requireStopped, type HostDomain } from './domains.ts';
import type { HostDisks } from './host-disks.ts';
import { listPools, poolOf, type Pool } from './pools.ts';
import type { Virsh } from './virsh.ts';

type Item = DeletionManifest['items'][number];

export class LibvirtDeleter implements DeleterRole {
  readonly #virsh: Virsh;
  readonly #disks: HostDisks;

  constructor(virsh: Virsh, disks: HostDisks) {
    this.#virsh = virsh;
    this.#disks = disks;
  }

  async manifest(vm: ExternalId): Promise<DeletionManifest> {
    await this.#virsh.requireRights();
    const found = await readDomain(this.#virsh, vm);
    requireStopped(found);
    const pools = await listPools(this.#virsh);
    // What the domain and its snapshots name, and no more: a base below that is nobody's snapshot may be a template of somebody else.
    const files = await filesOf(found, this.#disks, pools);
    await this.#refuseShared(found, files, pools);
    const live = new Set(await Promise.all(found.domain.disks.map(async (disk) => {
      const path = this.#disks.locate(disk, pools).path;
      return path === null ? null : this.#disks.host.files.realPath(path);
    })));
    const items: Item[] = [];
    for (const path of files) items.push({ path, kind: live.has(path) ? 'disk' : 'snapshot', fingerprint: await this.#disks.stamp(path) });
    const nvram = found.domain.nvramFile;
    if (nvram !== null && (await this.#disks.stamp(nvram)) !== 'gone') items.push({ path: nvram, kind: 'nvram', fingerprint: await this.#disks.stamp(nvram) });
    items.push({ path: found.domain.name, kind: 'definition', fingerprint: definitionFingerprint(found.text) });
    const hash = createHash('sha256');
    for (const item of items) hash.update(`${item.path}\0${item.kind}\0${item.fingerprint}\n`);
    return { items, fingerprint: hash.digest('hex').slice(0, 32) };
  }

  async #refuseShared(found: HostDomain, files: readonly string[], pools: readonly Pool[]): Promise<void> {
    const users = await otherUsers(this.#virsh, this.#disks, found.uuid, files, pools);
    if (users.length > 0) throw new AppError('DELETE_DISK_SHARED', { name: found.domain.name, users: users.join(', ') });
  }

  async remove(vm: ExternalId, manifest: DeletionManifest, signal: AbortSignal): Promise<void> {
    let found: HostDomain;
    try {
      found = await readDomain(this.#virsh, vm, signal);
    } catch (error) {
      // The definition goes last: without it everything else has gone.
      if (error instanceof AppError && error.code === 'NOT_FOUND') return;
      throw error;
    }
    requireStopped(found);
    const definition = manifest.items.find((item) => item.kind === 'definition');
    if (definition?.fingerprint !== definitionFingerprint(found.text)) throw changed(found, found.domain.name);
    const files = manifest.items.filter((item) => item.kind !== 'definition');
    for (const item of files) {
      const stamp = await this.#disks.stamp(item.path);
      if (stamp !== 'gone' && stamp !== item.fingerprint) throw changed(found, item.path);
    }
    const pools = await listPools(this.#virsh, signal);
    await this.#refuseShared(found, files.map((item) => item.path), pools);
    for (const item of files) {
      signal.throwIfAborted();
      // The NVRAM goes with the definition, which alone knows that it may.
      if (item.kind !== 'nvram') await removeVolume(this.#virsh, this.#disks, item.path, pools);
    }
    await this.#virsh.run(['undefine', '--domain', found.uuid, '--nvram', '--snapshots-metadata', '--managed-save'], { signal });
    await refreshPools(this.#virsh, pools, files.map((item) => item.path));
  }
}

/** Through its pool, which may do what our account may not; else as a file. Idempotent. */
export async function removeVolume(virsh: Virsh, disks: HostDisks, path: string, pools: readonly Pool[]): Promise<void> {
  if ((await disks.stamp(path)) === 'gone') return;
  const pool = poolOf(pools, path);
  if (pool !== null) {
    const { code } = await virsh.attempt(['vol-delete', '--pool', pool.uuid, '--vol', posix.basename(path)]);
    // A file that was put there by hand is unknown to its pool.
    if (code === 0 && (await disks.stamp(path)) === 'gone') return;
  }
  await disks.host.files.remove(path);
}

/** Lets the pools of these files see what has changed in their folders. */
export async function refreshPools(virsh: Virsh, pools: readonly Pool[], paths: readonly string[]): Promise<void> {
  const wanted = new Set(paths.flatMap((path) => poolOf(pools, path)?.uuid ?? []));
  for (const uuid of wanted) await virsh.run(['pool-refresh', '--pool', uuid]);
}

function changed(found: HostDomain, file: string): AppError {
  return new AppError('DELETE_FILE_CHANGED', { file, name: found.domain.name });
}
