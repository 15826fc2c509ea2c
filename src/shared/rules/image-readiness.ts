/**
 * Judges one VDI image (or template): would a desktop made from it boot, be drawn and log in? Seed (image-management 1): "the physical
 * attributes of an image directly determine whether a cloud desktop virtual machine can boot and run normally." Facts in, findings
 * out, worst first. What only the moment knows (missing, in use) is judged apart, so that the stored verdict stays true.
 */
import type { BusinessAttributes } from '../model/business-attributes.ts';
import type { DesktopImageVersion } from '../model/desktop-image.ts';
import type { DiskInspection } from '../model/disk.ts';
import { worstFirst, type Finding, type Fix, type ImageFix } from '../model/finding.ts';
import type { Architecture } from '../model/flavor.ts';
import { say, type Message } from '../model/message.ts';
import type { BootMode, OsFamily, OsIdentity } from '../model/os.ts';
import type { PlatformKind } from '../model/platform.ts';
import { fileTypeProblem } from './file-type.ts';
import { distroProblem } from './os-distro.ts';
import { videoCardLevel } from './video-card.ts';

/** How the boot mode and the video card of an image can be changed on its platform. `indirect`: a VM from it, changed, saved as an image. */
export type ImagePatching = 'direct' | 'indirect' | 'by-hand';

export interface ImageFacts {
  form: 'image' | 'template';
  /** As the platform says it; `unknown` where it says nothing, or a word that is not known. */
  bootMode: BootMode;
  /** The word itself, where it is neither BIOS nor UEFI. */
  bootModeWord: string | null;
  videoModel: string | null;
  /** What desktops on this platform can boot with; null where that is not known. */
  supportedBootModes: readonly ('bios' | 'uefi')[] | null;
  os: OsIdentity;
  inspection: DiskInspection | null;
  inspectionError: Message | null;
  /** The platform lets its images be read; else no inspection is to be expected. */
  isReadable: boolean;
  attributes: Pick<BusinessAttributes, 'osType' | 'osDistro' | 'loginUser' | 'passwordSetAt'>;
  /** The platform's word for its state, where it is not one that can be used (`queued`, `deactivated`); null = usable. */
  status: string | null;
  patching: ImagePatching;
}

/** Seed: "On platforms like ZSphere that do not provide an interface to directly modify the image's boot mode". */
export function patchingOf(kind: PlatformKind, canPatch: boolean): ImagePatching {
  if (canPatch) return 'direct';
  return kind === 'zsphere' ? 'indirect' : 'by-hand';
}

/** Words of platforms for an image that can be used. */
const usable = new Set(['active', 'available', 'enabled', 'ready', 'normal', 'ok']);

/** Null where the platform says nothing, or that the image can be used. */
export function unusualStatus(status: string | null): string | null {
  return status === null || usable.has(status.trim().toLowerCase()) ? null : status;
}

const imageSource = say('READY_SOURCE_IMAGE');
const diskSource = say('READY_SOURCE_DISK');
const bootSource = say('READY_SOURCE_IMAGE_BOOT');
const attributeSource = say('READY_SOURCE_ATTRIBUTES');
const label = (mode: 'bios' | 'uefi'): string => (mode === 'bios' ? 'BIOS' : 'UEFI');
const byHand = (step: Message): Fix => ({ kind: 'written-step', label: step });

/** All findings over an image. Ids are stable: `rule`, or `rule:detail`. */
export function judgeImage(facts: ImageFacts): Finding[] {
  return worstFirst([...judgeStatus(facts), ...judgeDisk(facts), ...judgeBoot(facts), ...judgeVideo(facts), ...judgeOs(facts), ...judgeCredentials(facts)]);
}

const encryptionReasons = { bitlocker: 'READY_BITLOCKER', luks: 'READY_LUKS', format: 'READY_FORMAT_ENCRYPTED' } as const;

function judgeStatus({ status }: ImageFacts): Finding[] {
  if (status === null) return [];
  return [{ id: 'status', severity: 'unknown', reason: say('READY_IMAGE_STATUS', { status }), source: imageSource, fix: byHand(say('READY_FIX_IMAGE_STATUS')) }];
}

