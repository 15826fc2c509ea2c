/**
 * File type of a desktop image. Seed (image-publishing): "If the desktop image is used for TCI, Select QCOW2. If the desktop
 * image is used for VOI, select the file type as follows: If the operating system of the desktop image is Linux, select QCOW2.
 * If the operating system of the desktop image is Windows, select VHD." VDI and IDV are not restricted.
 */
import { say, type Message } from '../model/message.ts';
import type { FileType } from '../model/desktop-image.ts';
import type { Architecture } from '../model/flavor.ts';
import type { OsFamily } from '../model/os.ts';

export interface FileTypeChoice {
  allowed: readonly FileType[];
  /** Null until the operating system has been said. */
  preselected: FileType | null;
  /** The rule leaves no choice; the field is shown but cannot be changed. */
  isFixed: boolean;
  /** Shown beside the field. */
  reason: Message;
}

const fixed = (fileType: FileType, reason: Message): FileTypeChoice => ({ allowed: [fileType], preselected: fileType, isFixed: true, reason });
const free = (reason: Message): FileTypeChoice => ({ allowed: ['qcow2', 'vhd'], preselected: 'qcow2', isFixed: false, reason });

export function fileTypeChoice(architecture: Architecture, osFamily: OsFamily): FileTypeChoice {
  switch (architecture) {
    case 'tci':
      return fixed('qcow2', say('FILE_TYPE_TCI'));
    case 'voi':
      switch (osFamily) {
        case 'linux':
          return fixed('qcow2', say('FILE_TYPE_VOI_LINUX'));
        case 'windows':
          return fixed('vhd', say('FILE_TYPE_VOI_WINDOWS'));
        case 'other':
          return free(say('FILE_TYPE_VOI_OTHER'));
        case 'unknown':
          return { allowed: [], preselected: null, isFixed: false, reason: say('FILE_TYPE_OS_NEEDED') };
      }
      break;
    case 'vdi':
    case 'idv':
      return free(say('FILE_TYPE_FREE'));
  }
}

/** Null when the choice is allowed, else why not. */
export function fileTypeProblem(architecture: Architecture, osFamily: OsFamily, fileType: FileType): Message | null {
  const choice = fileTypeChoice(architecture, osFamily);
  return choice.allowed.includes(fileType) ? null : choice.reason;
}
