/**
 * Judges one image source VM: every known cause of an image that does not boot is found before it is published. Facts in,
 * findings out, worst first; nothing is read here. Seeds: image-management.txt 1 (boot mode, video card).
 */
import type { MessageCode } from '../messages/catalogue.ts';
import { say, type Message } from '../model/message.ts';
import { worstFirst, type Finding, type Severity } from '../model/finding.ts';
import type { DiskInspection } from '../model/disk.ts';
import type { BootMode, OsIdentity } from '../model/os.ts';
import type { PowerState, SourceVm, VmDisk } from '../model/source-vm.ts';
import { judgeBootMode } from './boot-mode.ts';
import { judgeVideoCard } from './video-card.ts';

/** What is known of one VM when it is judged. Everything may be missing; a missing fact is a finding, never a guess. */
export interface SourceVmFacts {
  definition: SourceVm['definition'];
  /** As the definition or a person says it; `unknown` where neither does. */
  bootMode: BootMode;
  videoModel: string | null;
  /** The best identity known: person, then inspection, then platform. */
  os: OsIdentity;
  powerState: PowerState;
  disks: readonly VmDisk[];
  /** Of the system disk; null while it has not been inspected or could not be. */
  inspection: DiskInspection | null;
  /** Why inspection failed; null when it did not, or has not run. */
  inspectionError: Message | null;
  /** The platform's hardware role can write this VM's definition now: findings then offer the change, else a written step. */
  canEditHardware: boolean;
}

/** Oddities of the disk itself that are worse than a warning, by the code inspection gives them. */
const problemSeverity: Partial<Record<MessageCode, Severity>> = {
  INSPECT_FILE_SYSTEM_TOO_LARGE: 'error',
  INSPECT_FILE_SYSTEM_LARGER_THAN_DISK: 'error',
  INSPECT_PARTITION_PAST_END: 'error',
  INSPECT_PARTITIONS_OVERLAP: 'error',
  INSPECT_GPT_BOTH_DAMAGED: 'error',
};

const diskSource: Message = say('READY_SOURCE_DISK');
const definitionSource: Message = say('READY_SOURCE_DEFINITION');
const written = (code: MessageCode) => ({ kind: 'written-step', label: say(code) }) as const;

/** All findings over a VM, worst first. Ids are stable (`rule` or `rule:detail`), so that an acknowledgement keeps its meaning. */
export function judgeSourceVm(facts: SourceVmFacts): Finding[] {
  return worstFirst([
    ...judgePower(facts),
    ...judgeDisks(facts),
    ...judgeBootMode(facts),
    ...judgeVideoCard(facts),
    ...judgeInspection(facts),
    ...judgeDefinition(facts),
  ]);
}

function judgePower({ powerState }: SourceVmFacts): Finding[] {
  switch (powerState) {
    case 'stopped':
      return [];
    case 'unknown':
      return [{ id: 'power', severity: 'unknown', reason: say('READY_POWER_UNKNOWN'), source: definitionSource, fix: null }];
    case 'running':
    case 'paused':
    case 'suspended':
      return [{ id: 'power', severity: 'blocking', reason: say('READY_RUNNING'), source: definitionSource, fix: written('READY_FIX_SHUT_DOWN') }];
  }
}

function judgeDisks({ disks, inspection, inspectionError }: SourceVmFacts): Finding[] {
  const system = disks.find((disk) => disk.isSystem);
  if (system === undefined) {
    return [{ id: 'system-disk', severity: 'blocking', reason: say('READY_NO_SYSTEM_DISK'), source: definitionSource, fix: written('READY_FIX_ATTACH_DISK') }];
  }
  const unreadable = system.problem ?? (inspection === null ? inspectionError : null);
  const findings: Finding[] = [];
  if (unreadable !== null) {
    findings.push({ id: 'disk-readable', severity: 'blocking', reason: unreadable, source: say('READY_SOURCE_DISK_FILE', { disk: system.key }), fix: null });
  } else if (inspection === null) {
    findings.push({ id: 'disk-inspected', severity: 'unknown', reason: say('READY_NOT_INSPECTED'), source: say('READY_SOURCE_DISK_FILE', { disk: system.key }), fix: written('READY_FIX_CHECK') });
  }
  for (const disk of disks) {
    if (disk === system) continue;
    findings.push(disk.problem === null
      ? { id: `further-disk:${disk.key}`, severity: 'info', reason: say('READY_FURTHER_DISK', { disk: disk.key }), source: definitionSource, fix: null }
      : { id: `further-disk:${disk.key}`, severity: 'warning', reason: disk.problem, source: say('READY_SOURCE_DISK_FILE', { disk: disk.key }), fix: null });
  }
  return findings;
}

function judgeInspection({ inspection, os, disks }: SourceVmFacts): Finding[] {
  if (inspection === null) return [];
  const findings: Finding[] = [];
  const isWindows = os.family === 'windows' || inspection.os.family === 'windows';
  if (inspection.encryption !== 'none') {
    findings.push({ id: 'encryption', severity: 'blocking', reason: say(encryptionReasons[inspection.encryption]), source: diskSource, fix: written('READY_FIX_DECRYPT') });
  }
  if (isWindows && inspection.hasVirtioStorage !== true && disks.some((disk) => disk.isSystem && usesVirtio(disk))) {
    findings.push(inspection.hasVirtioStorage === false
      ? { id: 'virtio-storage', severity: 'error', reason: say('READY_NO_VIRTIO_STORAGE'), source: diskSource, fix: written('READY_FIX_VIRTIO_STORAGE') }
      : { id: 'virtio-storage', severity: 'unknown', reason: say('READY_VIRTIO_STORAGE_UNKNOWN'), source: diskSource, fix: written('READY_FIX_VIRTIO_STORAGE') });
  }
  inspection.problems.forEach((problem, index) => {
    const repeats = inspection.problems.slice(0, index).filter((earlier) => earlier.code === problem.code).length;
    findings.push({
      id: repeats === 0 ? `disk:${problem.code}` : `disk:${problem.code}:${repeats + 1}`,
      severity: problemSeverity[problem.code] ?? 'warning',
      reason: problem,
      source: diskSource,
      fix: null,
    });
  });
  if (inspection.internalSnapshots.length > 0) {
    findings.push({ id: 'internal-snapshots', severity: 'info', reason: say('READY_INTERNAL_SNAPSHOTS', { count: inspection.internalSnapshots.length }), source: diskSource, fix: null });
  }
  return findings;
}

const encryptionReasons = { bitlocker: 'READY_BITLOCKER', luks: 'READY_LUKS', format: 'READY_FORMAT_ENCRYPTED' } as const;

/** A published image meets virtio on nearly every platform; a VM that boots from IDE proves nothing about its drivers. */
function usesVirtio(disk: VmDisk): boolean {
  return disk.bus === null || disk.bus !== 'usb';
}

function judgeDefinition({ definition, os }: SourceVmFacts): Finding[] {
  const findings: Finding[] = [];
  if (definition === 'bare-disk') {
    findings.push({ id: 'bare-disk', severity: 'info', reason: say('READY_BARE_DISK'), source: definitionSource, fix: null });
  }
  if (os.family === 'unknown') {
    findings.push({ id: 'os', severity: 'unknown', reason: say('READY_OS_UNKNOWN'), source: diskSource, fix: written('READY_FIX_SAY_OS') });
  }
  return findings;
}
