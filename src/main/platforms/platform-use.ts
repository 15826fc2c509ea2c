/** Which tasks that have not ended work on a platform or on image pools: what they use must not be removed under them. */
import type { DesktopImageId, ImagePoolId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import type { WorkflowRequest } from '../../shared/model/workflow-request.ts';
import type { DesktopImageRepository } from '../store/repositories/desktop-image.repo.ts';
import type { SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import type { WorkflowJournal } from '../workflows/engine/journal.ts';

export interface PlatformUseDeps {
  journal: Pick<WorkflowJournal, 'liveRuns'>;
  vms: SourceVmRepository;
  desktopImages: DesktopImageRepository;
}

export class PlatformUse {
  readonly #deps: PlatformUseDeps;

  constructor(deps: PlatformUseDeps) {
    this.#deps = deps;
  }

  /** Names (or ids) of the objects that live tasks are about. @param pools further pools that count as the platform's */
  async tasksOf(platformId: PlatformId, pools: ReadonlySet<ImagePoolId> = new Set()): Promise<string[]> {
    const names: string[] = [];
    for (const run of await this.#deps.journal.liveRuns()) {
      if ((await this.#isOnPlatform(run.request, platformId)) || (await this.#isInPools(run.request, pools))) names.push(run.subject?.name ?? run.id);
    }
    return names;
  }

  async #isOnPlatform(request: WorkflowRequest, platformId: PlatformId): Promise<boolean> {
    if ('platformId' in request) return request.platformId === platformId;
    return 'vmId' in request && (await this.#platformOf(request.vmId)) === platformId;
  }

  async #platformOf(id: SourceVmId): Promise<PlatformId | null> {
    return (await this.#deps.vms.find(id))?.platformId ?? null;
  }

  async #isInPools(request: WorkflowRequest, pools: ReadonlySet<ImagePoolId>): Promise<boolean> {
    if (pools.size === 0) return false;
    if ('poolId' in request) return pools.has(request.poolId);
    if ('desktopImageId' in request) {
      const image = await this.#deps.desktopImages.find(request.desktopImageId as DesktopImageId);
      return image !== null && pools.has(image.poolId);
    }
    if (!('versionId' in request)) return false;
    const found = await this.#deps.desktopImages.findVersion(request.versionId);
    return found !== null && pools.has(found.image.poolId);
  }
}
