/** The disks of a host's domains for reading, through the host's place; nothing is written there. */
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import type { Clock } from '../../clock.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { DiskExportRole, DiskUse } from '../connector.ts';
import { filesOf, otherUsers } from './disk-users.ts';
import { readDomain, type HostDomain } from './domains.ts';
import type { HostDisks, LocatedDisk } from './host-disks.ts';
import { listPools, type Pool } from './pools.ts';
import type { Virsh } from './virsh.ts';

/** A file changed within this time, in milliseconds, may still be written: it is looked at twice. The host tells whole seconds. */
const freshMs = 5000;
export const defaultSettleMs = 2000;

export class LibvirtDiskExport implements DiskExportRole {
  readonly #virsh: Virsh;
  readonly #disks: HostDisks;
  readonly #clock: Clock;
  readonly #settleMs: number;

  constructor(virsh: Virsh, disks: HostDisks, clock: Clock, settleMs = defaultSettleMs) {
    this.#virsh = virsh;
    this.#disks = disks;
    this.#clock = clock;
    this.#settleMs = settleMs;
  }

  async diskFile(vm: ExternalId, diskKey: string): Promise<DiskFile> {
    const { located, pools } = await this.#disk(vm, diskKey);
    if (located.path === null) {
      const reason = located.problem ?? say('NOT_FOUND', { what: 'disk', id: diskKey });
      throw new AppError(reason.code, reason.params);
    }
    return this.#disks.fileOf(located.path, pools);
  }

  /** A domain that is not shut off holds its disks; another program on the host shows in a file that changes. */
  async use(vm: ExternalId, diskKey: string): Promise<DiskUse> {
    const { found, located } = await this.#disk(vm, diskKey);
    if (found.power !== 'stopped') return { state: 'locked', detail: say('LIBVIRT_VM_NOT_STOPPED', { name: found.domain.name }) };
    if (located.path === null) return { state: 'free', detail: null };
    const before = await this.#disks.host.files.stat(located.path);
    if (before === null || Math.abs(this.#clock.now() - before.modifiedAt) > freshMs) return { state: 'free', detail: null };
    await sleep(this.#settleMs);
    const after = await this.#disks.host.files.stat(located.path);
    if (after?.modifiedAt === before.modifiedAt && after.sizeBytes === before.sizeBytes) return { state: 'free', detail: null };
    return { state: 'changing', detail: say('LIBRARY_DISK_CHANGING', { file: posix.basename(located.path) }) };
  }

  async dependants(vm: ExternalId): Promise<string[]> {
    const found = await readDomain(this.#virsh, vm);
    const pools = await listPools(this.#virsh);
    return otherUsers(this.#virsh, this.#disks, vm, await filesOf(found, this.#disks, pools), pools);
  }

  async #disk(vm: ExternalId, diskKey: string): Promise<{ found: HostDomain; located: LocatedDisk; pools: Pool[] }> {
    const found = await readDomain(this.#virsh, vm);
    const disk = found.domain.disks.find((item) => item.key === diskKey);
    if (disk === undefined) throw new AppError('NOT_FOUND', { what: 'disk', id: diskKey });
    const pools = await listPools(this.#virsh);
    return { found, located: this.#disks.locate(disk, pools), pools };
  }
}
