/** Looks at source and pool once more before anything is written: time has passed since the plan. */
import { AppError } from '../../../../shared/model/app-error.ts';
import { say } from '../../../../shared/model/message.ts';
import type { DiskFile } from '../../../disks/disk-engine.ts';
import type { StepAction } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { entryAt } from '../durable-files.ts';
import { versionPaths } from '../pool-layout.ts';
import { argsOf, type PublishArgs } from '../publish-args.ts';

/** The source disk, which nobody uses. @throws AppError `PUBLISH_DISK_LOCKED`, `PUBLISH_DISK_CHANGING`, or what the platform says */
export async function diskNow(deps: PublishDeps, { source }: PublishArgs): Promise<DiskFile> {
  const { diskExport } = await deps.platforms.connector(source.platformId);
  if (diskExport === undefined) throw new AppError('PUBLISH_NO_EXPORT');
  const file = await diskExport.diskFile(source.externalId, source.diskKey);
  const use = await diskExport.use(source.externalId, source.diskKey);
  if (use.state === 'free') return file;
  const reason = use.detail ?? say(use.state === 'locked' ? 'PUBLISH_DISK_LOCKED' : 'PUBLISH_DISK_CHANGING');
  throw new AppError(reason.code, reason.params);
}

/**
 * The source disk, if it still is what it was.
 * @param fingerprint as planned, or as found once the VM was down
 * @throws AppError `PUBLISH_SOURCE_CHANGED`, and what `diskNow` throws
 */
export async function openPlannedSource(deps: PublishDeps, args: PublishArgs, fingerprint: string, signal: AbortSignal): Promise<DiskFile> {
  const file = await diskNow(deps, args);
  if ((await deps.disks.fingerprint(file, signal)) !== fingerprint) throw new AppError('PUBLISH_SOURCE_CHANGED', { vm: args.source.vmName });
  return file;
}

export function checkAgain(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const args = argsOf(ctx);
      const { source, target } = args;
      const connector = await deps.platforms.connector(source.platformId);
      const record = await connector.current(source.externalId, ctx.signal);
      if (!source.isStopped && record.fingerprint !== source.vmFingerprint) throw new AppError('PUBLISH_SOURCE_CHANGED', { vm: source.vmName });
      if (source.access === 'direct' && !source.isStopped) await openPlannedSource(deps, args, source.diskFingerprint, ctx.signal);
      const pool = await deps.pools.get(target.poolId);
      if (pool.problem !== null) throw new AppError(pool.problem.code, pool.problem.params);
      if (!pool.isWritable) throw new AppError('POOL_NOT_WRITABLE', { pool: pool.name });
      if (pool.freeBytes !== null && pool.freeBytes < target.atLeastBytes) {
        throw new AppError('PUBLISH_TOO_LITTLE_SPACE', { pool: pool.name, freeBytes: pool.freeBytes, neededBytes: target.atLeastBytes });
      }
      if (target.store !== null) return {};
      const { file } = versionPaths(target.poolPath, target.name, target.fileName);
      if ((await entryAt(file)) !== null) throw new AppError('PUBLISH_FILE_APPEARED', { path: file });
      return {};
    },
  };
}
