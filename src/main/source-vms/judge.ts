/**
 * Brings together what three sources say about a VM or an image (a person, the inspection of its disk, its platform) and judges it.
 * Pure: the facts come in, the judgement that is projected onto the row goes out.
 */
import type { DiskInspection } from '../../shared/model/disk.ts';
import type { Message } from '../../shared/model/message.ts';
import { type BootMode, type FactSource, type OsFamily, type OsIdentity, unknownOs } from '../../shared/model/os.ts';
import { judgeSourceVm } from '../../shared/rules/readiness.ts';
import type { ImageRecord, SourceVmRecord } from '../platforms/connector.ts';
import type { Judgement } from '../store/repositories/inventory-rows.ts';

export interface JudgedInspection {
  inspection: DiskInspection | null;
  error: Message | null;
}

/** The best identity known: a person's word, then the disk, then the platform. The better source fills in what a person left open. */
export function bestOs(person: OsFamily | null, inspection: DiskInspection | null, platform: OsIdentity): OsIdentity {
  const inspected: OsIdentity | null = inspection === null || inspection.os.family === 'unknown' ? null : { ...inspection.os, source: 'inspection' };
  const found = inspected ?? (platform.family === 'unknown' ? null : platform) ?? { ...platform, source: platform.name === null ? 'none' : platform.source };
  if (person === null || person === 'unknown') return found;
  return found.family === person ? { ...found, source: 'person' } : { ...unknownOs, family: person, source: 'person' };
}

/** The platform's word decides how the VM starts; where it says nothing, the disk tells what it can. */
export function bestBootMode(platform: BootMode, inspection: DiskInspection | null): { bootMode: BootMode; bootModeSource: FactSource } {
  if (platform !== 'unknown') return { bootMode: platform, bootModeSource: 'platform' };
  const only = inspection?.boot.only ?? 'unknown';
  return { bootMode: only, bootModeSource: only === 'unknown' ? 'none' : 'inspection' };
}

export function judgeVmRecord(record: SourceVmRecord, inspected: JudgedInspection, person: OsFamily | null, canEditHardware: boolean): Judgement {
  const os = bestOs(person, inspected.inspection, record.os);
  const { definition, bootMode, videoModel, powerState, disks } = record;
  const findings = judgeSourceVm({
    definition, bootMode, videoModel, os, powerState, disks, inspection: inspected.inspection, inspectionError: inspected.error,
    canEditHardware: canEditHardware && definition !== 'ovf' && definition !== 'bare-disk',
  });
  return { findings, os, ...bestBootMode(bootMode, inspected.inspection) };
}

/** An image is judged like the system disk of a VM that does not run; that it has no definition is its nature. */
export function judgeImageRecord(record: ImageRecord, inspected: JudgedInspection): Judgement {
  const os = bestOs(null, inspected.inspection, record.os);
  const findings = judgeSourceVm({
    definition: 'platform', bootMode: record.bootMode, videoModel: record.videoModel, os, powerState: 'stopped', inspection: inspected.inspection, inspectionError: inspected.error,
    canEditHardware: false,
    disks: [{
      key: record.name, location: record.diskPath ?? record.externalId, format: record.format, virtualBytes: record.virtualBytes, actualBytes: record.actualBytes, bus: null,
      isSystem: true, chainDepth: 0, problem: null,
    }],
  });
  return { findings, os, ...bestBootMode(record.bootMode, inspected.inspection) };
}
