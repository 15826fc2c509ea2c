/**
 * Folder pools as stores for desktop images. Within one host libvirt copies a disk itself, on a chain that our reader has looked at
 * first; everything else is uploaded over SFTP and goes on where it was broken off. A file gets its final name when it is whole.
 */
import { posix } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { ImageStoreRole, PlatformImage, PlatformIntent, PlatformOutcome, ReportProgress, StoreImageSpec } from '../connector.ts';
import { removeVolume } from './deleter-role.ts';
import { otherUsers } from './disk-users.ts';
import { readDomain, requireStopped } from './domains.ts';
import { diskProblem, type HostDisks } from './host-disks.ts';
import { listPools, poolOf, usablePool, type Pool } from './pools.ts';
import { describeImage, fileIntent, fileNameFor, readFileIntent } from './stored-files.ts';
import type { Virsh } from './virsh.ts';
import { volumeXml } from './volume-xml.ts';

export class LibvirtImageStore implements ImageStoreRole {
  readonly #virsh: Virsh;
  readonly #disks: HostDisks;

  constructor(virsh: Virsh, disks: HostDisks) {
    this.#virsh = virsh;
    this.#disks = disks;
  }

  async copyObstacle(vm: ExternalId, diskKey: string, spec: StoreImageSpec, signal: AbortSignal): Promise<Message | null> {
    // QEMU rounds the size of a VHD up to whole cylinders: ours keeps it.
    if (spec.fileType !== 'qcow2') return say('LIBVIRT_COPY_ONLY_QCOW2');
    try {
      const { path, pools } = await this.#source(vm, diskKey, signal);
      await usablePool(this.#virsh, spec.pool);
      if (poolOf(pools, path) === null) return say('LIBVIRT_NOT_IN_POOL', { file: path });
      const layers = await this.#disks.layers(path, pools, signal);
      // libvirt follows a chain by its own rules: only one that lies in pools as a whole is left to it.
      const stray = layers.find((layer) => poolOf(pools, layer.path) === null);
      return stray === undefined ? null : say('LIBVIRT_NOT_IN_POOL', { file: stray.path });
    } catch (error) {
      signal.throwIfAborted();
      return diskProblem(error);
    }
  }

  async prepareCopy(vm: ExternalId, diskKey: string, spec: StoreImageSpec, key: string): Promise<PlatformIntent> {
    const { path } = await this.#source(vm, diskKey);
    return fileIntent(key, await this.#freePool(spec), fileNameFor(spec.name, spec.fileType), spec.virtualBytes, path);
  }

  async copy(vm: ExternalId, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage> {
    const { pool: uuid, temporary, final, source, virtualBytes } = readFileIntent(intent);
    if (source === undefined) throw new AppError('LIBVIRT_INTENT_OTHER');
    const pools = await listPools(this.#virsh, signal);
    if ((await this.#disks.stamp(final)) !== 'gone') return describeImage(this.#disks, final, pools, signal);
    requireStopped(await readDomain(this.#virsh, vm, signal));
    const before = await this.#disks.stamp(source);
    // Looked at once more right before: what was checked for the plan may be another chain by now.
    const [top] = await this.#disks.layers(source, pools, signal);
    const from = poolOf(pools, source);
    if (from === null) throw new AppError('LIBVIRT_NOT_IN_POOL', { file: source });
    // A copy that did not end cannot be told from a whole one by libvirt: it is made anew.
    await removeVolume(this.#virsh, this.#disks, temporary, pools);
    for (const pool of new Set([uuid, from.uuid])) await this.#virsh.run(['pool-refresh', '--pool', pool], { signal });
    report({ doneBytes: 0, totalBytes: null });
    await this.#virsh.feed(
      ['vol-create-from', '--pool', uuid, '--file', '/dev/stdin', '--vol', source, '--inputpool', from.uuid],
      volumeXml({ name: posix.basename(temporary), format: 'qcow2', virtualBytes: top?.virtualBytes ?? virtualBytes }), { signal, timeoutMs: 0 },
    );
    if ((await this.#disks.stamp(source)) !== before) throw new AppError('DISK_CHANGED', { path: source }, { isRetryable: true });
    return this.#checked(temporary, pools, virtualBytes, signal);
  }

  /** What libvirt wrote stands on nothing else and has the size of its source. */
  async #checked(path: string, pools: readonly Pool[], virtualBytes: number, signal: AbortSignal): Promise<PlatformImage> {
    const layers = await this.#disks.layers(path, pools, signal);
    if (layers.length !== 1 || layers[0]?.virtualBytes !== virtualBytes) throw new AppError('LIBVIRT_COPY_DIFFERS', { file: path }, { isRetryable: true });
    return describeImage(this.#disks, path, pools, signal);
  }

  async prepareUpload(spec: StoreImageSpec, sizeBytes: number, key: string): Promise<PlatformIntent> {
    const pool = await this.#freePool(spec);
    if (pool.freeBytes !== null && pool.freeBytes < sizeBytes) throw new AppError('LIBVIRT_POOL_FULL', { pool: pool.name, neededBytes: sizeBytes, freeBytes: pool.freeBytes });
    return fileIntent(key, pool, fileNameFor(spec.name, spec.fileType), spec.virtualBytes);
  }

  async upload(intent: PlatformIntent, path: string, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage> {
    const { temporary, final, pool } = readFileIntent(intent);
    const pools = await listPools(this.#virsh, signal);
    if ((await this.#disks.stamp(final)) === 'gone') {
      await this.#disks.host.files.upload(path, temporary, (doneBytes, totalBytes) => report({ doneBytes, totalBytes }), signal);
      await this.#virsh.run(['pool-refresh', '--pool', pool], { signal });
      return describeImage(this.#disks, temporary, pools, signal);
    }
    return describeImage(this.#disks, final, pools, signal);
  }

  /** A file under its hidden name may be whole or not: only the call that makes it can tell, and goes on with it. */
  async find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<PlatformImage>> {
    const { final } = readFileIntent(intent);
    if ((await this.#disks.stamp(final)) === 'gone') return { state: 'absent' };
    return { state: 'done', value: await describeImage(this.#disks, final, await listPools(this.#virsh, signal), signal) };
  }

  async publish(_image: PlatformImage, intent: PlatformIntent, _spec: StoreImageSpec, signal: AbortSignal): Promise<ExternalId> {
    const { temporary, final, pool } = readFileIntent(intent);
    if ((await this.#disks.stamp(temporary)) !== 'gone') {
      // The name was free when this was planned; a file that came since is somebody else's.
      if ((await this.#disks.stamp(final)) !== 'gone') throw new AppError('LIBVIRT_IMAGE_NAME_TAKEN', { name: posix.basename(final) });
      await this.#disks.host.files.rename(temporary, final);
    }
    await this.#virsh.run(['pool-refresh', '--pool', pool], { signal });
    if ((await this.#disks.stamp(final)) === 'gone') throw new AppError('NOT_FOUND', { what: 'image', id: posix.basename(final) });
    return posix.basename(final);
  }

  async current(pool: ExternalId, image: ExternalId, signal: AbortSignal): Promise<PlatformImage> {
    return describeImage(this.#disks, await this.#pathOf(pool, image), await listPools(this.#virsh, signal), signal);
  }

  async file(pool: ExternalId, image: ExternalId): Promise<DiskFile> {
    // A published image stands on nothing: no chain is followed from it.
    return { ...this.#disks.fileOf(await this.#pathOf(pool, image), []), policy: { roots: [] } };
  }

  async undo(intent: PlatformIntent): Promise<void> {
    await removeVolume(this.#virsh, this.#disks, readFileIntent(intent).temporary, await listPools(this.#virsh));
  }

  /** @throws `DELETE_DISK_SHARED` where VMs were put on it meanwhile */
  async remove(pool: ExternalId, image: ExternalId, signal: AbortSignal): Promise<void> {
    const path = await this.#pathOf(pool, image);
    const real = await this.#disks.host.files.realPath(path);
    if (real === null) return;
    const pools = await listPools(this.#virsh, signal);
    const users = await otherUsers(this.#virsh, this.#disks, '', [real], pools, signal);
    if (users.length > 0) throw new AppError('DELETE_DISK_SHARED', { name: image, users: users.join(', ') });
    await removeVolume(this.#virsh, this.#disks, path, pools);
  }

  /** A name in the pool's folder, and nothing that leads out of it. */
  async #pathOf(pool: ExternalId, image: ExternalId): Promise<string> {
    if (image.includes('/') || image === '..' || image === '') throw new AppError('NOT_FOUND', { what: 'image', id: image });
    return posix.join((await usablePool(this.#virsh, pool)).path, image);
  }

  /** @throws `LIBVIRT_IMAGE_NAME_TAKEN` */
  async #freePool(spec: StoreImageSpec): Promise<Pool & { path: string }> {
    await this.#virsh.requireRights();
    const pool = await usablePool(this.#virsh, spec.pool);
    const name = fileNameFor(spec.name, spec.fileType);
    if ((await this.#disks.stamp(posix.join(pool.path, name))) !== 'gone') throw new AppError('LIBVIRT_IMAGE_NAME_TAKEN', { name });
    if (!(await this.#disks.host.files.canWrite(pool.path))) throw new AppError('LIBVIRT_FOLDER_READ_ONLY', { host: this.#disks.host.label, folder: pool.path });
    return pool;
  }

  async #source(vm: ExternalId, diskKey: string, signal?: AbortSignal): Promise<{ path: string; pools: Pool[] }> {
    const { domain } = await readDomain(this.#virsh, vm, signal);
    const pools = await listPools(this.#virsh, signal);
    const disk = domain.disks.find((item) => item.key === diskKey);
    const located = disk === undefined ? null : this.#disks.locate(disk, pools);
    if (located?.path == null) {
      const reason = located?.problem ?? say('NOT_FOUND', { what: 'disk', id: diskKey });
      throw new AppError(reason.code, reason.params);
    }
    return { path: located.path, pools };
  }
}
