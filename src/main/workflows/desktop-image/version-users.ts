/** Who still depends on a version, as names: VMs made from it that are still there, and tasks that hold it. */
import type { DesktopImageVersionId } from '../../../shared/model/ids.ts';
import { sourceVmIdOf } from '../../platforms/resource-id.ts';
import type { DesktopImageRepository } from '../../store/repositories/desktop-image.repo.ts';
import type { SourceVmLookup } from '../source-vm-lookup.ts';

export interface VersionUsersDeps {
  images: DesktopImageRepository;
  sourceVms: Pick<SourceVmLookup, 'find'>;
}

export async function usersOf({ images, sourceVms }: VersionUsersDeps, id: DesktopImageVersionId): Promise<string[]> {
  const vms = await Promise.all((await images.descendants(id)).map((vm) => sourceVms.find(sourceVmIdOf(vm.platformId, vm.externalId))));
  return [...vms.flatMap((vm) => (vm === null ? [] : [vm.name])), ...(await images.runsUsing(id))];
}
