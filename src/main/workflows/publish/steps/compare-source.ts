/**
 * Before a convert deletes: what was read must still hold, byte for byte, what the published image holds. Where that was a copy made by
 * the platform, the VM itself must be as it was when the copy was made, and the copy must still be the one that was read.
 */
import { AppError } from '../../../../shared/model/app-error.ts';
import { say } from '../../../../shared/model/message.ts';
import type { JsonObject, StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { openSource, sourceFacts } from '../open-source.ts';
import { argsOf, contentOutput, outputOf, registerOutput, stagedOutput, toJson } from '../publish-args.ts';
import { stagingOf } from './stage-disk.ts';
import { storeRole } from './store-image.ts';
import { isSameIdentity } from './verify-image.ts';

async function requireSameVm(deps: PublishDeps, ctx: StepContext): Promise<void> {
  const { source, target } = argsOf(ctx);
  const record = await (await deps.platforms.connector(source.platformId)).current(source.externalId, ctx.signal);
  if (record.fingerprint !== sourceFacts(ctx).vmFingerprint) throw new AppError('PUBLISH_KEPT_VM', { vm: source.vmName, name: target.name });
}

async function requireSameCopy(deps: PublishDeps, ctx: StepContext): Promise<void> {
  const args = argsOf(ctx);
  await requireSameVm(deps, ctx);
  const { image, intent } = outputOf(ctx, 'stage', stagedOutput);
  const now = await (await stagingOf(deps, args)).find(intent, ctx.signal);
  const isSame = now.state === 'done' && now.value.externalId === image.externalId && now.value.sizeBytes === image.sizeBytes && now.value.hash?.value === image.hash?.value;
  if (!isSame) throw new AppError('PUBLISH_STAGED_CHANGED', { vm: args.source.vmName });
}

/** The disk itself was never read: the VM and the platform's hash must be as they were, and a person decides on that weaker proof. */
async function compareStored(deps: PublishDeps, ctx: StepContext): Promise<JsonObject> {
  const { source, target } = argsOf(ctx);
  await requireSameVm(deps, ctx);
  const { versionId } = outputOf(ctx, 'register', registerOutput);
  const stored = (await deps.images.findVersion(versionId))?.version.stored ?? null;
  if (stored === null) throw new AppError('NOT_FOUND', { what: 'desktop-image-version', id: versionId });
  const now = await (await storeRole(deps, stored)).current(stored.pool, stored.externalId, ctx.signal);
  if (now.hash?.value !== stored.hash?.value) throw new AppError('PUBLISH_CONTENT_DIFFERS', { name: target.name });
  if (ctx.answer === 'keep-vm') throw new AppError('PUBLISH_KEPT_BY_CHOICE', { vm: source.vmName, name: target.name });
  if (ctx.answer === 'delete') return toJson({ proof: 'platform' });
  return ctx.ask({
    text: say('PUBLISH_WEAKER_ASK', { vm: source.vmName, name: target.name, platform: source.platformName }),
    choices: [
      { key: 'delete', label: say('PUBLISH_CHOICE_DELETE', { vm: source.vmName }), isDestructive: true },
      { key: 'keep-vm', label: say('PUBLISH_CHOICE_KEEP_VM', { vm: source.vmName }), isDestructive: false },
    ],
  });
}

export function compareSource(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const { source, target } = argsOf(ctx);
      if (source.access === 'staged' && target.store?.way === 'copy') return compareStored(deps, ctx);
      if (source.access === 'staged') await requireSameCopy(deps, ctx);
      const { contentIdentity } = outputOf(ctx, 'content', contentOutput);
      const file = await openSource(deps, ctx);
      const identity = await deps.disks.identify(file, 'content', (done) => ctx.progress({ phase: say('PUBLISH_PHASE_COMPARE'), ...done }), ctx.signal);
      if (!isSameIdentity(identity, contentIdentity)) throw new AppError('PUBLISH_CONTENT_DIFFERS', { name: target.name });
      return toJson({ sourceIdentity: identity });
    },
  };
}
