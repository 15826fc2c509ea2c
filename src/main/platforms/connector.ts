/**
 * What a connector offers: a probe, an inventory, and optional roles. A capability is derived in one place
 * (`capabilities.ts`): the role is there AND the probe says so AND the platform is not read-only here.
 * Every changing call carries an idempotency key (run id and step) that the platform can show again where it has a place.
 */
import type { Capabilities } from '../../shared/model/capability.ts';
import type { HardwareChange } from '../../shared/model/finding.ts';
import type { DiskFormat } from '../../shared/model/disk.ts';
import type { ExternalId } from '../../shared/model/ids.ts';
import type { Message } from '../../shared/model/message.ts';
import type { BootMode, OsIdentity } from '../../shared/model/os.ts';
import type { ConfigField, PlatformKind, TestStep } from '../../shared/model/platform.ts';
import type { Instructions, PowerState, VmDisk, VmSnapshot } from '../../shared/model/source-vm.ts';
import type { z } from 'zod';
import type { DiskFile } from '../disks/disk-engine.ts';

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
  fingerprint: string;
}

export interface ProbeResult {
  version: string | null;
  capabilities: Capabilities;
  steps: TestStep[];
}

/** Listings come in pages; an iterable that ends normally was complete, one that throws was not. */
export interface Inventory {
  sourceVms(signal: AbortSignal): AsyncIterable<SourceVmRecord[]>;
  images?(signal: AbortSignal): AsyncIterable<ImageRecord[]>;
}

export interface HardwareRole {
  /** The definition with the change made, without writing anything: for the plan. */
  preview(vm: ExternalId, change: HardwareChange): Promise<{ before: string; after: string; fingerprint: string }>;
  /** Writes the definition (new file, sync, rename) if its fingerprint is still `expected`. Idempotent by key. */
  apply(vm: ExternalId, change: HardwareChange, expected: string, key: string): Promise<void>;
  /** The values as the definition has them now; for probing whether a change was made. */
  read(vm: ExternalId): Promise<Required<{ [K in keyof HardwareChange]: HardwareChange[K] | null }>>;
}

/** How a snapshot would be made, computed once and stored as the step's intent. */
export interface SnapshotIntent {
  name: string;
  /** Everything needed to find out later whether it happened, and to undo it. */
  data: Record<string, string>;
}

export interface SnapshotRole {
  /** Null where it can be made; else the reason (a bare disk, a VHD, a read-only folder). */
  obstacle(vm: ExternalId): Promise<Message | null>;
  prepare(vm: ExternalId, name: string, key: string): Promise<SnapshotIntent>;
  create(vm: ExternalId, intent: SnapshotIntent, signal: AbortSignal): Promise<void>;
  find(vm: ExternalId, intent: SnapshotIntent): Promise<'done' | 'absent' | 'partial'>;
  undo(vm: ExternalId, intent: SnapshotIntent): Promise<void>;
  prepareRevert(vm: ExternalId, snapshotId: string, key: string): Promise<SnapshotIntent>;
  revert(vm: ExternalId, intent: SnapshotIntent, signal: AbortSignal): Promise<void>;
  /** Deleting flattens into a new file and swaps; `neededBytes` is what the new file may take. */
  prepareDelete(vm: ExternalId, snapshotId: string, key: string): Promise<SnapshotIntent & { neededBytes: number; freeBytes: number }>;
  delete(vm: ExternalId, intent: SnapshotIntent, onProgress: (p: { doneBytes: number; totalBytes: number }) => void, signal: AbortSignal): Promise<void>;
}

/** What deleting a VM removes, item by item, as shown to the person and stored before the deletion begins. */
export interface DeletionManifest {
  items: { path: string; kind: 'disk' | 'definition' | 'snapshot' | 'nvram'; fingerprint: string }[];
  fingerprint: string;
}

export interface DeleterRole {
  /** Refuses with an `AppError` what must not be deleted (a disk that backs another VM). */
  manifest(vm: ExternalId): Promise<DeletionManifest>;
  /** Removes exactly the items of the manifest that still have their fingerprint; those already gone are fine. The definition goes last. */
  remove(vm: ExternalId, manifest: DeletionManifest, signal: AbortSignal): Promise<void>;
}

export interface NewVmSpec {
  name: string;
  diskFormat: DiskFormat;
  bootMode: BootMode;
  videoModel: string;
  vcpus: number;
  memoryBytes: number;
  os: OsIdentity;
}

export interface CreatorRole {
  /** Where the disk has to be written, and what will be defined; nothing is made yet. */
  prepare(spec: NewVmSpec, key: string): Promise<{ diskPath: string; definitionPath: string; freeBytes: number }>;
  /** Defines the VM over the disk that now lies at `diskPath`. */
  define(spec: NewVmSpec, prepared: { diskPath: string; definitionPath: string }): Promise<ExternalId>;
}

/** Whether somebody uses or changes a disk right now. */
export interface DiskUse {
  state: 'free' | 'locked' | 'changing';
  detail: Message | null;
}

export interface DiskExportRole {
  /** The file of one disk and the files its chain may lead to. Platforms that stream disks get a second way with their connector. */
  diskFile(vm: ExternalId, diskKey: string): Promise<DiskFile>;
  use(vm: ExternalId, diskKey: string): Promise<DiskUse>;
  /** Names of other VMs whose chain goes through a disk of this VM. */
  dependants(vm: ExternalId): Promise<string[]>;
}

export interface Connector {
  readonly kind: PlatformKind;
  probe(signal: AbortSignal): Promise<ProbeResult>;
  readonly inventory: Inventory;
  /** One VM as it is now, past the cache; `NOT_FOUND` when it has gone. */
  current(vm: ExternalId, signal: AbortSignal): Promise<SourceVmRecord>;
  /** A document beside the disk; bounded to 1 MiB of text, 20 MiB of PDF. */
  readInstructions?(id: ExternalId, name: string): Promise<{ type: Instructions['type']; content: Buffer; isTruncated: boolean }>;
  readonly hardware?: HardwareRole;
  readonly snapshots?: SnapshotRole;
  readonly deleter?: DeleterRole;
  readonly creator?: CreatorRole;
  readonly diskExport?: DiskExportRole;
  /** The file of a VDI image, for platforms whose images are files here. */
  imageFile?(id: ExternalId): Promise<DiskFile>;
  dispose(): Promise<void>;
}

export interface ConnectorFactory<Settings = unknown> {
  readonly kind: PlatformKind;
  readonly title: Message;
  readonly description: Message;
  readonly settingsSchema: z.ZodType<Settings>;
  readonly fields: readonly ConfigField[];
  create(settings: Settings, secrets: Readonly<Record<string, string>>): Connector;
}
