/** The tables of `cache.sqlite`, as Kysely types; the same conventions as in `schema-state.ts`. Everything here can be rebuilt. */
import type { Generated } from 'kysely';
import type { DiskFormat } from '../../shared/model/disk.ts';
import type { Verdict } from '../../shared/model/finding.ts';
import type { ImageId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import type { BootMode, OsFamily } from '../../shared/model/os.ts';
import type { PlatformHealth } from '../../shared/model/platform.ts';
import type { PowerState } from '../../shared/model/source-vm.ts';
import type { DefaultFlag } from './schema-state.ts';

/** One listing of one platform. Its id grows, so it is the generation that rows are swept by. */
export interface SyncRunTable {
  id: Generated<number>;
  platform_id: PlatformId;
  /** A quick one reads only what changed, and never sweeps. */
  kind: Generated<'complete' | 'quick'>;
  started_at: number;
  ended_at: number | null;
  status: 'running' | 'ok' | 'partial' | 'failing';
  is_complete: DefaultFlag;
  seen: Generated<number>;
  added: Generated<number>;
  changed: Generated<number>;
  missing: Generated<number>;
  error_json: string | null;
}

export interface PlatformHealthTable {
  platform_id: PlatformId;
  status: PlatformHealth['status'];
  last_ok_at: number | null;
  last_try_at: number | null;
  version: string | null;
  capabilities_json: Generated<string>;
  error_json: string | null;
}

/** What the lists of source VMs and of images have in common. */
interface ListedTable {
  /** SQLite's row number: ties in sorting are broken by it, the full-text table refers to it. */
  row: Generated<number>;
  platform_id: PlatformId;
  external_id: string;
  platform_name: string;
  name: string;
  os_family: OsFamily;
  os_name: string | null;
  boot_mode: BootMode;
  video_model: string | null;
  virtual_bytes: number | null;
  actual_bytes: number | null;
  /** The platform's project that owns it, and how it is called now. */
  project_id: string | null;
  project_name: string | null;
  /** What the platform itself calls its state. */
  status: string | null;
  verdict: Verdict;
  /** Of what the platform said: an equal one means that nothing has changed. */
  fingerprint: string;
  seen_at: number;
  first_seen_sync: number;
  last_seen_sync: number;
  missing_since: number | null;
  inspected_at: number | null;
  /** The fingerprint that was inspected; another one now means that the inspection is out of date. */
  inspected_fingerprint: string | null;
  record_json: string;
  findings_json: string;
  inspection_json: string | null;
  inspection_error_json: string | null;
}

export interface SourceVmTable extends ListedTable {
  id: SourceVmId;
  power_state: PowerState;
  disk_count: number;
  snapshot_count: number;
  last_published_at: number | null;
  /** Joined with commas, for searching and showing. */
  addresses: string | null;
}

export interface ImageTable extends ListedTable {
  id: ImageId;
  form: 'image' | 'template';
  scope: 'system' | 'custom';
  format: DiskFormat | null;
  visibility: string | null;
  updated_at: number | null;
  os_distro: string | null;
  login_user: string | null;
  credentials: 'none' | 'partial' | 'set';
  is_golden: 'yes' | 'no';
  /** The project whose custom image it is; null for system images. */
  tenant: string | null;
  /** What people said, and whose it is. */
  attributes_json: Generated<string>;
}

/** The platform's own grouping that a tenant maps to. */
export interface ProjectTable {
  platform_id: PlatformId;
  external_id: string;
  name: string;
  is_management: number;
  last_seen_sync: number;
}

export interface InstanceSizeTable {
  platform_id: PlatformId;
  external_id: string;
  name: string;
  vcpus: number;
  memory_bytes: number;
  disk_bytes: number;
  last_seen_sync: number;
}

export interface PlatformPoolTable {
  platform_id: PlatformId;
  external_id: string;
  name: string;
  location: string | null;
  free_bytes: number | null;
  total_bytes: number | null;
  file_types_json: string;
  problem_json: string | null;
  seen_at: number;
  last_seen_sync: number;
}

/** The lists that a platform is read by; each is complete or not by itself. */
export type ListName = 'projects' | 'instance-sizes' | 'pools' | 'source-vms' | 'images';

export interface ListingTable {
  platform_id: PlatformId;
  list: ListName;
  /** End of the last complete listing, by our clock. */
  completed_at: number;
  /** By the platform's clock: what changed before is known. Null where the platform cannot be asked for changes. */
  changes_since: number | null;
}

export interface CacheSchema {
  sync_run: SyncRunTable;
  platform_health: PlatformHealthTable;
  source_vm: SourceVmTable;
  image: ImageTable;
  project: ProjectTable;
  instance_size: InstanceSizeTable;
  platform_pool: PlatformPoolTable;
  listing: ListingTable;
}
