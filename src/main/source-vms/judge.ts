/**
 * Brings together what three sources say about a VM or an image (a person, the inspection of its disk, its platform) and judges it.
 * Pure: the facts come in, the judgement that is projected onto the row goes out.
 */
import type { BusinessAttributes } from '../../shared/model/business-attributes.ts';
import type { DiskInspection } from '../../shared/model/disk.ts';
import type { Message } from '../../shared/model/message.ts';
import type { BootMode, FactSource } from '../../shared/model/os.ts';
import type { PlatformKind } from '../../shared/model/platform.ts';
import { judgeImage, patchingOf, unusualStatus } from '../../shared/rules/image-readiness.ts';
import { osOfImage, type OsWord } from '../../shared/rules/os-identity.ts';
import { judgeSourceVm } from '../../shared/rules/readiness.ts';
import { effectiveAssignment, platformAssignment } from '../../shared/rules/tenant-scope.ts';
import type { ImageRecord, SourceVmRecord } from '../platforms/inventory-records.ts';
import type { ImageBusiness } from '../store/repositories/image.repo.ts';
import type { Judgement } from '../store/repositories/inventory-rows.ts';

export interface JudgedInspection {
  inspection: DiskInspection | null;
  error: Message | null;
}

/** The platform's word decides how the VM starts; where it says nothing, the disk tells what it can. */
export function bestBootMode(platform: BootMode, inspection: DiskInspection | null): { bootMode: BootMode; bootModeSource: FactSource } {
  if (platform !== 'unknown') return { bootMode: platform, bootModeSource: 'platform' };
  const only = inspection?.boot.only ?? 'unknown';
  return { bootMode: only, bootModeSource: only === 'unknown' ? 'none' : 'inspection' };
}

export function judgeVmRecord(record: SourceVmRecord, inspected: JudgedInspection, person: OsWord, canEditHardware: boolean): Judgement {
  const os = osOfImage({ person, inspection: inspected.inspection?.os ?? null, platform: record.os });
  const { definition, bootMode, videoModel, powerState, disks } = record;
  const findings = judgeSourceVm({
    definition, bootMode, videoModel, os, powerState, disks, inspection: inspected.inspection, inspectionError: inspected.error,
    canEditHardware: canEditHardware && definition !== 'ovf' && definition !== 'bare-disk',
  });
  return { findings, os, ...bestBootMode(bootMode, inspected.inspection) };
}

/** What judging an image needs besides its record and its disk. */
export interface ImageContext {
  attributes: BusinessAttributes;
  kind: PlatformKind;
  isOwnedByManagement: boolean;
  canPatch: boolean;
}

export function judgeImageRecord(record: ImageRecord, inspected: JudgedInspection, context: ImageContext): { judgement: Judgement; business: ImageBusiness } {
  const { attributes, kind, canPatch, isOwnedByManagement } = context;
  const { form, bootMode, videoModel } = record;
  const os = osOfImage({ person: attributes, inspection: inspected.inspection?.os ?? null, platform: record.os });
  const findings = judgeImage({
    form, bootMode, bootModeWord: record.bootModeWord ?? null, videoModel, supportedBootModes: null, os, inspection: inspected.inspection, inspectionError: inspected.error,
    isReadable: record.diskPath !== null, attributes, status: unusualStatus(record.status ?? null), patching: patchingOf(kind, canPatch),
  });
  const byPlatform = platformAssignment({ kind, said: record.scope, visibility: record.visibility ?? null, projectId: record.projectId ?? null, isOwnedByManagement });
  const { assignment, source } = effectiveAssignment(attributes.assignment, byPlatform);
  return { judgement: { findings, os, ...bestBootMode(bootMode, inspected.inspection) }, business: { attributes, assignment, assignedBy: source } };
}
