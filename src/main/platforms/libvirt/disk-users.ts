/** Who uses the files of a host: the domains whose disks, frozen files or chains go through them. */
import type { ExternalId } from '../../../shared/model/ids.ts';
import { readAllDomains, type HostDomain } from './domains.ts';
import type { HostDisks } from './host-disks.ts';
import type { Pool } from './pools.ts';
import type { Virsh } from './virsh.ts';

/** Real paths of the files that a domain names itself: its disks, and those of its snapshots. */
export async function filesOf(found: HostDomain, disks: HostDisks, pools: readonly Pool[]): Promise<string[]> {
  const named = [found.domain, ...found.snapshots.flatMap((snapshot) => snapshot.domain ?? [])]
    .flatMap((domain) => domain.disks.flatMap((disk) => disks.locate(disk, pools).path ?? []));
  const real = await Promise.all([...new Set(named)].map((path) => disks.host.files.realPath(path)));
  return [...new Set(real.flatMap((path) => path ?? []))];
}

/**
 * Names of other domains whose data lies in one of these files.
 * @param files real paths
 */
export async function otherUsers(
  virsh: Virsh, disks: HostDisks, own: ExternalId, files: readonly string[], pools: readonly Pool[], signal?: AbortSignal,
): Promise<string[]> {
  const wanted = new Set(files);
  const names = new Set<string>();
  for (const other of await readAllDomains(virsh, signal)) {
    if (other.uuid === own) continue;
    for (const file of await filesOf(other, disks, pools)) {
      if ((await disks.layersOrOne(file, pools, signal)).some((layer) => wanted.has(layer))) names.add(other.domain.name);
    }
  }
  return [...names].sort((a, b) => a.localeCompare(b, 'en'));
}