function judgeDisk({ inspection, inspectionError, isReadable }: ImageFacts): Finding[] {
  if (inspectionError !== null) return [{ id: 'disk-readable', severity: 'blocking', reason: inspectionError, source: diskSource, fix: null }];
  if (inspection === null) {
    // A platform that does not give its images' bytes is no fault of the image.
    return isReadable ? [{ id: 'disk-inspected', severity: 'unknown', reason: say('READY_NOT_INSPECTED'), source: diskSource, fix: byHand(say('READY_FIX_CHECK_IMAGE')) }] : [];
  }
  const findings: Finding[] = [];
  if (inspection.encryption !== 'none') {
    findings.push({ id: 'encryption', severity: 'blocking', reason: say(encryptionReasons[inspection.encryption]), source: diskSource, fix: byHand(say('READY_FIX_DECRYPT')) });
  }
  if (inspection.os.family === 'windows' && inspection.hasVirtioStorage === false) {
    findings.push({ id: 'virtio-storage', severity: 'error', reason: say('READY_NO_VIRTIO_STORAGE'), source: diskSource, fix: byHand(say('READY_FIX_VIRTIO_STORAGE')) });
  }
  inspection.problems.forEach((problem, index) => {
    findings.push({ id: `disk:${problem.code}:${index + 1}`, severity: 'warning', reason: problem, source: diskSource, fix: null });
  });
  return findings;
}

function change(patching: ImagePatching, change: ImageFix, wanted: Message, written: Message): Fix {
  switch (patching) {
    case 'direct':
      return { kind: 'patch-image', label: wanted, change };
    case 'indirect':
      return byHand(say('READY_FIX_INDIRECT'));
    case 'by-hand':
      return byHand(written);
  }
}

/** Seed: "The boot mode must match that of the created cloud desktop (virtual machine), otherwise it will not boot normally." */
function judgeBoot({ bootMode, bootModeWord, supportedBootModes, inspection, patching }: ImageFacts): Finding[] {
  const boot = inspection?.boot ?? null;
  const only = boot === null || boot.only === 'unknown' ? null : boot.only;
  const to = (mode: 'bios' | 'uefi'): Fix =>
    change(patching, { bootMode: mode }, say('READY_FIX_IMAGE_BOOT_MODE', { mode: label(mode) }), say('READY_FIX_IMAGE_BOOT_MODE_BY_HAND', { mode: label(mode) }));
  if (bootModeWord !== null) {
    return [{
      id: 'boot-mode', severity: 'unknown', reason: say('READY_IMAGE_BOOT_MODE_WORD', { word: bootModeWord }), source: imageSource,
      fix: only === null ? byHand(say('READY_FIX_SAY_IMAGE_BOOT_MODE')) : to(only),
    }];
  }
  if (bootMode === 'unknown') {
    if (only === null) return [{ id: 'boot-mode', severity: 'unknown', reason: say('READY_IMAGE_BOOT_MODE_UNKNOWN'), source: bootSource, fix: byHand(say('READY_FIX_SAY_IMAGE_BOOT_MODE')) }];
    // A platform starts what says nothing with BIOS: an error where the disk cannot.
    const severity = only === 'uefi' ? 'error' : 'warning';
    return [{ id: 'boot-mode', severity, reason: say('READY_IMAGE_BOOT_MODE_FROM_DISK', { mode: label(only) }), source: bootSource, fix: to(only) }];
  }
  const findings: Finding[] = [];
  if (boot !== null && !boot[bootMode]) {
    findings.push(only === null
      ? { id: 'boot-mode', severity: 'error', reason: say('READY_DISK_DOES_NOT_BOOT', { mode: label(bootMode) }), source: bootSource, fix: byHand(say('READY_FIX_CHECK_BOOT_LOADER')) }
      : { id: 'boot-mode', severity: 'blocking', reason: say('READY_IMAGE_BOOT_MODE_MISMATCH', { mode: label(bootMode), diskMode: label(only) }), source: bootSource, fix: to(only) });
  }
  // "If the underlying cloud platform does not support UEFI, specific images created in Legacy mode must be used."
  if (supportedBootModes !== null && !supportedBootModes.includes(bootMode)) {
    findings.push({ id: 'boot-mode-support', severity: 'blocking', reason: say('READY_BOOT_MODE_UNSUPPORTED', { mode: label(bootMode) }), source: imageSource, fix: byHand(say('READY_FIX_OTHER_IMAGE')) });
  }
  if (boot !== null && bootMode === 'uefi' && boot.uefi && !boot.hasFallbackLoader) {
    findings.push({ id: 'fallback-loader', severity: 'warning', reason: say('READY_NO_FALLBACK_LOADER', { loader: boot.loaders[0] ?? '—' }), source: bootSource, fix: byHand(say('READY_FIX_FALLBACK_LOADER')) });
  }
  return findings;
}

