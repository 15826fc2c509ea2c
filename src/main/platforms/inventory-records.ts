/**
 * What a platform says of one thing in its inventory, as a connector hands it on: facts with what the platform calls them, before
 * inspection, people and rules add theirs.
 */
import type { FileType } from '../../shared/model/desktop-image.ts';
import type { DiskFormat } from '../../shared/model/disk.ts';
import type { ExternalId } from '../../shared/model/ids.ts';
import type { Message } from '../../shared/model/message.ts';
import type { BootMode, OsIdentity } from '../../shared/model/os.ts';
import type { Instructions, PowerState, VmDisk, VmSnapshot } from '../../shared/model/source-vm.ts';

/** A source VM as the platform tells it; what inspection and people add comes later. */
export interface SourceVmRecord {
  externalId: ExternalId;
  name: string;
  definition: 'libvirt-xml' | 'ovf' | 'bare-disk' | 'platform';
  /** `source` is `platform` or `none`. */
  os: OsIdentity;
  bootMode: BootMode;
  videoModel: string | null;
  vcpus: number | null;
  memoryBytes: number | null;
  powerState: PowerState;
  disks: VmDisk[];
  snapshots: VmSnapshot[];
  instructions: Instructions[];
  definitionText: string | null;
  /** The project that owns it; null where the platform has none. */
  projectId?: ExternalId | null;
  /** Addresses of its network ports, as the platform or the guest agent tells them. */
  addresses?: string[];
  /** What the platform itself calls its state (`SHUTOFF`, `image_uploading`), where that says more than the power state. */
  status?: string | null;
  /** Changes whenever the VM or its disks may have changed. */
  fingerprint: string;
}

export interface ImageRecord {
  externalId: ExternalId;
  name: string;
  form: 'image' | 'template';
  scope: 'system' | 'custom';
  format: DiskFormat | null;
  virtualBytes: number | null;
  actualBytes: number | null;
  os: OsIdentity;
  bootMode: BootMode;
  videoModel: string | null;
  instructions: Instructions[];
  /** For platforms whose image is a file here; null otherwise. */
  diskPath: string | null;
  /** The project that owns it; null where the platform has none. */
  projectId?: ExternalId | null;
  /** What the platform itself calls its state (`active`, `importing`); shown as it is, judged `unknown` where it is not known. */
  status?: string | null;
  /** The platform's word for the boot mode, where it is neither BIOS nor UEFI. */
  bootModeWord?: string | null;
  /** `public`, `community`, `shared`, `private`, as the platform says it. */
  visibility?: string | null;
  /** Every further property, as the platform keeps it. */
  properties?: Record<string, string>;
  createdAt?: number | null;
  updatedAt?: number | null;
  fingerprint: string;
}

/** A project that a tenant maps to. The management project is hidden: its images are the system's. */
export interface ProjectRecord {
  externalId: ExternalId;
  name: string;
  isManagement: boolean;
}

/** A size that the platform offers for new VMs (a Nova flavor, and never one of ours). */
export interface InstanceSizeRecord {
  externalId: ExternalId;
  name: string;
  vcpus: number;
  memoryBytes: number;
  diskBytes: number;
}

/** A store on the platform that desktop images can be published into. */
export interface PoolRecord {
  externalId: ExternalId;
  name: string;
  /** Where it lies on the platform, for people; null where it has no place that can be named. */
  location: string | null;
  freeBytes: number | null;
  totalBytes: number | null;
  /** What can be stored in it. */
  fileTypes: readonly FileType[];
  problem: Message | null;
}
