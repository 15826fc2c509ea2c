/** Every workflow that this version can plan and go on with. */
import { desktopImageCopy } from './desktop-image/copy.ts';
import { desktopImageDelete } from './desktop-image/delete.ts';
import { desktopImageNewSourceVm } from './desktop-image/new-source-vm.ts';
import { desktopImageVerify } from './desktop-image/verify.ts';
import { diskConvert } from './disk-convert/disk-convert.ts';
import type { WorkflowDefinition } from './engine/definition.ts';
import { publishClone } from './publish/clone.ts';
import { publishConvert } from './publish/convert.ts';
import type { PublishDeps } from './publish/deps.ts';
import { snapshotCreate } from './snapshot/create.ts';
import { snapshotDelete } from './snapshot/delete.ts';
import { snapshotRevert } from './snapshot/revert.ts';
import { imagePatch } from './image-patch/patch.ts';
import { vmEdit } from './vm-edit/edit.ts';
import { vmPower } from './vm-power/power.ts';

export function workflowDefinitions(deps: PublishDeps): WorkflowDefinition[] {
  const definitions = [
    publishClone(deps),
    publishConvert(deps),
    vmEdit(deps),
    vmPower(deps),
    imagePatch(deps),
    snapshotCreate(deps),
    snapshotRevert(deps),
    snapshotDelete(deps),
    desktopImageVerify(deps),
    desktopImageCopy(deps),
    desktopImageNewSourceVm(deps),
    desktopImageDelete(deps),
    diskConvert(deps),
  ];
  return definitions;
}