/** Seed: "must be set to virtio. Using the original cirrus is strictly forbidden". */
function judgeVideo({ videoModel, patching }: ImageFacts): Finding[] {
  const level = videoCardLevel(videoModel);
  if (level === 'ready') return [];
  const fix = change(patching, { videoModel: 'virtio' }, say('READY_FIX_SET_VIDEO'), say('READY_FIX_IMAGE_VIDEO_BY_HAND'));
  const model = videoModel?.trim() ?? '';
  if (level === 'forbidden') return [{ id: 'video-card', severity: 'blocking', reason: say('READY_VIDEO_CIRRUS'), source: imageSource, fix }];
  if (level === 'other') return [{ id: 'video-card', severity: 'error', reason: say('READY_VIDEO_OTHER', { model }), source: imageSource, fix }];
  return [{ id: 'video-card', severity: 'unknown', reason: model === '' ? say('READY_VIDEO_UNKNOWN') : say('READY_VIDEO_WORD', { word: model }), source: imageSource, fix }];
}

function judgeOs({ os, attributes, inspection }: ImageFacts): Finding[] {
  const fix: Fix = { kind: 'edit-attributes', label: say('READY_FIX_EDIT_OS'), field: 'os' };
  if (os.family === 'unknown') {
    return [{ id: 'os', severity: 'unknown', reason: say('READY_IMAGE_OS_UNKNOWN'), source: attributeSource, fix }];
  }
  const findings: Finding[] = [];
  const problem = distroProblem(attributes.osDistro, os.family);
  if (problem !== null) findings.push({ id: 'os-distro', severity: 'warning', reason: problem, source: attributeSource, fix });
  const found = inspection?.os.family ?? 'unknown';
  if (attributes.osType !== null && found !== 'unknown' && found !== attributes.osType) {
    findings.push({ id: 'os-conflict', severity: 'warning', reason: say('READY_OS_CONFLICT', { said: attributes.osType, found: inspection?.os.name ?? found }), source: diskSource, fix });
  }
  return findings;
}

/** Nothing set is told, half set is warned of: a desktop with AD login needs none. */
function judgeCredentials({ attributes: { loginUser, passwordSetAt } }: ImageFacts): Finding[] {
  const hasUser = loginUser !== null && loginUser !== '';
  const hasPassword = passwordSetAt !== null;
  if (hasUser && hasPassword) return [];
  const fix: Fix = { kind: 'edit-attributes', label: say('READY_FIX_EDIT_CREDENTIALS'), field: 'credentials' };
  if (!hasUser && !hasPassword) return [{ id: 'credentials', severity: 'info', reason: say('READY_NO_CREDENTIALS'), source: attributeSource, fix }];
  return [{ id: 'credentials', severity: 'warning', reason: say(hasUser ? 'READY_NO_PASSWORD' : 'READY_NO_USER'), source: attributeSource, fix }];
}

/** What only the moment knows. `dependants`: names of what was made from the image or reads it. */
export function judgePresence({ missingSince, lastOkAt, dependants }: { missingSince: number | null; lastOkAt: number | null; dependants: readonly string[] }): Finding[] {
  const findings: Finding[] = [];
  if (missingSince !== null) findings.push({ id: 'stale', severity: 'info', reason: say('READY_IMAGE_MISSING', { missingAt: missingSince }), source: say('READY_SOURCE_LISTING'), fix: byHand(say('READY_FIX_SYNC')) });
  else if (lastOkAt === null) findings.push({ id: 'stale', severity: 'info', reason: say('READY_IMAGE_NEVER_COMPLETE'), source: say('READY_SOURCE_LISTING'), fix: byHand(say('READY_FIX_SYNC')) });
  if (dependants.length > 0) findings.push({ id: 'in-use', severity: 'info', reason: say('READY_IMAGE_IN_USE', { names: dependants.join(', ') }), source: imageSource, fix: null });
  return findings;
}

/** Seed (image-publishing): the file type by architecture and operating system, judged over a published version. */
export function judgeFileType(architecture: Architecture, osFamily: OsFamily, version: Pick<DesktopImageVersion, 'fileType'>): Finding[] {
  const problem = fileTypeProblem(architecture, osFamily, version.fileType);
  return problem === null ? [] : [{ id: 'file-type', severity: 'error', reason: problem, source: say('READY_SOURCE_FILE_TYPE'), fix: byHand(say('READY_FIX_FILE_TYPE')) }];
}
