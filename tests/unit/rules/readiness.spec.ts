/** Seeds: image-management.txt 1 (boot mode, video card), and every known cause of an image that does not boot. */
import { describe, expect, it } from 'vitest';
import { diskInspection, type DiskInspection } from '../../../src/shared/model/disk.ts';
import { judge } from '../../../src/shared/model/finding.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { VmDisk } from '../../../src/shared/model/source-vm.ts';
import { judgeSourceVm, type SourceVmFacts } from '../../../src/shared/rules/readiness.ts';

const disk: VmDisk = {
  key: 'vda', location: '/lib/win.qcow2', format: 'qcow2', virtualBytes: 1, actualBytes: 1, bus: 'virtio', isSystem: true, chainDepth: 0, problem: null,
};
const inspection: DiskInspection = diskInspection.parse({
  layers: [{ path: '/lib/win.qcow2', format: 'qcow2', variant: 'v3', virtualBytes: 1, actualBytes: 1, fileBytes: 1, clusterBytes: 65536, compression: null }],
  virtualBytes: 1, internalSnapshots: [], partitionTable: 'gpt', partitions: [],
  boot: { bios: false, uefi: true, only: 'uefi', loaders: ['/EFI/BOOT/BOOTX64.EFI'], hasFallbackLoader: true, evidence: [] },
  os: { family: 'windows', distro: 'win', name: 'Windows 11', version: '24H2', architecture: 'x86_64' },
  osEvidence: [], encryption: 'none', hasVirtioStorage: true, preparation: [], problems: [], bytesRead: 1, durationMs: 1,
});
const ready: SourceVmFacts = {
  definition: 'libvirt-xml', bootMode: 'uefi', videoModel: 'virtio', os: { ...inspection.os, source: 'inspection' }, powerState: 'stopped', disks: [disk],
  inspection, inspectionError: null, canEditHardware: true,
};
const boot = (change: Partial<DiskInspection['boot']>): Partial<SourceVmFacts> => ({ inspection: { ...inspection, boot: { ...inspection.boot, ...change } } });
const inspected = (change: Partial<DiskInspection>): Partial<SourceVmFacts> => ({ inspection: { ...inspection, ...change } });
const findingsOf = (change: Partial<SourceVmFacts>): string[] => judgeSourceVm({ ...ready, ...change }).map((finding) => `${finding.id} ${finding.severity} ${finding.reason.code}`);

