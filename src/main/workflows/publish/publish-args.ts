/** What the stored plan of a publication says, and what its steps hand on. Parsed when read back: a plan may be weeks old. */
import { z } from 'zod';
import { configure, fileType, vhdVariant } from '../../../shared/model/desktop-image.ts';
import { diskIdentity } from '../../../shared/model/disk.ts';
import { architecture } from '../../../shared/model/flavor.ts';
import { desktopImageId, desktopImageVersionId, imagePoolId, platformId, sourceVmId } from '../../../shared/model/ids.ts';
import { bootMode, osIdentity } from '../../../shared/model/os.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { JsonObject, StepContext } from '../engine/definition.ts';
import { platformImage, platformIntent } from '../platform-work.ts';

export const publishArgs = z.object({
  mode: z.enum(['clone', 'convert']),
  source: z.object({
    vmId: sourceVmId,
    vmName: z.string(),
    platformId,
    platformName: z.string(),
    externalId: z.string(),
    vmFingerprint: z.string(),
    diskKey: z.string(),
    /** `staged`: its disk can be read only after the platform has made a copy; disk facts are then found out by the run. */
    access: z.enum(['direct', 'staged']).default('direct'),
    /** The run shuts it down first; what it is then is found out by the run. */
    isStopped: z.boolean().default(false),
    /** What the person said the operating system is. */
    osSaid: z.enum(['windows', 'linux', 'other']).nullable().default(null),
    diskFingerprint: z.string(),
    virtualBytes: z.number(),
    os: osIdentity,
    bootMode,
    videoModel: z.string().nullable(),
  }),
  target: z.object({
    poolId: imagePoolId,
    poolName: z.string(),
    poolPath: z.string(),
    /** A store of a platform; `poolPath` is then where the working file lies. */
    store: z.object({ platformId, externalId: z.string(), way: z.enum(['copy', 'upload']) }).nullable().default(null),
    /** Null = the run makes a new desktop image. */
    desktopImageId: desktopImageId.nullable(),
    name: z.string(),
    number: z.number().int(),
    fileName: z.string(),
    fileType,
    vhdVariant: vhdVariant.nullable(),
    architecture,
    configure: configure.nullable(),
    flavorName: z.string().nullable(),
    atLeastBytes: z.number(),
    atMostBytes: z.number(),
  }),
  snapshotName: z.string().nullable(),
  /** `error` and `warning` findings of the plan, by `seenKey`: the person has read them. */
  seenFindings: z.array(z.string()).default([]),
});
export type PublishArgs = z.infer<typeof publishArgs>;

export const argsOf = (ctx: StepContext): PublishArgs => publishArgs.parse(ctx.args);

/** The same finding with a worse severity is another one. */
export const seenKey = ({ id, severity }: Pick<Finding, 'id' | 'severity'>): string => `${severity}:${id}`;

export const stagedOutput = z.object({ image: platformImage, intent: platformIntent, vmFingerprint: z.string() });
export const examinedOutput = z.object({
  fingerprint: z.string(), virtualBytes: z.number(), os: osIdentity, bootMode, atLeastBytes: z.number(), atMostBytes: z.number(),
});
export const uploadedOutput = z.object({ image: platformImage, intent: platformIntent });
export const copiedOutput = uploadedOutput.extend({ vmFingerprint: z.string() });
export const storedOutput = z.object({ verifiedAt: z.number(), fastIdentity: diskIdentity, isReadBack: z.boolean() });
export const convertOutput = z.object({ virtualBytes: z.number(), targetBytes: z.number(), fastIdentity: diskIdentity, sourceFingerprint: z.string() });
export const verifyOutput = z.object({ verifiedAt: z.number() });
export const registerOutput = z.object({ desktopImageId, versionId: desktopImageVersionId, path: z.string() });
export const contentOutput = z.object({ contentIdentity: diskIdentity });

/** The output of an earlier step; its absence is a broken plan, not a person's mistake. */
export function outputOf<T>(ctx: StepContext, step: string, schema: z.ZodType<T>): T {
  return schema.parse(ctx.outputs[step]);
}

/** Values that schemas vouch for, as the engine stores them. */
export function toJson(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
