/** Writes the image into the pool under a temporary name. What is there after a crash is gone on from, as far as the engine verified it. */
import { mkdir, rm } from 'node:fs/promises';
import { AppError } from '../../../../shared/model/app-error.ts';
import type { ImagePool } from '../../../../shared/model/image-pool.ts';
import { say } from '../../../../shared/model/message.ts';
import type { DiskTargetFormat } from '../../../../shared/model/disk.ts';
import { directoryFacts } from '../../../image-pools/pool-facts.ts';
import type { StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { entryAt } from '../durable-files.ts';
import { temporaryPaths } from '../pool-layout.ts';
import { argsOf, toJson, type PublishArgs } from '../publish-args.ts';
import { openSource, sourceFacts } from '../open-source.ts';

function targetFormat({ fileType, vhdVariant }: PublishArgs['target']): DiskTargetFormat {
  if (fileType === 'qcow2') return 'qcow2';
  return vhdVariant === 'fixed' ? 'vhd-fixed' : 'vhd';
}

/** The pool, or for a store the directory of this computer that the working file is written in. */
async function roomFor(deps: PublishDeps, { target }: PublishArgs): Promise<Pick<ImagePool, 'problem' | 'freeBytes' | 'maxFileBytes'>> {
  if (target.store === null) return deps.pools.get(target.poolId);
  await mkdir(target.poolPath, { recursive: true, mode: 0o700 });
  return directoryFacts(target.poolPath);
}

/** Asked again after a crash, the ledger answers the same rows. */
async function ledgerRows(ctx: StepContext, temporary: string, checkpoint: string): Promise<{ image: string; notes: string }> {
  return {
    image: await ctx.artifacts.expect('file', say('PUBLISH_ARTIFACT_TEMPORARY', { path: temporary }), { path: temporary }),
    notes: await ctx.artifacts.expect('file', say('PUBLISH_ARTIFACT_CHECKPOINT', { path: checkpoint }), { path: checkpoint }),
  };
}

export function convertDisk(deps: PublishDeps): StepAction {
  const pathsOf = (ctx: StepContext): { temporary: string; checkpoint: string } => temporaryPaths(argsOf(ctx).target.poolPath, ctx.runId);
  return {
    cancel: 'signal',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    intent: (ctx) => Promise.resolve(toJson(pathsOf(ctx))),
    async run(ctx) {
      const args = argsOf(ctx);
      const { temporary, checkpoint } = pathsOf(ctx);
      const rows = await ledgerRows(ctx, temporary, checkpoint);
      const source = await openSource(deps, ctx);
      const facts = sourceFacts(ctx);
      // A run that goes on after a restart must not write to the disk below the mount point of a pool that is not connected.
      const pool = await roomFor(deps, args);
      if (pool.problem !== null) throw new AppError(pool.problem.code, pool.problem.params);
      // Finished, but the run did not get to know: without its notes nothing vouches for the file, so it is made again.
      if ((await entryAt(temporary)) !== null && (await entryAt(checkpoint)) === null) await rm(temporary);
      const written = (await entryAt(temporary))?.size ?? 0n;
      const limits = [facts.atMostBytes, pool.maxFileBytes, pool.freeBytes === null ? null : pool.freeBytes + Number(written)];
      const result = await deps.disks.convert({
        source,
        targetPath: temporary,
        targetFormat: targetFormat(args.target),
        compression: null,
        checkpointPath: checkpoint,
        maxTargetBytes: Math.min(...limits.filter((limit) => limit !== null)),
      }, (done) => ctx.progress({ phase: say('PUBLISH_PHASE_CONVERT'), ...done }), ctx.signal);
      await ctx.artifacts.mark(rows.image, 'created');
      await ctx.artifacts.mark(rows.notes, 'removed');
      if (result.resumedFromBytes > 0) await ctx.note(say('PUBLISH_RESUMED', { doneBytes: result.resumedFromBytes }));
      if (result.sourceFingerprint !== facts.fingerprint) throw new AppError('PUBLISH_SOURCE_CHANGED', { vm: args.source.vmName });
      return toJson({
        virtualBytes: result.virtualBytes, targetBytes: result.targetBytes, fastIdentity: result.fastIdentity, sourceFingerprint: result.sourceFingerprint,
      });
    },
    probe: async (ctx) => ({ state: (await entryAt(pathsOf(ctx).temporary)) === null ? 'absent' : 'partial' }),
    async compensate(ctx) {
      const { temporary, checkpoint } = pathsOf(ctx);
      const rows = await ledgerRows(ctx, temporary, checkpoint);
      await rm(temporary, { force: true });
      await ctx.artifacts.mark(rows.image, 'removed');
      // The engine writes its notes beside themselves first.
      for (const path of [checkpoint, `${checkpoint}.new`]) await rm(path, { force: true });
      await ctx.artifacts.mark(rows.notes, 'removed');
    },
  };
}
