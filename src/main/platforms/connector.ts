/**
 * What a connector offers: a probe, an inventory, and optional roles. A capability is derived in one place
 * (`capabilities.ts`): the role is there AND the probe says so AND the platform is not read-only here.
 * Every changing call carries an idempotency key (run id and step) that the platform can show again where it has a place.
 */
import type { Capabilities } from '../../shared/model/capability.ts';
import type { HardwareChange } from '../../shared/model/finding.ts';
import type { FileType } from '../../shared/model/desktop-image.ts';
import type { DiskFormat } from '../../shared/model/disk.ts';
import type { ExternalId } from '../../shared/model/ids.ts';
import type { Message } from '../../shared/model/message.ts';
import type { BootMode, OsIdentity } from '../../shared/model/os.ts';
import type { ConfigField, PlatformKind, TestStep } from '../../shared/model/platform.ts';
import type { Instructions } from '../../shared/model/source-vm.ts';
import type { z } from 'zod';
import type { DiskFile } from '../disks/disk-engine.ts';
import type { ImageRecord, InstanceSizeRecord, PoolRecord, ProjectRecord, SourceVmRecord } from './inventory-records.ts';

export interface ProbeResult {
  version: string | null;
  /** How far the platform's clock is ahead of this computer's (ms), from the dates of its answers; absent or null where it does not say. */
  clockOffsetMs?: number | null;
  capabilities: Capabilities;
  steps: TestStep[];
}

