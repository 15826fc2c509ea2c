/** Convert: publishes a source VM and deletes it last. "After an image source VM is converted to a desktop image, the image source VM is deleted." */
import type { WorkflowDefinition } from '../engine/definition.ts';
import { publishedImage } from './clone.ts';
import { startVm, stopVm } from '../power-steps.ts';
import type { PublishDeps } from './deps.ts';
import { planPublication } from './publish-plan.ts';
import { InspectionMemo } from './source.ts';
import { checkAgain } from './steps/check-again.ts';
import { compareSource } from './steps/compare-source.ts';
import { contentIdentity } from './steps/content-identity.ts';
import { convertDisk } from './steps/convert-disk.ts';
import { deleteSource } from './steps/delete-source.ts';
import { examineDisk } from './steps/examine-disk.ts';
import { registerImage } from './steps/register-image.ts';
import { stageDisk, unstageDisk } from './steps/stage-disk.ts';
import { registerStored } from './steps/register-stored.ts';
import { copyInPlatform, uploadImage, verifyStored } from './steps/store-image.ts';
import { verifyImage } from './steps/verify-image.ts';

export function publishConvert(deps: PublishDeps): WorkflowDefinition<'publish.convert'> {
  const memo = new InspectionMemo(deps.disks);
  return {
    type: 'publish.convert',
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
      compare: compareSource(deps),
      delete: deleteSource(deps),
    },
    result: publishedImage,
  };
}
