/** Desktop images: what publishing produces. A name in a pool with versions; a version is one publish and never changes. */
import { z } from 'zod';
import { availability } from './capability.ts';
import { diskIdentity } from './disk.ts';
import { architecture } from './flavor.ts';
import { desktopImageId, desktopImageVersionId, flavorId, imagePoolId, platformId, runId, sourceVmId } from './ids.ts';
import { message } from './message-schema.ts';
import { bootMode, osIdentity } from './os.ts';

export const fileType = z.enum(['qcow2', 'vhd']);
export type FileType = z.infer<typeof fileType>;

export const vhdVariant = z.enum(['dynamic', 'fixed']);
export type VhdVariant = z.infer<typeof vhdVariant>;

/** Which VOI configuration an image is for: one flavor, or any. */
export const configure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dedicated'), flavorId }),
  z.strictObject({ kind: z.literal('general') }),
]);
export type Configure = z.infer<typeof configure>;

export const verification = z.object({
  at: z.number(),
  outcome: z.enum(['ok', 'failed']),
  /** What was checked (structure, content identity, size …) and what it found. */
  detail: message,
});
export type Verification = z.infer<typeof verification>;

/** A version that is an image in a platform's store, and not a file in a directory. */
export const storedImage = z.object({
  platformId,
  /** Of its pool, and of the image, as the platform calls them. */
  pool: z.string(),
  externalId: z.string(),
  /** The platform's own hash over the stored file. */
  hash: z.object({ algorithm: z.string(), value: z.string() }).nullable(),
});
export type StoredImage = z.infer<typeof storedImage>;

export const desktopImageVersion = z.object({
  id: desktopImageVersionId,
  desktopImageId,
  number: z.number().int(),
  isCurrent: z.boolean(),
  fileType,
  vhdVariant: vhdVariant.nullable(),
  fileName: z.string(),
  virtualBytes: z.number(),
  actualBytes: z.number(),
  /** Null for VDI, which has no Configure. */
  configure: configure.nullable(),
  flavorName: z.string().nullable(),
  source: z.object({
    mode: z.enum(['clone', 'convert']),
    vmId: sourceVmId,
    vmName: z.string(),
    platformId,
    platformName: z.string(),
  }),
  os: osIdentity,
  bootMode,
  videoModel: z.string().nullable(),
  publishedBy: z.string(),
  publishedAt: z.number(),
  runId,
  fastIdentity: diskIdentity,
  /** Computed in the background after a clone, and always before a convert deletes its VM. */
  contentIdentity: diskIdentity.nullable(),
  verification: verification.nullable(),
  /** Null = a file in its pool's directory. */
  stored: storedImage.nullable(),
  /** Live dependants, as names: VMs made from it, runs reading it. */
  inUseBy: z.array(z.string()),
});
export type DesktopImageVersion = z.infer<typeof desktopImageVersion>;

/** A row of the list: the image and its current version. */
export const desktopImage = z.object({
  id: desktopImageId,
  name: z.string(),
  poolId: imagePoolId,
  poolName: z.string(),
  architecture,
  versionCount: z.number().int(),
  current: desktopImageVersion,
  createdAt: z.number(),
  /** The file of the current version is where it should be, with the size it should have. */
  problem: message.nullable(),
  actions: z.object({ verify: availability, copy: availability, newSourceVm: availability, remove: availability }),
});
export type DesktopImage = z.infer<typeof desktopImage>;

export const desktopImageDetail = desktopImage.extend({ versions: z.array(desktopImageVersion), directory: z.string() });
export type DesktopImageDetail = z.infer<typeof desktopImageDetail>;
