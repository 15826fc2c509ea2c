/**
 * Lets the platform make a copy of the VM's disk, where the disk cannot be read in its place. The copy is the run's own: it stands in the
 * ledger before it is asked for, and is removed when the run ends, however it ends.
 */
import { AppError } from '../../../../shared/model/app-error.ts';
import { say, type Message } from '../../../../shared/model/message.ts';
import type { PlatformImage, PlatformIntent, StagingRole } from '../../../platforms/connector.ts';
import type { JsonObject, StepAction, StepContext } from '../../engine/definition.ts';
import { carryOut, platformIntent, probeWork, wasExpected, type PlatformWork } from '../../platform-work.ts';
import type { PublishDeps } from '../deps.ts';
import { argsOf, outputOf, stagedOutput, toJson, type PublishArgs } from '../publish-args.ts';

const kind = 'staged-copy';

/** @throws AppError `PUBLISH_NO_STAGING`. */
export async function stagingOf(deps: Pick<PublishDeps, 'platforms'>, { source }: PublishArgs): Promise<StagingRole> {
  const { diskExport } = await deps.platforms.connector(source.platformId);
  if (diskExport?.staging === undefined) throw new AppError('PUBLISH_NO_STAGING', { platform: source.platformName });
  return diskExport.staging;
}

const nameOf = ({ source }: PublishArgs): Message => say('PUBLISH_ARTIFACT_STAGED', { vm: source.vmName, platform: source.platformName });

function rowOf(ctx: StepContext, args: PublishArgs, intent: PlatformIntent): Promise<string> {
  return ctx.artifacts.expect(kind, nameOf(args), toJson({ ...intent, platformId: args.source.platformId }));
}

/** Removes the copy and marks it so; nothing to do where that has happened. */
async function removeCopy(deps: PublishDeps, ctx: StepContext, rawIntent: unknown): Promise<void> {
  const intent = platformIntent.parse(rawIntent);
  const own = (await ctx.artifacts.list()).filter((item) => item.kind === kind && item.ref['key'] === intent.key);
  if (own.length === 0 || own.every((item) => item.status === 'removed')) return;
  await (await stagingOf(deps, argsOf(ctx))).remove(intent, ctx.signal);
  for (const { id } of own) await ctx.artifacts.mark(id, 'removed');
}

export function stageDisk(deps: PublishDeps): StepAction {
  const workOf = async (args: PublishArgs, intent: PlatformIntent, ctx: StepContext): Promise<PlatformWork<PlatformImage>> => {
    const role = await stagingOf(deps, args);
    return {
      find: (signal) => role.find(intent, signal),
      create: (signal) => role.create(args.source.externalId, intent, ({ doneBytes, totalBytes }) =>
        ctx.progress({ phase: say('PUBLISH_PHASE_STAGE'), doneBytes, ...(totalBytes === null ? {} : { totalBytes }) }), signal),
      undo: (signal) => role.remove(intent, signal),
      what: say('PUBLISH_STAGED_UNKNOWN', { vm: args.source.vmName, platform: args.source.platformName }),
    };
  };
  /** What the VM looks like now is what it is compared with before it is deleted: the copy itself may have left a mark on it. */
  const conclude = async (ctx: StepContext, args: PublishArgs, intent: PlatformIntent, image: PlatformImage): Promise<JsonObject> => {
    await ctx.artifacts.mark(await rowOf(ctx, args, intent), 'created');
    const { source } = args;
    const record = await (await deps.platforms.connector(source.platformId)).current(source.externalId, ctx.signal);
    if (record.powerState !== 'stopped' && record.powerState !== 'unknown') throw new AppError('PUBLISH_SOURCE_CHANGED', { vm: source.vmName });
    return toJson({ image, intent, vmFingerprint: record.fingerprint });
  };

  return {
    cancel: 'signal',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    failpoints: ['staged'],
    async intent(ctx) {
      const args = argsOf(ctx);
      return toJson(await (await stagingOf(deps, args)).prepare(args.source.externalId, args.source.diskKey, ctx.key));
    },
    async run(ctx, rawIntent) {
      const args = argsOf(ctx);
      const intent = platformIntent.parse(rawIntent);
      const isFresh = !(await wasExpected(ctx, kind, intent.key));
      await rowOf(ctx, args, intent);
      const image = await carryOut(await workOf(args, intent, ctx), isFresh, ctx);
      await ctx.failpoint('staged');
      return conclude(ctx, args, intent, image);
    },
    async probe(ctx, rawIntent) {
      const args = argsOf(ctx);
      const intent = platformIntent.parse(rawIntent);
      return probeWork(await workOf(args, intent, ctx), (image) => conclude(ctx, args, intent, image), ctx.signal);
    },
    compensate: (ctx, intent) => removeCopy(deps, ctx, intent),
    release: (ctx, intent) => removeCopy(deps, ctx, intent),
  };
}

/** Removes the copy once nothing reads it any more. One that cannot be removed is listed as left behind: the image stands without it. */
export function unstageDisk(deps: PublishDeps): StepAction {
  return {
    cancel: 'before',
    intent: () => Promise.resolve({}),
    async run(ctx) {
      const { intent } = outputOf(ctx, 'stage', stagedOutput);
      try {
        await removeCopy(deps, ctx, intent);
        return { isRemoved: true };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const args = argsOf(ctx);
        for (const item of await ctx.artifacts.list()) {
          if (item.kind === kind && item.status !== 'removed') await ctx.artifacts.mark(item.id, 'unknown');
        }
        await ctx.note(error.asMessage);
        await ctx.note(say('PUBLISH_STAGED_LEFT', { vm: args.source.vmName, platform: args.source.platformName }));
        return { isRemoved: false };
      }
    },
  };
}
