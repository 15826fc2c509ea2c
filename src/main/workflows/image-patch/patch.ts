/** Changes attributes of an image on its platform. The plan shows each value before and after; there is no password here. */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { platformId, type PlatformId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import { imageAttributeChange } from '../../../shared/model/workflow-request.ts';
import { judgeVideoCard } from '../../../shared/rules/video-card.ts';
import type { AttributesRole, ImageAttributeChange } from '../../platforms/connector.ts';
import type { StepAction, StepContext, WorkflowDefinition } from '../engine/definition.ts';
import type { KnownPlatformImage } from '../platform-image-lookup.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { toJson } from '../publish/publish-args.ts';

const argsSchema = z.object({ platformId, externalId: z.string(), change: imageAttributeChange });
const argsOf = (ctx: StepContext): z.infer<typeof argsSchema> => argsSchema.parse(ctx.args);

type Values = Required<ImageAttributeChange>;
const keysOf = (change: ImageAttributeChange): (keyof Values)[] => (Object.keys(change) as (keyof Values)[]).filter((key) => change[key] !== undefined);
const isApplied = (change: ImageAttributeChange, now: Values): boolean => keysOf(change).every((key) => change[key] === now[key]);

/** As lines of `name: value`, for reading side by side. */
const asText = (keys: readonly (keyof Values)[], values: ImageAttributeChange): string => keys.map((key) => `${key}: ${values[key] ?? '—'}`).join('\n');

async function roleFor(deps: PublishDeps, id: PlatformId): Promise<AttributesRole> {
  const { attributes } = await deps.platforms.connector(id);
  if (attributes === undefined) throw new AppError('IMAGE_PATCH_IMPOSSIBLE');
  return attributes;
}

function patchImage(deps: PublishDeps): StepAction {
  return {
    cancel: 'before',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    intent: () => Promise.resolve({}),
    async run(ctx) {
      const { platformId: id, externalId, change } = argsOf(ctx);
      await (await roleFor(deps, id)).patch(externalId, change, ctx.key, ctx.signal);
      await deps.platformImages.refresh({ platformId: id, externalId });
      return {};
    },
    async probe(ctx) {
      const { platformId: id, externalId, change } = argsOf(ctx);
      if (!isApplied(change, await (await roleFor(deps, id)).read(externalId, ctx.signal))) return { state: 'absent' };
      await deps.platformImages.refresh({ platformId: id, externalId });
      return { state: 'done', output: {} };
    },
  };
}

/** What stands against it, and the values as they are. */
async function judge(deps: PublishDeps, known: KnownPlatformImage, change: ImageAttributeChange, signal: AbortSignal): Promise<{ findings: Finding[]; now: Values | null }> {
  const source = say('IMAGE_PATCH_SOURCE', { name: known.name, platform: known.platformName });
  const blocking = (id: string, reason: Finding['reason']): Finding => ({ id, severity: 'blocking', reason, source, fix: null });
  const findings: Finding[] = known.isGolden ? [blocking('golden', say('IMAGE_GOLDEN', { name: known.name }))] : [];
  if (change.videoModel !== undefined && change.videoModel !== null) {
    const request = say('PUBLISH_SOURCE_REQUEST');
    findings.push(...judgeVideoCard({ videoModel: change.videoModel, canEditHardware: true }).map((item) => ({ ...item, source: request, fix: null })));
  }
  const role = await deps.platforms.roleOf(known.platformId, 'attributes');
  if (!role.isAvailable) return { findings: [...findings, blocking('attributes', role.reason)], now: null };
  try {
    const now = await (await roleFor(deps, known.platformId)).read(known.externalId, signal);
    if (keysOf(change).length === 0 || isApplied(change, now)) findings.push(blocking('no-change', say('IMAGE_PATCH_NOTHING')));
    return { findings, now };
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) throw error;
    return { findings: [...findings, blocking('attributes', error.asMessage)], now: null };
  }
}

export function imagePatch(deps: PublishDeps): WorkflowDefinition<'image.patch'> {
  return {
    type: 'image.patch',
    version: 1,
    resume: 'auto',
    async plan({ imageId, change }, signal) {
      const known = await deps.platformImages.find(imageId);
      if (known === null) throw new AppError('NOT_FOUND', { what: 'image', id: imageId });
      const { findings, now } = await judge(deps, known, change, signal);
      const keys = keysOf(change);
      return {
        title: say('IMAGE_PATCH_TITLE', { name: known.name, platform: known.platformName }),
        steps: [{
          key: 'patch', action: 'patch', title: say('IMAGE_PATCH_STEP'), weight: 1, isDestructive: false, isPivot: true,
          args: toJson({ platformId: known.platformId, externalId: known.externalId, change }),
        }],
        findings,
        typedName: null,
        facts: { before: now === null ? '' : asText(keys, now), after: asText(keys, change) },
        fingerprint: JSON.stringify([known.platformId, known.externalId, change, now]),
        subject: { kind: 'platform', id: known.platformId, name: known.name },
        locks: [`image:${imageId}`],
        dedupKey: `image.patch:${imageId}`,
      };
    },
    actions: { patch: patchImage(deps) },
  };
}
