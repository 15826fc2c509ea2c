/** Clone: publishes a source VM and keeps it. "After an image source VM is cloned … the image source VM is still retained and can still be edited." */
import type { WorkflowDefinition } from '../engine/definition.ts';
import { startVm, stopVm } from '../power-steps.ts';
import type { PublishDeps } from './deps.ts';
import { argsOf, registerOutput, type PublishArgs } from './publish-args.ts';
import { planPublication } from './publish-plan.ts';
import { InspectionMemo } from './source.ts';
import { checkAgain } from './steps/check-again.ts';
import { contentIdentity } from './steps/content-identity.ts';
import { convertDisk } from './steps/convert-disk.ts';
import { examineDisk } from './steps/examine-disk.ts';
import { registerImage } from './steps/register-image.ts';
import { takeSnapshot } from './steps/take-snapshot.ts';
import { stageDisk, unstageDisk } from './steps/stage-disk.ts';
import { registerStored } from './steps/register-stored.ts';
import { copyInPlatform, uploadImage, verifyStored } from './steps/store-image.ts';
import { verifyImage } from './steps/verify-image.ts';

export function publishClone(deps: PublishDeps): WorkflowDefinition<'publish.clone'> {
  const memo = new InspectionMemo(deps.disks);
  return {
    type: 'publish.clone',
    version: 1,
    resume: 'auto',
    plan: (request, signal) => planPublication(deps, memo, request, signal),
    actions: {
      check: checkAgain(deps),
      stop: stopVm(deps),
      start: startVm(deps),
      stage: stageDisk(deps),
      examine: examineDisk(deps),
      convert: convertDisk(deps),
      verify: verifyImage(deps),
      register: registerImage(deps),
      copy: copyInPlatform(deps),
      upload: uploadImage(deps),
      verifyStored: verifyStored(deps),
      registerStored: registerStored(deps),
      content: contentIdentity(deps),
      unstage: unstageDisk(deps),
      snapshot: takeSnapshot(deps, (ctx) => {
        const { source, snapshotName }: PublishArgs = argsOf(ctx);
        return { platformId: source.platformId, externalId: source.externalId, vmName: source.vmName, name: snapshotName ?? '' };
      }),
    },
    result: publishedImage,
  };
}

/** What the run made, for the task's link. */
export const publishedImage: NonNullable<WorkflowDefinition['result']> = (outputs) => {
  const registered = registerOutput.safeParse(outputs['register']);
  if (!registered.success) return null;
  const { desktopImageId, path } = registered.data;
  return { kind: 'desktop-image', id: desktopImageId, name: path.split(/[/\\]/).at(-1) ?? desktopImageId };
};
