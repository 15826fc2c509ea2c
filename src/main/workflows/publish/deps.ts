/** What publishing and the workflows of desktop images stand on; put together in the composition root. */
import type { Availability } from '../../../shared/model/capability.ts';
import type { Role } from '../../../shared/model/role.ts';
import type { PlatformId } from '../../../shared/model/ids.ts';
import type { Clock } from '../../clock.ts';
import type { FileGrants } from '../../contract/file-grants.ts';
import type { DiskEngine } from '../../disks/disk-engine.ts';
import type { EventBus } from '../../events.ts';
import type { ImagePools } from '../../image-pools/image-pools.ts';
import type { Connector } from '../../platforms/connector.ts';
import type { DesktopImageRepository } from '../../store/repositories/desktop-image.repo.ts';
import type { FlavorRepository } from '../../store/repositories/flavor.repo.ts';
import type { PlatformImageLookup } from '../platform-image-lookup.ts';
import type { SourceVmLookup } from '../source-vm-lookup.ts';

export interface PlatformAccess {
  /** @throws AppError `NOT_FOUND` when there is no such platform. */
  connector(id: PlatformId): Promise<Connector>;
  /** Whether a role may be used: the connector has it, the probe says so, and the platform is not read-only here. */
  roleOf(id: PlatformId, role: Role): Promise<Availability>;
}

export interface PublishDeps {
  disks: DiskEngine;
  platforms: PlatformAccess;
  sourceVms: SourceVmLookup;
  platformImages: PlatformImageLookup;
  pools: ImagePools;
  images: DesktopImageRepository;
  flavors: FlavorRepository;
  grants: FileGrants;
  events: EventBus;
  clock: Clock;
  /** Where files are written that go to a platform's store afterwards; made when needed. */
  workDirectory: string;
}