describe('readiness', () => {
  it('finds nothing about a VM that is as it should be', () => {
    expect(findingsOf({})).toEqual([]);
    expect(judge(judgeSourceVm(ready))).toBe('ready');
  });

  const mustMatch = '“The boot mode must match that of the created cloud desktop …, otherwise it will not boot normally.”';
  const virtio = '“The virtual graphics card attribute of the image must be set to virtio.”';
  const cirrus = '“Using the original cirrus is strictly forbidden …”';

  it.each<[string, Partial<SourceVmFacts>, string[]]>([
    [mustMatch, { bootMode: 'bios' }, ['boot-mode blocking READY_BOOT_MODE_MISMATCH']],
    [mustMatch, { ...boot({ bios: true, uefi: false, only: 'bios', loaders: [], hasFallbackLoader: false }) }, ['boot-mode blocking READY_BOOT_MODE_MISMATCH']],
    ['boots both ways', { bootMode: 'bios', ...boot({ bios: true, only: 'unknown' }) }, []],
    ['boots in no way that is known', boot({ uefi: false, only: 'unknown', loaders: [], hasFallbackLoader: false }), ['boot-mode error READY_DISK_DOES_NOT_BOOT']],
    ['the VM does not say, the disk does', { bootMode: 'unknown' }, ['boot-mode warning READY_BOOT_MODE_FROM_DISK']],
    ['nobody says', { bootMode: 'unknown', ...boot({ bios: true, only: 'unknown' }) }, ['boot-mode unknown READY_BOOT_MODE_UNKNOWN']],
    ['“a published image carries no NVRAM”', boot({ loaders: ['/EFI/debian/shimx64.efi'], hasFallbackLoader: false }), ['fallback-loader warning READY_NO_FALLBACK_LOADER']],
    [cirrus, { videoModel: 'cirrus' }, ['video-card blocking READY_VIDEO_CIRRUS']],
    [cirrus, { videoModel: ' Cirrus ' }, ['video-card blocking READY_VIDEO_CIRRUS']],
    [virtio, { videoModel: 'qxl' }, ['video-card error READY_VIDEO_OTHER']],
    [virtio, { videoModel: null }, ['video-card unknown READY_VIDEO_UNKNOWN']],
    ['running', { powerState: 'running' }, ['power blocking READY_RUNNING']],
    ['paused', { powerState: 'paused' }, ['power blocking READY_RUNNING']],
    ['power not known', { powerState: 'unknown' }, ['power unknown READY_POWER_UNKNOWN']],
    ['BitLocker', inspected({ encryption: 'bitlocker' }), ['encryption blocking READY_BITLOCKER']],
    ['LUKS', inspected({ encryption: 'luks' }), ['encryption blocking READY_LUKS']],
    ['no boot-start storage driver', inspected({ hasVirtioStorage: false }), ['virtio-storage error READY_NO_VIRTIO_STORAGE']],
    ['storage driver not known', inspected({ hasVirtioStorage: null }), ['virtio-storage unknown READY_VIRTIO_STORAGE_UNKNOWN']],
    ['Linux brings its drivers', { ...inspected({ hasVirtioStorage: null, os: { ...inspection.os, family: 'linux' } }), os: { ...ready.os, family: 'linux' } }, []],
    ['no disk', { disks: [], inspection: null }, ['system-disk blocking READY_NO_SYSTEM_DISK']],
    ['not inspected yet', { inspection: null }, ['disk-inspected unknown READY_NOT_INSPECTED']],
    ['unreadable', { inspection: null, inspectionError: say('READY_FORMAT_ENCRYPTED') }, ['disk-readable blocking READY_FORMAT_ENCRYPTED']],
    ['a further disk', { disks: [disk, { ...disk, key: 'vdb', isSystem: false }] }, ['further-disk:vdb info READY_FURTHER_DISK']],
    ['a bare disk with unknown attributes', { definition: 'bare-disk', bootMode: 'uefi' }, ['bare-disk info READY_BARE_DISK']],
    ['OS not known', { os: { ...ready.os, family: 'unknown' } }, ['os unknown READY_OS_UNKNOWN']],
    ['the backup GPT is missing', inspected({ problems: [say('INSPECT_GPT_BACKUP_MISSING')] }), ['disk:INSPECT_GPT_BACKUP_MISSING warning INSPECT_GPT_BACKUP_MISSING']],
    ['two file systems larger than their partitions', inspected({ problems: [say('INSPECT_FILE_SYSTEM_TOO_LARGE'), say('INSPECT_FILE_SYSTEM_TOO_LARGE')] }),
      ['disk:INSPECT_FILE_SYSTEM_TOO_LARGE error INSPECT_FILE_SYSTEM_TOO_LARGE', 'disk:INSPECT_FILE_SYSTEM_TOO_LARGE:2 error INSPECT_FILE_SYSTEM_TOO_LARGE']],
  ])('%s', (_sentence, change, expected) => {
    expect(findingsOf(change)).toEqual(expected);
  });

  it('offers the change where the definition can be written, and a written step where it cannot', () => {
    const change = { bootMode: 'bios', videoModel: 'cirrus' } as const;
    expect(judgeSourceVm({ ...ready, ...change }).map((finding) => finding.fix)).toEqual([
      expect.objectContaining({ kind: 'edit-vm', change: { bootMode: 'uefi' } }), expect.objectContaining({ kind: 'edit-vm', change: { videoModel: 'virtio' } }),
    ]);
    expect(judgeSourceVm({ ...ready, ...change, canEditHardware: false }).map((finding) => finding.fix?.kind)).toEqual(['written-step', 'written-step']);
  });

  it('puts the worst first', () => {
    expect(judgeSourceVm({ ...ready, videoModel: 'qxl', powerState: 'running', definition: 'bare-disk' }).map((finding) => finding.severity)).toEqual(['blocking', 'error', 'info']);
  });
});
