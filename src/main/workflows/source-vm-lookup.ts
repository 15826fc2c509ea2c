/**
 * What workflows need to know of a source VM before they ask its platform, and what they tell once they changed it. The cache's
 * repository of source VMs satisfies it; workflows know neither the cache nor the sync.
 */
import type { ExternalId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import type { OsIdentity } from '../../shared/model/os.ts';

export interface KnownSourceVm {
  id: SourceVmId;
  platformId: PlatformId;
  platformName: string;
  externalId: ExternalId;
  name: string;
  /** The best identity known: person, then inspection, then platform. */
  os: OsIdentity;
}

export interface SourceVmLookup {
  /** Null when no listing ever had it, or it was swept. */
  find(id: SourceVmId): Promise<KnownSourceVm | null>;
  /** Whether a VM of the platform has this name, whatever its case: two of one name cannot be told apart, and some platforms refuse them. */
  isNameTaken(platformId: PlatformId, name: string): Promise<boolean>;
  /** Reads the VM again past the cache, because a run has changed or removed it, and tells the shells. Never fails a run: the next sync repairs. */
  refresh(vm: { platformId: PlatformId; externalId: ExternalId }): Promise<void>;
}
