/**
 * Virtual graphics card. Seed (image-management 1.2): "The virtual graphics card attribute of the image must be set to
 * virtio. Using the original cirrus is strictly forbidden to ensure optimal graphics performance and compatibility."
 */
import { say } from '../model/message.ts';
import type { Finding, Fix } from '../model/finding.ts';

export interface VideoCardFacts {
  videoModel: string | null;
  canEditHardware: boolean;
}

const source = say('READY_SOURCE_DEFINITION');

/** Cards that hypervisors have, besides virtio and cirrus. Another word is shown as it is and judged unknown. */
const otherCards = new Set(['vga', 'std', 'vmvga', 'vmware', 'xen', 'qxl', 'gop', 'none', 'bochs', 'ramfb', 'parallels', 'hyperv', 'nvidia']);

/** virtio is right, cirrus is forbidden, another card is wrong, and nothing (or a word that is not known) is unknown. */
export function videoCardLevel(videoModel: string | null): 'ready' | 'forbidden' | 'other' | 'unknown' {
  const model = videoModel?.trim().toLowerCase() ?? '';
  if (model === 'virtio') return 'ready';
  if (model === 'cirrus') return 'forbidden';
  return otherCards.has(model) ? 'other' : 'unknown';
}

export function judgeVideoCard({ videoModel, canEditHardware }: VideoCardFacts): Finding[] {
  const level = videoCardLevel(videoModel);
  if (level === 'ready') return [];
  const fix: Fix = canEditHardware
    ? { kind: 'edit-vm', label: say('READY_FIX_SET_VIDEO'), change: { videoModel: 'virtio' } }
    : { kind: 'written-step', label: say('READY_FIX_SET_VIDEO_BY_HAND') };
  const model = videoModel?.trim() ?? '';
  if (level === 'forbidden') return [{ id: 'video-card', severity: 'blocking', reason: say('READY_VIDEO_CIRRUS'), source, fix }];
  if (level === 'other') return [{ id: 'video-card', severity: 'error', reason: say('READY_VIDEO_OTHER', { model }), source, fix }];
  return [{ id: 'video-card', severity: 'unknown', reason: model === '' ? say('READY_VIDEO_UNKNOWN') : say('READY_VIDEO_WORD', { word: model }), source, fix }];
}
