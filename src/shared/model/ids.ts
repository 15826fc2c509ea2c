/**
 * Identities, as branded strings: a run id cannot be passed where a platform id is meant.
 * Ids of things that a platform owns are derived from (platform, the platform's own id) and stay the same over re-syncs.
 */
import { z } from 'zod';

const id = z.string().min(1).max(128);

export const platformId = id.brand<'PlatformId'>();
export const sourceVmId = id.brand<'SourceVmId'>();
export const imageId = id.brand<'ImageId'>();
export const imagePoolId = id.brand<'ImagePoolId'>();
export const flavorId = id.brand<'FlavorId'>();
export const desktopImageId = id.brand<'DesktopImageId'>();
export const desktopImageVersionId = id.brand<'DesktopImageVersionId'>();
export const runId = id.brand<'RunId'>();
export const planId = id.brand<'PlanId'>();
export const fileGrantId = id.brand<'FileGrantId'>();

export type PlatformId = z.infer<typeof platformId>;
export type SourceVmId = z.infer<typeof sourceVmId>;
export type ImageId = z.infer<typeof imageId>;
export type ImagePoolId = z.infer<typeof imagePoolId>;
export type FlavorId = z.infer<typeof flavorId>;
export type DesktopImageId = z.infer<typeof desktopImageId>;
export type DesktopImageVersionId = z.infer<typeof desktopImageVersionId>;
export type RunId = z.infer<typeof runId>;
export type PlanId = z.infer<typeof planId>;
export type FileGrantId = z.infer<typeof fileGrantId>;

/** What the platform itself calls the thing (a UUID, a path inside a library); unique only within its platform. */
export type ExternalId = string;
