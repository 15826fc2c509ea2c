/**
 * Boot mode. Seed (image-management 1.1): "The boot mode must match that of the created cloud desktop (virtual machine),
 * otherwise it will not boot normally."
 */
import { say } from '../model/message.ts';
import type { Finding, Fix } from '../model/finding.ts';
import type { DiskInspection } from '../model/disk.ts';
import type { BootMode } from '../model/os.ts';

export interface BootModeFacts {
  bootMode: BootMode;
  inspection: Pick<DiskInspection, 'boot'> | null;
  canEditHardware: boolean;
}

const source = say('READY_SOURCE_BOOT');

function changeTo(bootMode: 'bios' | 'uefi', canEdit: boolean): Fix {
  return canEdit
    ? { kind: 'edit-vm', label: say('READY_FIX_SET_BOOT_MODE', { mode: label(bootMode) }), change: { bootMode } }
    : { kind: 'written-step', label: say('READY_FIX_SET_BOOT_MODE_BY_HAND', { mode: label(bootMode) }) };
}

const label = (mode: 'bios' | 'uefi'): string => (mode === 'bios' ? 'BIOS' : 'UEFI');

/** Is it known, does the disk boot that way, and will it boot elsewhere without this VM's NVRAM. */
export function judgeBootMode({ bootMode, inspection, canEditHardware }: BootModeFacts): Finding[] {
  const boot = inspection?.boot ?? null;
  const findings: Finding[] = [];
  const only = boot === null || boot.only === 'unknown' ? null : boot.only;
  if (bootMode === 'unknown') {
    findings.push(only === null
      ? { id: 'boot-mode', severity: 'unknown', reason: say('READY_BOOT_MODE_UNKNOWN'), source, fix: { kind: 'written-step', label: say('READY_FIX_SAY_BOOT_MODE') } }
      : { id: 'boot-mode', severity: 'warning', reason: say('READY_BOOT_MODE_FROM_DISK', { mode: label(only) }), source, fix: changeTo(only, canEditHardware) });
  } else if (boot !== null && !boot[bootMode]) {
    findings.push(only === null
      ? { id: 'boot-mode', severity: 'error', reason: say('READY_DISK_DOES_NOT_BOOT', { mode: label(bootMode) }), source, fix: { kind: 'written-step', label: say('READY_FIX_CHECK_BOOT_LOADER') } }
      : { id: 'boot-mode', severity: 'blocking', reason: say('READY_BOOT_MODE_MISMATCH', { mode: label(bootMode), diskMode: label(only) }), source, fix: changeTo(only, canEditHardware) });
  }
  const bootsByUefi = bootMode === 'uefi' || (bootMode === 'unknown' && only === 'uefi');
  if (boot !== null && bootsByUefi && boot.uefi && !boot.hasFallbackLoader) {
    findings.push({
      id: 'fallback-loader',
      severity: 'warning',
      reason: say('READY_NO_FALLBACK_LOADER', { loader: boot.loaders[0] ?? '—' }),
      source,
      fix: { kind: 'written-step', label: say('READY_FIX_FALLBACK_LOADER') },
    });
  }
  return findings;
}