/** Listings come in pages; an iterable that ends normally was complete, one that throws was not. */
export interface Inventory {
  sourceVms(signal: AbortSignal): AsyncIterable<SourceVmRecord[]>;
  images?(signal: AbortSignal): AsyncIterable<ImageRecord[]>;
  projects?(signal: AbortSignal): AsyncIterable<ProjectRecord[]>;
  instanceSizes?(signal: AbortSignal): AsyncIterable<InstanceSizeRecord[]>;
  pools?(signal: AbortSignal): AsyncIterable<PoolRecord[]>;
  /**
   * Only what changed since then (epoch ms by the platform's clock), for a quick pass between complete listings. It never sweeps.
   * Absent where the platform cannot be asked so.
   */
  changedSourceVms?(since: number, signal: AbortSignal): AsyncIterable<SourceVmRecord[]>;
  changedImages?(since: number, signal: AbortSignal): AsyncIterable<ImageRecord[]>;
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

/** What a platform was asked to make: everything needed to find it again, stored before it is asked. */
export interface PlatformIntent {
  /** The idempotency key, put where the platform can show it again. */
  key: string;
  data: Record<string, string>;
}

/** What became of an intent: looked up by its key, never asked twice. `unknown` where the platform cannot tell: a person decides. */
export type PlatformOutcome<T> = { state: 'done'; value: T } | { state: 'absent' } | { state: 'running' } | { state: 'failed'; reason: Message } | { state: 'unknown' };

export type ReportProgress = (progress: { doneBytes: number; totalBytes: number | null }) => void;

/** An image on the platform, as far as it vouches for the bytes. */
export interface PlatformImage {
  externalId: ExternalId;
  /** Of the stored file. */
  sizeBytes: number | null;
  virtualBytes: number | null;
  format: DiskFormat | null;
  /** The platform's own hash over the stored file (`sha512`); null where it keeps none. */
  hash: { algorithm: string; value: string } | null;
}

/**
 * Where a VM's disk can only be read after the platform has made a copy of it (an image of a server, an uploaded volume). The copy is
 * the run's own and is removed when it ends.
 */
export interface StagingRole {
  prepare(vm: ExternalId, diskKey: string, key: string): Promise<PlatformIntent>;
  /** Asks once, waits until it is there. After a crash `find` says what became of it, and a running one is waited for. */
  create(vm: ExternalId, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage>;
  find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<PlatformImage>>;
  file(staged: PlatformImage): Promise<DiskFile>;
  /** Removes what the intent made, whatever of it there is. Idempotent. */
  remove(intent: PlatformIntent, signal: AbortSignal): Promise<void>;
}

/** What an image in a platform's store is to be. */
export interface StoreImageSpec {
  /** Of the pool, as `PoolRecord.externalId`. */
  pool: ExternalId;
  /** Name of the desktop image's version: unique in its pool. */
  name: string;
  fileType: FileType;
  virtualBytes: number;
  os: OsIdentity;
  bootMode: BootMode;
  videoModel: string | null;
}

/** Stores of the platform as image pools. Nothing is visible under its final name before `publish`. */
export interface ImageStoreRole {
  /** Null where the copy can be made inside the platform; else why its bytes have to go through this computer. */
  copyObstacle(vm: ExternalId, diskKey: string, spec: StoreImageSpec, signal: AbortSignal): Promise<Message | null>;
  prepareCopy(vm: ExternalId, diskKey: string, spec: StoreImageSpec, key: string): Promise<PlatformIntent>;
  /** Copies inside the platform; asked once, then waited for. A platform that never ends is given up with a sentence that says so. */
  copy(vm: ExternalId, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage>;
  prepareUpload(spec: StoreImageSpec, sizeBytes: number, key: string): Promise<PlatformIntent>;
  /** Uploads a verified file of this computer; goes on from what is there where the platform can. */
  upload(intent: PlatformIntent, path: string, report: ReportProgress, signal: AbortSignal): Promise<PlatformImage>;
  find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<PlatformImage>>;
  /** Gives it its final name and attributes. Idempotent. @returns its id from now on */
  publish(image: PlatformImage, intent: PlatformIntent, spec: StoreImageSpec, signal: AbortSignal): Promise<ExternalId>;
  /** As it is now. @throws `NOT_FOUND` */
  current(pool: ExternalId, image: ExternalId, signal: AbortSignal): Promise<PlatformImage>;
  /** For reading it back by ranges. */
  file(pool: ExternalId, image: ExternalId): Promise<DiskFile>;
  /** Removes what an intent made and did not publish. Idempotent. */
  undo(intent: PlatformIntent, signal: AbortSignal): Promise<void>;
  /** Removes a published image. Idempotent. @throws what the platform says (protected, in use) */
  remove(pool: ExternalId, image: ExternalId, signal: AbortSignal): Promise<void>;
}

/** Where the disk of a new VM comes from: a file of this computer, or an image in one of the platform's own stores. */
export type NewVmDisk = { kind: 'file'; path: string; sizeBytes: number } | { kind: 'stored'; pool: ExternalId; image: ExternalId };

/** Makes VMs on a platform that is not a folder here. Asked once, found again by its key. */
export interface RemoteCreatorRole {
  /** Null where it can be made; else why not (no room, no matching instance size …). */
  obstacle(spec: NewVmSpec, disk: NewVmDisk, signal: AbortSignal): Promise<Message | null>;
  prepare(spec: NewVmSpec, disk: NewVmDisk, key: string): Promise<PlatformIntent>;
  create(spec: NewVmSpec, disk: NewVmDisk, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal): Promise<ExternalId>;
  find(intent: PlatformIntent, signal: AbortSignal): Promise<PlatformOutcome<ExternalId>>;
  undo(intent: PlatformIntent, signal: AbortSignal): Promise<void>;
}

/** Attributes of an image that the platform has a place for. Absent keys stay as they are; null removes. There is no password here. */
export interface ImageAttributeChange {
  bootMode?: 'bios' | 'uefi' | null;
  videoModel?: string | null;
  osType?: 'linux' | 'windows' | null;
  osDistro?: string | null;
  adminUser?: string | null;
}

export interface AttributesRole {
  /** Idempotent. @throws what the platform says */
  patch(image: ExternalId, change: ImageAttributeChange, key: string, signal: AbortSignal): Promise<void>;
  read(image: ExternalId, signal: AbortSignal): Promise<Required<ImageAttributeChange>>;
}

export interface PowerRole {
  /** Asks and waits until it is so. A graceful stop that the guest ignores ends with `POWER_STILL_RUNNING`. Idempotent. */
  start(vm: ExternalId, signal: AbortSignal): Promise<void>;
  stop(vm: ExternalId, how: 'graceful' | 'forced', signal: AbortSignal): Promise<void>;
}

/** What the agent inside a guest says, and whether it is there to say it now. */
export interface AgentReport {
  isConnected: boolean;
  os: OsIdentity;
  hostName: string | null;
  reportedAt: number | null;
}

export interface AgentRole {
  report(vm: ExternalId, signal: AbortSignal): Promise<AgentReport>;
}

export interface DiskExportRole {
  /** The file of one disk and the files its chain may lead to, here or on the platform. @throws where the platform has `staging` instead */
  diskFile(vm: ExternalId, diskKey: string): Promise<DiskFile>;
  /** Present where a copy has to be made before a disk can be read. */
  readonly staging?: StagingRole;
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
  /** Instead of `creator` where disks do not lie in a folder of this computer. */
  readonly remoteCreator?: RemoteCreatorRole;
  readonly diskExport?: DiskExportRole;
  readonly imageStore?: ImageStoreRole;
  readonly attributes?: AttributesRole;
  readonly power?: PowerRole;
  readonly agent?: AgentRole;
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
  /** Reads this computer only: needs no network. */
  readonly worksOffline?: boolean;
  create(settings: Settings, secrets: Readonly<Record<string, string>>): Connector;
}
