/** A new domain on a host: its disk is brought into a pool under the domain's own name, and the domain is defined over it last. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { NewVmDisk, NewVmSpec, PlatformIntent, PlatformOutcome, RemoteCreatorRole, ReportProgress } from '../connector.ts';
import { domainText } from '../domain-xml/domain-template.ts';
import { removeVolume } from './deleter-role.ts';
import { readAllDomains, readDomain, requireStopped } from './domains.ts';
import { diskProblem, type HostDisks } from './host-disks.ts';
import { listPools, usablePool, type Pool } from './pools.ts';
import type { Virsh } from './virsh.ts';
import { volumeXml } from './volume-xml.ts';

const intentData = z.object({ uuid: z.string(), disk: z.string(), temporary: z.string(), pool: z.string() });
type CreatorIntent = z.infer<typeof intentData>;

const extensions: Readonly<Record<NewVmSpec['diskFormat'], string>> = { qcow2: 'qcow2', raw: 'raw', vhd: 'vhd', vhdx: 'vhdx', vmdk: 'vmdk' };

export class LibvirtCreator implements RemoteCreatorRole {
  readonly #virsh: Virsh;
  readonly #disks: HostDisks;

  constructor(virsh: Virsh, disks: HostDisks) {
    this.#virsh = virsh;
    this.#disks = disks;
  }

  async obstacle(spec: NewVmSpec, disk: NewVmDisk, signal: AbortSignal): Promise<Message | null> {
    try {
      await this.#virsh.requireRights(signal);
      const pool = await this.#poolFor(disk);
      const neededBytes = disk.kind === 'file' ? disk.sizeBytes : ((await this.#disks.host.files.stat(posix.join(pool.path, disk.image)))?.sizeBytes ?? 0);
      if (pool.freeBytes !== null && pool.freeBytes < neededBytes) return say('LIBVIRT_POOL_FULL', { pool: pool.name, neededBytes, freeBytes: pool.freeBytes });
      if ((await readAllDomains(this.#virsh, signal)).some((found) => found.domain.name === spec.name)) return say('LIBVIRT_VM_NAME_TAKEN', { name: spec.name });
      if (/[/\p{Cc}]/u.test(spec.name) || spec.name.trim() === '') return say('LIBVIRT_VM_NAME', { name: spec.name });
      const canWrite = await this.#disks.host.files.canWrite(pool.path);
      return canWrite ? null : say('LIBVIRT_FOLDER_READ_ONLY', { host: this.#disks.host.label, folder: pool.path });
    } catch (error) {
      signal.throwIfAborted();
      return diskProblem(error);
    }
  }

  async prepare(spec: NewVmSpec, disk: NewVmDisk, key: string): Promise<PlatformIntent> {
    const pool = await this.#poolFor(disk);
    const hash = createHash('sha256').update(pool.uuid).update('\0').update(key).digest('hex');
    // The domain's own id holds the key: the same key can only ever make one.
    const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
    const stem = spec.name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '').slice(0, 60) || 'vm';
    const data: CreatorIntent = {
      uuid, pool: pool.uuid, disk: posix.join(pool.path, `${stem}-${hash.slice(0, 8)}.${extensions[spec.diskFormat]}`), temporary: posix.join(pool.path, `.goldpress-${hash.slice(0, 16)}.part`),
    };
    return { key, data };
  }

  async create(spec: NewVmSpec, disk: NewVmDisk, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<ExternalId> {
    const { uuid, disk: path, temporary, pool } = intentData.parse(intent.data);
    const found = await this.find(intent, signal);
    if (found.state === 'done') return found.value;
    if ((await this.#disks.stamp(path)) === 'gone') {
      if (disk.kind === 'file') await this.#disks.host.files.upload(disk.path, temporary, (doneBytes, totalBytes) => report({ doneBytes, totalBytes }), signal);
      else await this.#copy(disk, spec, temporary, pool, signal);
      await this.#disks.host.files.rename(temporary, path);
    }
    await this.#virsh.run(['pool-refresh', '--pool', pool], { signal });
    await this.#virsh.feed(['define', '/dev/stdin'], await this.#definition(spec, path, uuid, signal), { signal });
    return uuid;
  }

  /** An image in a pool of the host is copied there: QCOW2 and raw by libvirt, whose result has the size of its source. */
  async #copy(disk: NewVmDisk & { kind: 'stored' }, spec: NewVmSpec, temporary: string, pool: string, signal: AbortSignal): Promise<void> {
    const source = posix.join((await usablePool(this.#virsh, disk.pool)).path, disk.image);
    const pools = await listPools(this.#virsh, signal);
    const [top] = await this.#disks.layers(source, pools, signal);
    if (top === undefined || spec.diskFormat !== 'qcow2') throw new AppError('LIBVIRT_COPY_ONLY_QCOW2');
    await removeVolume(this.#virsh, this.#disks, temporary, pools);
    await this.#virsh.run(['pool-refresh', '--pool', disk.pool], { signal });
    await this.#virsh.feed(
      ['vol-create-from', '--pool', pool, '--file', '/dev/stdin', '--vol', source, '--inputpool', disk.pool],
      volumeXml({ name: posix.basename(temporary), format: 'qcow2', virtualBytes: top.virtualBytes }), { signal, timeoutMs: 0 },
    );
  }

  /** On a host without KVM the domain is emulated: slow, but it starts. */
  async #definition(spec: NewVmSpec, path: string, uuid: string, signal: AbortSignal): Promise<string> {
    const text = domainText(spec, path, uuid);
    const [capabilities] = await this.#virsh.ask([['domcapabilities', '--virttype', 'kvm', '--arch', 'x86_64']], signal);
    if (capabilities !== null && capabilities !== undefined) return text;
    return text.replace(/<domain type="kvm"/, '<domain type="qemu"').replace(/\n\s*<cpu mode="host-passthrough"\/>/, '');
  }

  async find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<ExternalId>> {
    const { uuid } = intentData.parse(intent.data);
    const [text] = await this.#virsh.ask([['dumpxml', '--inactive', '--domain', uuid]], signal);
    return text === null || text === undefined ? { state: 'absent' } : { state: 'done', value: uuid };
  }

  /** Takes back the domain and its disk. @throws `LIBVIRT_VM_NOT_STOPPED` where somebody has started it meanwhile */
  async undo(intent: PlatformIntent, signal: AbortSignal): Promise<void> {
    const { uuid, disk, temporary } = intentData.parse(intent.data);
    const pools = await listPools(this.#virsh, signal);
    if ((await this.find(intent, signal)).state === 'done') {
      requireStopped(await readDomain(this.#virsh, uuid, signal));
      await this.#virsh.run(['undefine', '--domain', uuid, '--nvram'], { signal });
    }
    for (const path of [temporary, disk]) await removeVolume(this.#virsh, this.#disks, path, pools);
  }

  /** The image's own pool, or the one with the most room. @throws `LIBVIRT_NO_POOLS` */
  async #poolFor(disk: NewVmDisk): Promise<Pool & { path: string }> {
    if (disk.kind === 'stored') return usablePool(this.#virsh, disk.pool);
    const usable = (await listPools(this.#virsh)).flatMap((pool) => (pool.isActive && pool.path !== null ? [{ ...pool, path: pool.path }] : []));
    const [best] = usable.sort((a, b) => (b.freeBytes ?? 0) - (a.freeBytes ?? 0));
    if (best === undefined) throw new AppError('LIBVIRT_NO_POOLS', { host: this.#disks.host.label });
    return best;
  }
}
