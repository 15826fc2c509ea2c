/**
 * The last step of a convert: deletes the VM by a manifest that is written down first. Only items that still are what the manifest
 * says are removed, so a VM that somebody changed meanwhile is kept.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../../../../shared/model/app-error.ts';
import { say } from '../../../../shared/model/message.ts';
import type { DeletionManifest } from '../../../platforms/connector.ts';
import type { StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { sourceFacts } from '../open-source.ts';
import { argsOf, toJson } from '../publish-args.ts';
import { openPlannedSource } from './check-again.ts';

const manifestSchema = z.object({
  items: z.array(z.object({ path: z.string(), kind: z.enum(['disk', 'definition', 'snapshot', 'nvram']), fingerprint: z.string() })),
  fingerprint: z.string(),
});

/** Between two looks whether the VM has gone. */
const pollMs = 2000;
const patienceMs = 10 * 60_000;

export function deleteSource(deps: PublishDeps): StepAction {
  const isGone = async (ctx: StepContext): Promise<boolean> => {
    const { source } = argsOf(ctx);
    try {
      const connector = await deps.platforms.connector(source.platformId);
      await connector.current(source.externalId, AbortSignal.timeout(60_000));
      return false;
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return true;
      throw error;
    }
  };
  /** A platform may answer before it has done it. */
  const untilGone = async (ctx: StepContext): Promise<void> => {
    for (let waitedMs = 0; !(await isGone(ctx)); waitedMs += pollMs) {
      if (waitedMs >= patienceMs) throw new AppError('PUBLISH_DELETE_ENDLESS', { vm: argsOf(ctx).source.vmName }, { isRetryable: true });
      await sleep(pollMs);
    }
  };
  const conclude = async (ctx: StepContext): Promise<void> => {
    const { source } = argsOf(ctx);
    await deps.images.removeLineage(source);
    await ctx.note(say('PUBLISH_DELETED', { vm: source.vmName }));
    await deps.sourceVms.refresh(source);
  };

  return {
    cancel: 'never',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    /** The last look: from here on the manifest's own fingerprints guard each file. */
    async intent(ctx) {
      const args = argsOf(ctx);
      const { source, target } = args;
      const connector = await deps.platforms.connector(source.platformId);
      if (connector.deleter === undefined) throw new AppError('PUBLISH_NO_DELETER');
      const record = await connector.current(source.externalId, ctx.signal);
      if (record.fingerprint !== sourceFacts(ctx).vmFingerprint) throw new AppError('PUBLISH_KEPT_VM', { vm: source.vmName, name: target.name });
      if (source.access === 'direct') await openPlannedSource(deps, args, sourceFacts(ctx).fingerprint, ctx.signal);
      return toJson(await connector.deleter.manifest(source.externalId));
    },
    async run(ctx, intent) {
      const { source } = argsOf(ctx);
      const manifest: DeletionManifest = manifestSchema.parse(intent);
      const { deleter } = await deps.platforms.connector(source.platformId);
      if (deleter === undefined) throw new AppError('PUBLISH_NO_DELETER');
      await deleter.remove(source.externalId, manifest, ctx.signal);
      await untilGone(ctx);
      await conclude(ctx);
      return { removed: manifest.items.map((item) => item.path) };
    },
    async probe(ctx, intent) {
      if (!(await isGone(ctx))) return { state: 'partial' };
      await conclude(ctx);
      return { state: 'done', output: { removed: manifestSchema.parse(intent).items.map((item) => item.path) } };
    },
  };
}
