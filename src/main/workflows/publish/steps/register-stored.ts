/** The pivot for a store: the verified image gets its final name on the platform, and the version is registered here. */
import { z } from 'zod';
import { desktopImageId, desktopImageVersionId, type DesktopImageId, type DesktopImageVersionId } from '../../../../shared/model/ids.ts';
import { say } from '../../../../shared/model/message.ts';
import { newId } from '../../../clock.ts';
import type { StoredVersion } from '../../../store/repositories/desktop-image-rows.ts';
import type { JsonObject, StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { sourceFacts } from '../open-source.ts';
import { argsOf, outputOf, storedOutput, toJson } from '../publish-args.ts';
import { madeImage, publishStored, removeWorkingFile } from './store-image.ts';

const intentSchema = z.object({ desktopImageId, versionId: desktopImageVersionId, publishedAt: z.number() });
type Intent = z.infer<typeof intentSchema>;

function versionOf(ctx: StepContext, intent: Intent, externalId: string): StoredVersion {
  const { mode, source, target } = argsOf(ctx);
  const { image } = madeImage(ctx);
  const { fastIdentity, verifiedAt, isReadBack } = outputOf(ctx, 'verify', storedOutput);
  const { os, bootMode } = sourceFacts(ctx);
  const hash = image.hash === null ? '—' : image.hash.algorithm;
  return {
    id: intent.versionId, desktopImageId: intent.desktopImageId, number: target.number, isCurrent: true, fileType: target.fileType, vhdVariant: target.vhdVariant,
    fileName: target.fileName, virtualBytes: fastIdentity.virtualBytes, actualBytes: image.sizeBytes ?? 0, configure: target.configure,
    source: { mode, vmId: source.vmId, vmName: source.vmName, platformId: source.platformId, platformName: source.platformName },
    os, bootMode, videoModel: source.videoModel, publishedBy: ctx.createdBy, publishedAt: intent.publishedAt, runId: ctx.runId, fastIdentity, contentIdentity: null,
    verification: { at: verifiedAt, outcome: 'ok', detail: isReadBack ? say('PUBLISH_VERIFIED') : say('PUBLISH_VERIFIED_WEAKER', { hash }) },
    stored: { platformId: target.store?.platformId ?? source.platformId, pool: target.store?.externalId ?? '', externalId, hash: image.hash },
  };
}

export function registerStored(deps: PublishDeps): StepAction {
  const conclude = async (ctx: StepContext, intent: Intent): Promise<JsonObject> => {
    const { intent: made } = madeImage(ctx);
    for (const item of await ctx.artifacts.list()) if (item.ref['key'] === made.key) await ctx.artifacts.mark(item.id, 'kept');
    await removeWorkingFile(ctx);
    deps.events.emit('desktopImages.changed', {});
    deps.events.emit('imagePools.changed', {});
    return toJson({ desktopImageId: intent.desktopImageId, versionId: intent.versionId, path: argsOf(ctx).target.fileName });
  };
  return {
    cancel: 'never',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    failpoints: ['published', 'registered'],
    intent: (ctx) => Promise.resolve(toJson({
      desktopImageId: argsOf(ctx).target.desktopImageId ?? newId<DesktopImageId>('di'), versionId: newId<DesktopImageVersionId>('div'), publishedAt: deps.clock.now(),
    })),
    async run(ctx, rawIntent) {
      const intent = intentSchema.parse(rawIntent);
      const { source, target } = argsOf(ctx);
      const externalId = await publishStored(deps, ctx);
      await ctx.failpoint('published');
      await deps.pools.remember(target.poolId);
      await deps.images.register({
        id: intent.desktopImageId, name: target.name, poolId: target.poolId, architecture: target.architecture, originKey: source.vmId, createdAt: intent.publishedAt,
      }, versionOf(ctx, intent, externalId));
      await ctx.failpoint('registered');
      return conclude(ctx, intent);
    },
    /** Publishing is idempotent, so that half of it is simply done again. */
    async probe(ctx, rawIntent) {
      const intent = intentSchema.parse(rawIntent);
      if ((await deps.images.findVersion(intent.versionId)) === null) return { state: 'partial' };
      return { state: 'done', output: await conclude(ctx, intent) };
    },
  };
}
