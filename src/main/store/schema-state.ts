/**
 * The tables of `state.sqlite`, as Kysely types. Columns ending in `_json` hold JSON text (repositories parse it), those ending
 * in `_at` epoch milliseconds, those in `_bytes` bytes; `is_…` are 0 or 1 and take booleans.
 */
import type { ColumnType, Generated } from 'kysely';
import type { OsType } from '../../shared/model/business-attributes.ts';
import type { FileType, VhdVariant } from '../../shared/model/desktop-image.ts';
import type { Architecture } from '../../shared/model/flavor.ts';
import type {
  DesktopImageId, DesktopImageVersionId, FlavorId, ImagePoolId, PlanId, PlatformId, RunId,
} from '../../shared/model/ids.ts';
import type { BootMode } from '../../shared/model/os.ts';
import type { PlatformKind } from '../../shared/model/platform.ts';
import type { RunStatus, StepStatus } from '../../shared/model/task.ts';

/** 0 or 1 when read; booleans may be written. */
export type Flag = ColumnType<number, boolean | number, boolean | number>;
/** A flag with a default of 0. */
export type DefaultFlag = ColumnType<number, boolean | number | undefined, boolean | number>;

export type VaultSlotKind = 'safe-storage' | 'passphrase' | 'key-file';
export type ArtifactStatus = 'expected' | 'created' | 'removed' | 'kept' | 'unknown';

export interface PlatformTable {
  id: PlatformId;
  kind: PlatformKind;
  /** Unique without regard to ASCII case. */
  name: string;
  config_json: string;
  env_label: string | null;
  env_color: string | null;
  is_read_only: DefaultFlag;
  is_sample: DefaultFlag;
  position: Generated<number>;
  created_at: number;
  updated_at: number;
}

export interface VaultSlotTable {
  kind: VaultSlotKind;
  wrapped_key: Uint8Array;
  params_json: string;
  created_at: number;
}

export interface SecretTable {
  owner_kind: string;
  owner_id: string;
  name: string;
  nonce: Uint8Array;
  ciphertext: Uint8Array;
  tag: Uint8Array;
  created_at: number;
}

export interface WorkflowPlanTable {
  id: PlanId;
  type: string;
  version: number;
  request_json: string;
  draft_json: string;
  created_by: string;
  created_at: number;
  expires_at: number;
}

