/** Seeds: image-management.txt 1 to 3. */
import { describe, expect, it } from 'vitest';
import { diskInspection, type DiskInspection } from '../../../src/shared/model/disk.ts';
import { judge, type Finding } from '../../../src/shared/model/finding.ts';
import { say } from '../../../src/shared/model/message.ts';
import { unknownOs } from '../../../src/shared/model/os.ts';
import { judgeFileType, judgeImage, judgePresence, type ImageFacts } from '../../../src/shared/rules/image-readiness.ts';

const inspection: DiskInspection = diskInspection.parse({
  layers: [{ path: '/lib/u.qcow2', format: 'qcow2', variant: 'v3', virtualBytes: 1, actualBytes: 1, fileBytes: 1, clusterBytes: 65536, compression: null }],
  virtualBytes: 1, internalSnapshots: [], partitionTable: 'gpt', partitions: [],
  boot: { bios: false, uefi: true, only: 'uefi', loaders: ['/EFI/BOOT/BOOTX64.EFI'], hasFallbackLoader: true, evidence: [] },
  os: { family: 'linux', distro: 'ubuntu', name: 'Ubuntu 24.04', version: '24.04', architecture: 'x86_64' },
  osEvidence: [], encryption: 'none', hasVirtioStorage: null, preparation: [], problems: [], bytesRead: 1, durationMs: 1,
});
const ready: ImageFacts = {
  form: 'image', bootMode: 'uefi', bootModeWord: null, videoModel: 'virtio', supportedBootModes: null, os: { ...inspection.os, source: 'inspection' }, inspection,
  inspectionError: null, isReadable: true, attributes: { osType: null, osDistro: null, loginUser: 'vdi', passwordSetAt: 1 }, status: null, patching: 'direct',
};
const boot = (change: Partial<DiskInspection['boot']>): DiskInspection => ({ ...inspection, boot: { ...inspection.boot, ...change } });
const attributes = (change: Partial<ImageFacts['attributes']>): Partial<ImageFacts> => ({ attributes: { ...ready.attributes, ...change } });
const brief = ({ id, severity, reason, fix }: Finding): string => `${id} ${severity} ${reason.code} ${fix?.kind ?? 'no fix'}`;
const judged = (change: Partial<ImageFacts>): string[] => judgeImage({ ...ready, ...change }).map(brief);

