/** Before a convert deletes: the VM's disk must still hold, byte for byte, what the published image holds. */
import { AppError } from '../../../../shared/model/app-error.ts';
import { say } from '../../../../shared/model/message.ts';
import type { StepAction } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { argsOf, contentOutput, outputOf, toJson } from '../publish-args.ts';
import { openPlannedSource } from './check-again.ts';
import { isSameIdentity } from './verify-image.ts';

export function compareSource(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const args = argsOf(ctx);
      const { contentIdentity } = outputOf(ctx, 'content', contentOutput);
      const file = await openPlannedSource(deps, args, ctx.signal);
      const source = await deps.disks.identify(file, 'content', (done) => ctx.progress({ phase: say('PUBLISH_PHASE_COMPARE'), ...done }), ctx.signal);
      if (!isSameIdentity(source, contentIdentity)) throw new AppError('PUBLISH_CONTENT_DIFFERS', { name: args.target.name });
      return toJson({ sourceIdentity: source });
    },
  };
}
