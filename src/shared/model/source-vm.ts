/** Image source VMs: the VMs that images are built in and published from. */
import { z } from 'zod';
import { availability } from './capability.ts';
import { diskFormat, diskInspection } from './disk.ts';
import { finding, verdict } from './finding.ts';
import { platformId, sourceVmId } from './ids.ts';
import { message } from './message-schema.ts';
import { bootMode, factSource, osIdentity } from './os.ts';

export const powerState = z.enum(['running', 'stopped', 'paused', 'suspended', 'unknown']);
export type PowerState = z.infer<typeof powerState>;

export const vmDisk = z.object({
  /** Unique within the VM: the target device (`vda`), or the file name where there is none. */
  key: z.string(),
  /** Where the disk lies, as the platform says it. */
  location: z.string(),
  format: diskFormat.nullable(),
  virtualBytes: z.number().nullable(),
  actualBytes: z.number().nullable(),
  bus: z.string().nullable(),
  /** The disk that the VM boots from: the one that is published. */
  isSystem: z.boolean(),
  /** How many files below this one hold its data. */
  chainDepth: z.number().int(),
  /** Why it cannot be read (missing file, format not read yet, encrypted …). */
  problem: message.nullable(),
});
export type VmDisk = z.infer<typeof vmDisk>;

export const vmSnapshot = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.number().nullable(),
  parentId: z.string().nullable(),
  isCurrent: z.boolean(),
});
export type VmSnapshot = z.infer<typeof vmSnapshot>;

/** A document beside the disk that says how the image was made. */
export const instructions = z.object({ name: z.string(), type: z.enum(['text', 'markdown', 'pdf']), sizeBytes: z.number() });
export type Instructions = z.infer<typeof instructions>;

/** Actions on one VM, each with the reason where it cannot run now. */
export const sourceVmActions = z.object({ clone: availability, convert: availability, edit: availability, snapshot: availability });

/** A row of the list. */
export const sourceVm = z.object({
  id: sourceVmId,
  platformId,
  platformName: z.string(),
  externalId: z.string(),
  name: z.string(),
  /** What describes the VM; a bare disk has no attributes but what inspection finds. */
  definition: z.enum(['libvirt-xml', 'ovf', 'bare-disk', 'platform']),
  os: osIdentity,
  bootMode,
  bootModeSource: factSource,
  /** As the platform writes it (`virtio`, `cirrus`, …); null = not known. */
  videoModel: z.string().nullable(),
  vcpus: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  powerState,
  disks: z.array(vmDisk),
  virtualBytes: z.number().nullable(),
  actualBytes: z.number().nullable(),
  snapshots: z.array(vmSnapshot),
  instructions: z.array(instructions),
  /** The platform's project that owns it, by name; by id where the name is not known. */
  projectName: z.string().nullable(),
  addresses: z.array(z.string()),
  /** What the platform itself calls its state, where that says more than the power state. */
  status: z.string().nullable(),
  lastPublishedAt: z.number().nullable(),
  verdict,
  findings: z.array(finding),
  actions: sourceVmActions,
  /** When the platform last told us this; the age of the row. */
  seenAt: z.number(),
  /** Set once a complete listing no longer had it. */
  missingSince: z.number().nullable(),
});
export type SourceVm = z.infer<typeof sourceVm>;

/** The detail page: the row and what only one VM is asked for. */
export const sourceVmDetail = sourceVm.extend({
  inspection: diskInspection.nullable(),
  inspectionError: message.nullable(),
  inspectedAt: z.number().nullable(),
  /** The definition as the platform keeps it (XML), for reading. */
  definitionText: z.string().nullable(),
  publications: z.array(z.object({
    desktopImageId: z.string(), desktopImageName: z.string(), version: z.number(), mode: z.enum(['clone', 'convert']), publishedAt: z.number(),
  })),
});
export type SourceVmDetail = z.infer<typeof sourceVmDetail>;
