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

/** virtio is right, cirrus blocks, anything else is an error, and what nobody says is unknown. */
export function judgeVideoCard({ videoModel, canEditHardware }: VideoCardFacts): Finding[] {
  const model = videoModel?.trim().toLowerCase() ?? '';
  if (model === 'virtio') return [];
  const fix: Fix = canEditHardware
    ? { kind: 'edit-vm', label: say('READY_FIX_SET_VIDEO'), change: { videoModel: 'virtio' } }
    : { kind: 'written-step', label: say('READY_FIX_SET_VIDEO_BY_HAND') };
  if (model === '') return [{ id: 'video-card', severity: 'unknown', reason: say('READY_VIDEO_UNKNOWN'), source, fix }];
  if (model === 'cirrus') return [{ id: 'video-card', severity: 'blocking', reason: say('READY_VIDEO_CIRRUS'), source, fix }];
  return [{ id: 'video-card', severity: 'error', reason: say('READY_VIDEO_OTHER', { model }), source, fix }];
}
