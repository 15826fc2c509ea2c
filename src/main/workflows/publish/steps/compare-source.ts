/**
 * Before a convert deletes: what was read must still hold, byte for byte, what the published image holds. Where that was a copy made by
 * the platform, the VM itself must be as it was when the copy was made, and the copy must still be the one that was read.
 */
import { AppError } from '../../../../shared/model/app-error.ts';
import { say } from '../../../../shared/model/message.ts';
import type { StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { openSource, sourceFacts } from '../open-source.ts';
import { argsOf, contentOutput, outputOf, stagedOutput, toJson } from '../publish-args.ts';
import { stagingOf } from './stage-disk.ts';
import { isSameIdentity } from './verify-image.ts';

async function requireSameCopy(deps: PublishDeps, ctx: StepContext): Promise<void> {
  const args = argsOf(ctx);
  const { source, target } = args;
  const record = await (await deps.platforms.connector(source.platformId)).current(source.externalId, ctx.signal);
  if (record.fingerprint !== sourceFacts(ctx).vmFingerprint) throw new AppError('PUBLISH_KEPT_VM', { vm: source.vmName, name: target.name });
  const { image, intent } = outputOf(ctx, 'stage', stagedOutput);
  const now = await (await stagingOf(deps, args)).find(intent, ctx.signal);
  const isSame = now.state === 'done' && now.value.externalId === image.externalId && now.value.sizeBytes === image.sizeBytes && now.value.hash?.value === image.hash?.value;
  if (!isSame) throw new AppError('PUBLISH_STAGED_CHANGED', { vm: source.vmName });
}

export function compareSource(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const { source, target } = argsOf(ctx);
      if (source.access === 'staged') await requireSameCopy(deps, ctx);
      const { contentIdentity } = outputOf(ctx, 'content', contentOutput);
      const file = await openSource(deps, ctx);
      const identity = await deps.disks.identify(file, 'content', (done) => ctx.progress({ phase: say('PUBLISH_PHASE_COMPARE'), ...done }), ctx.signal);
      if (!isSameIdentity(identity, contentIdentity)) throw new AppError('PUBLISH_CONTENT_DIFFERS', { name: target.name });
      return toJson({ sourceIdentity: identity });
    },
  };
}
