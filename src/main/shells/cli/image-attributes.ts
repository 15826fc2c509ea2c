/** `boot-mode=uefi os-distro=ubuntu24.04 admin-user=` → a change of an image's attributes; an empty value removes. */
import { imageAttributeChange } from '../../../shared/model/workflow-request.ts';
import type { WorkflowRequest } from '../../../shared/model/workflow-request.ts';
import { parseChoice, parsePairs } from './arguments.ts';
import { UsageError } from './context.ts';

type Change = Extract<WorkflowRequest, { type: 'image.patch' }>['change'];

const bootModes = ['bios', 'uefi'] as const;
const osTypes = ['linux', 'windows'] as const;

export function readAttributes(words: readonly string[]): Change {
  const change: Change = {};
  for (const [key, value] of parsePairs(words)) {
    const text = value === '' ? null : value;
    if (key === 'boot-mode') change.bootMode = text === null ? null : parseChoice(text, bootModes, key);
    else if (key === 'video') change.videoModel = text;
    else if (key === 'os-type') change.osType = text === null ? null : parseChoice(text, osTypes, key);
    else if (key === 'os-distro') change.osDistro = text;
    else if (key === 'admin-user') change.adminUser = text;
    else throw new UsageError('CLI_BAD_CHOICE', { option: 'KEY', text: key, choices: 'boot-mode, video, os-type, os-distro, admin-user' });
  }
  return imageAttributeChange.parse(change);
}
