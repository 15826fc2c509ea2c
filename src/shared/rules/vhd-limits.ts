/** What the VHD format can hold. */
import { say } from '../model/message.ts';
import type { Finding } from '../model/finding.ts';

/** The format's documented limit; larger disks are refused by everything that reads VHD. */
export const maxVhdBytes = 2040 * 1024 ** 3;
const sectorBytes = 512;

/** @param virtualBytes the size of the disk as its guest sees it. */
export function judgeVhdLimits(virtualBytes: number): Finding[] {
  const source = say('PUBLISH_SOURCE_FILE_TYPE');
  if (virtualBytes > maxVhdBytes) {
    return [{ id: 'vhd-size', severity: 'blocking', reason: say('VHD_TOO_LARGE', { virtualBytes, maxBytes: maxVhdBytes }), source, fix: { kind: 'written-step', label: say('VHD_FIX_QCOW2') } }];
  }
  if (virtualBytes % sectorBytes !== 0) {
    return [{ id: 'vhd-rounding', severity: 'warning', reason: say('VHD_ROUNDED', { size: virtualBytes, rounded: Math.ceil(virtualBytes / sectorBytes) * sectorBytes }), source, fix: null }];
  }
  return [];
}
