/** Reads the written file back from the pool: its structure, its size, and that it holds what was read from the source. */
import { AppError } from '../../../../shared/model/app-error.ts';
import { say } from '../../../../shared/model/message.ts';
import type { DiskIdentity } from '../../../../shared/model/disk.ts';
import type { DiskEngine } from '../../../disks/disk-engine.ts';
import type { StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { temporaryPaths } from '../pool-layout.ts';
import { argsOf, convertOutput, outputOf } from '../publish-args.ts';

export function isSameIdentity(a: DiskIdentity, b: DiskIdentity): boolean {
  return a.level === b.level && a.algorithm === b.algorithm && a.virtualBytes === b.virtualBytes && a.digest === b.digest;
}

/** @throws AppError `PUBLISH_UNSOUND`; every problem becomes a line of the task's history. */
export async function requireSound(disks: DiskEngine, ctx: StepContext, path: string): Promise<void> {
  const { isSound, problems } = await disks.checkStructure(path, ctx.signal);
  if (isSound) return;
  for (const problem of problems.slice(0, 20)) await ctx.note(problem);
  throw new AppError('PUBLISH_UNSOUND', { count: problems.length });
}

export function verifyImage(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const { target } = argsOf(ctx);
      const { fastIdentity } = outputOf(ctx, 'convert', convertOutput);
      const { temporary } = temporaryPaths(target.poolPath, ctx.runId);
      await requireSound(deps.disks, ctx, temporary);
      const readBack = await deps.disks.identify({ path: temporary, policy: { roots: [] } }, 'fast',
        (done) => ctx.progress({ phase: say('PUBLISH_PHASE_VERIFY'), ...done }), ctx.signal);
      if (!isSameIdentity(readBack, fastIdentity)) throw new AppError('PUBLISH_READ_BACK_DIFFERS', { pool: target.poolName });
      return { verifiedAt: deps.clock.now() };
    },
  };
}
