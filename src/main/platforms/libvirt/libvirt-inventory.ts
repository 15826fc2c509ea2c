/** Lists the domains of a host in pages, and its folder pools. Streams: a host with a thousand domains is never held as a whole. */
import type { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { Inventory } from '../connector.ts';
import type { PoolRecord, SourceVmRecord } from '../inventory-records.ts';
import { readAddresses } from './agent-role.ts';
import { listDomains, readDomain, readDomains } from './domains.ts';
import type { HostDisks } from './host-disks.ts';
import { listPools, toPoolRecord } from './pools.ts';
import type { Virsh } from './virsh.ts';
import { describeDomain } from './vm-record.ts';

const pageSize = 100;
/** Domains described at once within a page. */
const describedAtOnce = 8;

export class LibvirtInventory implements Inventory {
  readonly #virsh: Virsh;
  readonly #disks: HostDisks;

  constructor(virsh: Virsh, disks: HostDisks) {
    this.#virsh = virsh;
    this.#disks = disks;
  }

  async *sourceVms(signal: AbortSignal): AsyncIterable<SourceVmRecord[]> {
    const list = await listDomains(this.#virsh, signal);
    const pools = await listPools(this.#virsh, signal);
    const seen = new Set<string>();
    let hole: AppError | null = null as AppError | null;
    for (let start = 0; start < list.uuids.length; start += pageSize) {
      signal.throwIfAborted();
      const uuids = list.uuids.slice(start, start + pageSize);
      const addresses = await readAddresses(this.#virsh, uuids.filter((uuid) => list.power(uuid) === 'running'), signal);
      const page: SourceVmRecord[] = [];
      // One definition that cannot be understood hides no other; the listing then was not complete.
      const domains = await readDomains(this.#virsh, list, uuids, signal, (error) => {
        hole ??= error;
      });
      for (const group of groupsOf(domains, describedAtOnce)) {
        page.push(...(await Promise.all(group.map((domain) => describeDomain(domain, this.#disks, pools, addresses.get(domain.uuid) ?? [], signal)))));
      }
      for (const vm of page) for (const disk of vm.disks) seen.add(disk.location);
      yield page;
    }
    signal.throwIfAborted();
    if (hole !== null) throw hole;
    this.#disks.keepOnly(seen);
  }

  async *pools(signal: AbortSignal): AsyncIterable<PoolRecord[]> {
    yield (await listPools(this.#virsh, signal)).map(toPoolRecord);
  }

  async current(vm: ExternalId, signal: AbortSignal): Promise<SourceVmRecord> {
    const found = await readDomain(this.#virsh, vm, signal);
    const addresses = found.power === 'running' ? await readAddresses(this.#virsh, [vm], signal) : new Map<string, string[]>();
    return describeDomain(found, this.#disks, await listPools(this.#virsh, signal), addresses.get(vm) ?? [], signal);
  }
}

function groupsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