export interface WorkflowRunTable {
  /** Grows with every insert: the order of creation. */
  row: Generated<number>;
  id: RunId;
  /** Unique: a plan is started once. */
  plan_id: PlanId;
  type: string;
  version: number;
  status: RunStatus;
  title_json: string;
  request_json: string;
  /** The whole draft that is executed. */
  plan_json: string;
  subject_json: string | null;
  /** For searching and sorting; null without a subject. */
  subject_name: string | null;
  result_json: string | null;
  /** Unique among runs that have not ended. */
  dedup_key: string | null;
  /** Why it waits for a person, and with which question. */
  pending_json: string | null;
  /** Choices made, by step key. */
  answers_json: Generated<string>;
  progress_json: string | null;
  cancel_requested_at: number | null;
  resumes: Generated<number>;
  /** 0 … 1, when it was last found interrupted. */
  resumed_at_fraction: number | null;
  /** The start of the host that last worked on it. */
  boot_id: string | null;
  error_json: string | null;
  created_by: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

export interface WorkflowStepTable {
  run_id: RunId;
  seq: number;
  key: string;
  status: StepStatus;
  attempt: Generated<number>;
  intent_json: string | null;
  output_json: string | null;
  error_json: string | null;
  started_at: number | null;
  ended_at: number | null;
}

export interface WorkflowEventTable {
  id: Generated<number>;
  run_id: RunId;
  step_key: string | null;
  at: number;
  message_json: string;
}

export interface WorkflowArtifactTable {
  row: Generated<number>;
  id: string;
  run_id: RunId;
  step_key: string;
  kind: string;
  description_json: string;
  ref_json: string;
  status: ArtifactStatus;
  at: number;
}

export interface ResourceLockTable {
  resource: string;
  run_id: RunId;
}

export interface ImagePoolTable {
  id: ImagePoolId;
  /** Unique without regard to ASCII case. */
  name: string;
  /** Absolute; unique. */
  path: string;
  is_sample: DefaultFlag;
  /** The id in the marker file of its directory; null when it has none. */
  marker: string | null;
  created_at: number;
  /** Both set for a store of a platform, whose `path` is then no path. */
  platform_id: Generated<PlatformId | null>;
  external_id: Generated<string | null>;
}

export interface FlavorTable {
  id: FlavorId;
  /** Unique without regard to ASCII case. */
  name: string;
  architecture: Architecture;
  endpoint_models_json: string;
  vcpus: number;
  memory_bytes: number;
  system_disk_bytes: number;
  data_disk_bytes: number;
  is_built_in: DefaultFlag;
}

export interface DesktopImageTable {
  id: DesktopImageId;
  pool_id: ImagePoolId;
  /** Unique in its pool without regard to ASCII case. */
  name: string;
  architecture: Architecture;
  /** The source VM that its first version came from: only its descendants may publish the next version. */
  origin_key: string;
  /** The highest version number ever given: a deleted version's number is never used again. */
  last_number: Generated<number>;
  created_at: number;
}

export interface DesktopImageVersionTable {
  id: DesktopImageVersionId;
  desktop_image_id: DesktopImageId;
  number: number;
  /** At most one a desktop image. */
  is_current: Flag;
  file_type: FileType;
  vhd_variant: VhdVariant | null;
  file_name: string;
  virtual_bytes: number;
  actual_bytes: number;
  configure_json: string | null;
  source_json: string;
  os_json: string;
  boot_mode: BootMode;
  video_model: string | null;
  published_by: string;
  published_at: number;
  run_id: RunId;
  fast_identity_json: string;
  content_identity_json: string | null;
  verification_json: string | null;
  /** The platform image that it is; null = a file in its pool's directory. */
  stored_json: string | null;
}

/** Source VMs that were made from a version. */
export interface LineageTable {
  vm_platform_id: PlatformId;
  vm_external_id: string;
  version_id: DesktopImageVersionId;
  created_at: number;
}

/** What people said about an image or a source VM; survives every sync. The password itself is in the vault. */
export interface BusinessAttributeTable {
  platform_id: PlatformId;
  subject_kind: 'image' | 'source-vm';
  external_id: string;
  /** What it was called when something was last said. */
  name: string | null;
  os_type: OsType | null;
  os_distro: string | null;
  login_user: string | null;
  password_set_at: number | null;
  /** Null = by the platform's rule. */
  scope: 'system' | 'custom' | null;
  project_id: string | null;
  is_golden: DefaultFlag;
  updated_at: number;
}

export interface SavedViewTable {
  id: string;
  list: string;
  name: string;
  query_json: string;
  position: Generated<number>;
  created_at: number;
}

export interface SettingTable {
  key: string;
  json: string;
}

export interface AuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  target: string;
  outcome: string;
  run_id: RunId | null;
}

export interface StateSchema {
  platform: PlatformTable;
  vault_slot: VaultSlotTable;
  secret: SecretTable;
  workflow_plan: WorkflowPlanTable;
  workflow_run: WorkflowRunTable;
  workflow_step: WorkflowStepTable;
  workflow_event: WorkflowEventTable;
  workflow_artifact: WorkflowArtifactTable;
  resource_lock: ResourceLockTable;
  image_pool: ImagePoolTable;
  flavor: FlavorTable;
  desktop_image: DesktopImageTable;
  desktop_image_version: DesktopImageVersionTable;
  lineage: LineageTable;
  business_attribute: BusinessAttributeTable;
  saved_view: SavedViewTable;
  setting: SettingTable;
  audit: AuditTable;
}
