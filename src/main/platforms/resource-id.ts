/**
 * Stable ids for things that a platform owns: derived from the platform's id here and the platform's own name for the thing, so that
 * they stay the same over re-syncs and after the cache was thrown away.
 */
import { createHash } from 'node:crypto';
import type { ExternalId, ImageId, ImagePoolId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';

/** 100 bits in lower-case letters and digits: short enough to type, far too long to meet by chance. */
function derive(prefix: string, platform: PlatformId, externalId: ExternalId): string {
  const digest = createHash('sha256').update(platform).update('\0').update(externalId).digest('hex');
  return `${prefix}-${BigInt(`0x${digest.slice(0, 25)}`).toString(36).padStart(20, '0')}`;
}

export const sourceVmIdOf = (platform: PlatformId, externalId: ExternalId): SourceVmId => derive('vm', platform, externalId) as SourceVmId;

export const imageIdOf = (platform: PlatformId, externalId: ExternalId): ImageId => derive('img', platform, externalId) as ImageId;

export const imagePoolIdOf = (platform: PlatformId, externalId: ExternalId): ImagePoolId => derive('pool', platform, externalId) as ImagePoolId;
