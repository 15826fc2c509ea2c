/** What a person can ask to be done. Each is planned first, shown, and started by the plan's id. */
import { z } from 'zod';
import { clusterCompression, diskChoice, diskTargetFormat } from './disk.ts';
import { configure, fileType, vhdVariant } from './desktop-image.ts';
import { hardwareChange } from './finding.ts';
import { architecture } from './flavor.ts';
import { desktopImageVersionId, fileGrantId, imageId, imagePoolId, platformId, sourceVmId } from './ids.ts';

/**
 * A name that becomes a file name on any system. The rule `image-name` says what is allowed and why, also of one that is too long:
 * the bound here is far beyond it, so that the person gets its sentence instead of a parser's.
 */
export const objectName = z.string().max(10_000);

/** What to do about a VM that runs: nothing (then it blocks), shut it down first, and start it again after. */
export const shutDown = z.enum(['no', 'stop', 'stop-and-start']);
export type ShutDown = z.infer<typeof shutDown>;
/** Absent = `no`. */
const whenRunning = shutDown.exactOptional();

const publishFields = {
  vmId: sourceVmId,
  name: objectName,
  architecture,
  fileType,
  /** Only with VHD. */
  vhdVariant: vhdVariant.default('dynamic'),
  poolId: imagePoolId,
  /** Null for VDI. */
  configure: configure.nullable(),
  /** What the person says the operating system is, where nothing else tells. */
  osFamily: z.enum(['windows', 'linux', 'other']).nullable().default(null),
  whenRunning,
};

export const publishClone = z.strictObject({
  type: z.literal('publish.clone'),
  ...publishFields,
  /** Null = no snapshot after cloning. */
  snapshotName: objectName.nullable().default(null),
});
export const publishConvert = z.strictObject({ type: z.literal('publish.convert'), ...publishFields });
export const vmEdit = z.strictObject({ type: z.literal('vm.edit'), vmId: sourceVmId, change: hardwareChange, whenRunning });
export const vmPower = z.strictObject({ type: z.literal('vm.power'), vmId: sourceVmId, power: z.enum(['start', 'stop', 'force-stop']) });

/** Attributes that a platform keeps with an image. Absent ones stay as they are; null removes. */
export const imageAttributeChange = z.strictObject({
  bootMode: z.enum(['bios', 'uefi']).nullable().exactOptional(),
  videoModel: z.string().min(1).max(64).nullable().exactOptional(),
  osType: z.enum(['linux', 'windows']).nullable().exactOptional(),
  osDistro: z.string().min(1).max(64).nullable().exactOptional(),
  adminUser: z.string().min(1).max(64).nullable().exactOptional(),
});
export const imagePatch = z.strictObject({ type: z.literal('image.patch'), imageId, change: imageAttributeChange });
export const snapshotCreate = z.strictObject({ type: z.literal('snapshot.create'), vmId: sourceVmId, name: objectName, whenRunning });
export const snapshotRevert = z.strictObject({ type: z.literal('snapshot.revert'), vmId: sourceVmId, snapshotId: z.string().max(200), whenRunning });
export const snapshotDelete = z.strictObject({ type: z.literal('snapshot.delete'), vmId: sourceVmId, snapshotId: z.string().max(200), whenRunning });
export const desktopImageVerify = z.strictObject({ type: z.literal('desktop-image.verify'), versionId: desktopImageVersionId });
export const desktopImageCopy = z.strictObject({ type: z.literal('desktop-image.copy'), versionId: desktopImageVersionId, target: fileGrantId });
export const desktopImageNewSourceVm = z.strictObject({
  type: z.literal('desktop-image.new-source-vm'), versionId: desktopImageVersionId, platformId, name: objectName,
});
/** Removes one version, or with `versionId` null the whole image with all its versions. */
export const desktopImageDelete = z.strictObject({
  type: z.literal('desktop-image.delete'), desktopImageId: z.string().max(128), versionId: desktopImageVersionId.nullable(),
});
export const diskConvert = z.strictObject({
  type: z.literal('disk.convert'),
  source: fileGrantId,
  target: fileGrantId,
  format: diskTargetFormat,
  compression: clusterCompression.nullable().default(null),
  isBackingAllowed: z.boolean().default(false),
  choice: diskChoice.default({}),
});

export const workflowRequest = z.discriminatedUnion('type', [
  publishClone, publishConvert, vmEdit, vmPower, imagePatch, snapshotCreate, snapshotRevert, snapshotDelete,
  desktopImageVerify, desktopImageCopy, desktopImageNewSourceVm, desktopImageDelete, diskConvert,
]);
export type WorkflowRequest = z.infer<typeof workflowRequest>;
export type WorkflowType = WorkflowRequest['type'];
export type PublishRequest = z.infer<typeof publishClone> | z.infer<typeof publishConvert>;