describe('an image', () => {
  it('that is as it should be has no finding, and is ready', () => {
    expect(judged({})).toEqual([]);
    expect(judge(judgeImage(ready))).toBe('ready');
  });

  const match = '“The boot mode must match …, otherwise it will not boot normally”';
  const legacy = '“If the underlying cloud platform does not support UEFI, specific images created in Legacy mode must be used”';
  const indirect = '“On platforms like ZSphere …, you must first create a VM from the image, modify its Boot Mode …, and then save that VM as an image”';
  const virtio = '“must be set to virtio”';
  const cirrus = '“Using the original cirrus is strictly forbidden”';
  const word = 'an unknown enum value is shown as it is and judged unknown';
  it.each<[string, Partial<ImageFacts>, string[]]>([
    [match, { bootMode: 'bios' }, ['boot-mode blocking READY_IMAGE_BOOT_MODE_MISMATCH patch-image']],
    [match, { bootMode: 'bios', patching: 'by-hand' }, ['boot-mode blocking READY_IMAGE_BOOT_MODE_MISMATCH written-step']],
    [indirect, { bootMode: 'bios', patching: 'indirect' }, ['boot-mode blocking READY_IMAGE_BOOT_MODE_MISMATCH written-step']],
    ['boots both ways', { bootMode: 'bios', inspection: boot({ bios: true, only: 'unknown' }) }, []],
    ['boots in no way that is known', { inspection: boot({ uefi: false, only: 'unknown' }) }, ['boot-mode error READY_DISK_DOES_NOT_BOOT written-step']],
    ['says nothing and its disk needs UEFI, which is no platform’s default', { bootMode: 'unknown' }, ['boot-mode error READY_IMAGE_BOOT_MODE_FROM_DISK patch-image']],
    ['says nothing and its disk needs BIOS', { bootMode: 'unknown', inspection: boot({ bios: true, uefi: false, only: 'bios' }) }, ['boot-mode warning READY_IMAGE_BOOT_MODE_FROM_DISK patch-image']],
    ['nobody says', { bootMode: 'unknown', inspection: null, isReadable: false }, ['boot-mode unknown READY_IMAGE_BOOT_MODE_UNKNOWN written-step']],
    [word, { bootMode: 'unknown', bootModeWord: 'openfirmware' }, ['boot-mode unknown READY_IMAGE_BOOT_MODE_WORD patch-image']],
    [word, { bootMode: 'unknown', bootModeWord: 'openfirmware', inspection: null, isReadable: false }, ['boot-mode unknown READY_IMAGE_BOOT_MODE_WORD written-step']],
    [legacy, { supportedBootModes: ['bios'] }, ['boot-mode-support blocking READY_BOOT_MODE_UNSUPPORTED written-step']],
    ['supported', { supportedBootModes: ['bios', 'uefi'] }, []],
    ['an image carries no NVRAM', { inspection: boot({ hasFallbackLoader: false }) }, ['fallback-loader warning READY_NO_FALLBACK_LOADER written-step']],
    [cirrus, { videoModel: 'cirrus' }, ['video-card blocking READY_VIDEO_CIRRUS patch-image']],
    [cirrus, { videoModel: ' CIRRUS', patching: 'indirect' }, ['video-card blocking READY_VIDEO_CIRRUS written-step']],
    [virtio, { videoModel: 'qxl' }, ['video-card error READY_VIDEO_OTHER patch-image']],
    [virtio, { videoModel: null }, ['video-card unknown READY_VIDEO_UNKNOWN patch-image']],
    [word, { videoModel: 'holodeck' }, ['video-card unknown READY_VIDEO_WORD patch-image']],
    [word, { status: 'pending_upload' }, ['status unknown READY_IMAGE_STATUS written-step']],
    ['not looked into yet', { inspection: null }, ['disk-inspected unknown READY_NOT_INSPECTED written-step']],
    ['its platform gives no bytes: no fault of the image', { inspection: null, isReadable: false }, []],
    ['cannot be read', { inspection: null, inspectionError: say('INSPECTION_FAILED') }, ['disk-readable blocking INSPECTION_FAILED no fix']],
    ['encrypted', { inspection: { ...inspection, encryption: 'luks' } }, ['encryption blocking READY_LUKS written-step']],
    ['OS attributes set', { os: unknownOs }, ['os unknown READY_IMAGE_OS_UNKNOWN edit-attributes']],
    ['a distro outside libosinfo’s ids is accepted with a warning', attributes({ osDistro: 'tux9' }), ['os-distro warning DISTRO_NOT_LISTED edit-attributes']],
    ['the person and the disk disagree', { ...attributes({ osType: 'windows' }), os: { ...unknownOs, family: 'windows', source: 'person' } }, ['os-conflict warning READY_OS_CONFLICT edit-attributes']],
    ['no credentials: told, because AD desktops need none', attributes({ loginUser: null, passwordSetAt: null }), ['credentials info READY_NO_CREDENTIALS edit-attributes']],
    ['a user without a password', attributes({ passwordSetAt: null }), ['credentials warning READY_NO_PASSWORD edit-attributes']],
    ['a password without a user', attributes({ loginUser: '' }), ['credentials warning READY_NO_USER edit-attributes']],
  ])('%s', (_sentence, change, expected) => {
    expect(judged(change)).toEqual(expected);
  });

  it('“all the above definitions … will also apply to … template resources”', () => {
    const broken: Partial<ImageFacts> = { bootMode: 'bios', videoModel: 'cirrus', ...attributes({ passwordSetAt: null }) };
    expect(judged({ ...broken, form: 'template' })).toEqual(judged(broken));
    expect(judged(broken)).toHaveLength(3);
  });

  it('offers exactly the property to write', () => {
    expect(judgeImage({ ...ready, bootMode: 'bios', videoModel: 'vga' }).map(({ fix }) => (fix?.kind === 'patch-image' ? fix.change : null)))
      .toEqual([{ bootMode: 'uefi' }, { videoModel: 'virtio' }]);
  });

  it('names what uses it, and how old what we know is', () => {
    expect(judgePresence({ missingSince: 5, lastOkAt: 9, dependants: ['desk-1', 'desk-2'] }).map(brief)).toEqual(['stale info READY_IMAGE_MISSING written-step', 'in-use info READY_IMAGE_IN_USE no fix']);
    expect(judgePresence({ missingSince: null, lastOkAt: null, dependants: [] }).map(brief)).toEqual(['stale info READY_IMAGE_NEVER_COMPLETE written-step']);
    expect(judgePresence({ missingSince: null, lastOkAt: 9, dependants: [] })).toEqual([]);
  });
});

describe('the file type of a version', () => {
  it.each([
    ['“If the desktop image is used for TCI, Select QCOW2”', 'tci', 'windows', 'vhd', 1],
    ['“If the operating system of the desktop image is Windows, select VHD”', 'voi', 'windows', 'qcow2', 1],
    ['“If the operating system of the desktop image is Linux, select QCOW2”', 'voi', 'linux', 'vhd', 1],
    ['“… Linux, select QCOW2”', 'voi', 'linux', 'qcow2', 0],
    ['VDI is not restricted', 'vdi', 'windows', 'qcow2', 0],
  ] as const)('%s', (_sentence, architecture, family, fileType, count) => {
    expect(judgeFileType(architecture, family, { fileType })).toHaveLength(count);
  });
});
