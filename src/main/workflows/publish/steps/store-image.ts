/**
 * Publishing into a platform's store: copied inside the platform, or uploaded from a verified file. Looked at and read back by ranges
 * before it gets its name; nothing is registered that was not.
 */
import { rm } from 'node:fs/promises';
import { AppError } from '../../../../shared/model/app-error.ts';
import type { DiskIdentity } from '../../../../shared/model/disk.ts';
import { say } from '../../../../shared/model/message.ts';
import type { DiskFile } from '../../../disks/disk-engine.ts';
import type { ImageStoreRole, PlatformImage, PlatformIntent, ReportProgress, StoreImageSpec } from '../../../platforms/connector.ts';
import type { JsonObject, StepAction, StepContext } from '../../engine/definition.ts';
import { carryOut, platformIntent, probeWork, wasExpected, type PlatformWork } from '../../platform-work.ts';
import type { PublishDeps } from '../deps.ts';
import { openSource, sourceFacts } from '../open-source.ts';
import { temporaryPaths } from '../pool-layout.ts';
import { argsOf, convertOutput, copiedOutput, outputOf, storedOutput, toJson, uploadedOutput, type PublishArgs } from '../publish-args.ts';
import { isSameIdentity } from './verify-image.ts';

const kind = 'store-image';
type Store = NonNullable<PublishArgs['target']['store']>;

function storeOf({ target }: PublishArgs): Store {
  if (target.store === null) throw new Error('The plan has no store.');
  return target.store;
}

/** @throws AppError `PUBLISH_NO_STORE`. */
export async function storeRole(deps: Pick<PublishDeps, 'platforms'>, store: Pick<Store, 'platformId'>): Promise<ImageStoreRole> {
  const { imageStore } = await deps.platforms.connector(store.platformId);
  if (imageStore === undefined) throw new AppError('PUBLISH_NO_STORE');
  return imageStore;
}

export function specOf(args: PublishArgs, facts: Pick<StoreImageSpec, 'virtualBytes' | 'os' | 'bootMode'>): StoreImageSpec {
  const { target, source } = args;
  return { pool: storeOf(args).externalId, name: target.fileName, fileType: target.fileType, videoModel: source.videoModel, ...facts };
}

const plannedSpec = (args: PublishArgs): StoreImageSpec => specOf(args, args.source);

const rowOf = (ctx: StepContext, { target }: PublishArgs, intent: PlatformIntent): Promise<string> =>
  ctx.artifacts.expect(kind, say('PUBLISH_ARTIFACT_STORED', { name: target.fileName, pool: target.poolName }), toJson({ ...intent, platformId: target.store?.platformId ?? '' }));

/** Removes what was not published; once it was, it is a desktop image and not this run's to remove. */
async function undoStored(deps: PublishDeps, ctx: StepContext, rawIntent: unknown): Promise<void> {
  const args = argsOf(ctx);
  const intent = platformIntent.parse(rawIntent);
  await (await storeRole(deps, storeOf(args))).undo(intent, ctx.signal);
  await ctx.artifacts.mark(await rowOf(ctx, args, intent), 'removed');
}

interface Making {
  prepare: (ctx: StepContext, role: ImageStoreRole) => Promise<PlatformIntent>;
  make: (ctx: StepContext, role: ImageStoreRole, intent: PlatformIntent, report: ReportProgress, signal: AbortSignal) => Promise<PlatformImage>;
  conclude: (ctx: StepContext, image: PlatformImage) => Promise<JsonObject>;
  phase: 'PUBLISH_PHASE_COPY' | 'PUBLISH_PHASE_UPLOAD';
}

function makeImage(deps: PublishDeps, { prepare, make, conclude, phase }: Making): StepAction {
  const workOf = (ctx: StepContext, role: ImageStoreRole, intent: PlatformIntent): PlatformWork<PlatformImage> => ({
    find: (signal) => role.find(intent, signal),
    create: (signal) => make(ctx, role, intent, ({ doneBytes, totalBytes }) =>
      ctx.progress({ phase: say(phase), doneBytes, ...(totalBytes === null ? {} : { totalBytes }) }), signal),
    undo: (signal) => role.undo(intent, signal),
    what: say('PUBLISH_STORED_UNKNOWN', { name: argsOf(ctx).target.fileName, pool: argsOf(ctx).target.poolName }),
  });
  const done = async (ctx: StepContext, intent: PlatformIntent, image: PlatformImage): Promise<JsonObject> => {
    await ctx.artifacts.mark(await rowOf(ctx, argsOf(ctx), intent), 'created');
    return { ...(await conclude(ctx, image)), ...toJson({ image, intent }) };
  };
  return {
    cancel: 'signal',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    failpoints: ['made'],
    intent: async (ctx) => toJson(await prepare(ctx, await storeRole(deps, storeOf(argsOf(ctx))))),
    async run(ctx, rawIntent) {
      const intent = platformIntent.parse(rawIntent);
      const isFresh = !(await wasExpected(ctx, kind, intent.key));
      await rowOf(ctx, argsOf(ctx), intent);
      const image = await carryOut(workOf(ctx, await storeRole(deps, storeOf(argsOf(ctx))), intent), isFresh, ctx);
      await ctx.failpoint('made');
      return done(ctx, intent, image);
    },
    async probe(ctx, rawIntent) {
      const intent = platformIntent.parse(rawIntent);
      return probeWork(workOf(ctx, await storeRole(deps, storeOf(argsOf(ctx))), intent), (image) => done(ctx, intent, image), ctx.signal);
    },
    compensate: (ctx, intent) => undoStored(deps, ctx, intent),
  };
}

/** Copies the disk inside the platform. What the VM looks like after it is what it is compared with before it is deleted. */
export function copyInPlatform(deps: PublishDeps): StepAction {
  return makeImage(deps, {
    phase: 'PUBLISH_PHASE_COPY',
    prepare: (ctx, role) => role.prepareCopy(argsOf(ctx).source.externalId, argsOf(ctx).source.diskKey, plannedSpec(argsOf(ctx)), ctx.key),
    make: (ctx, role, intent, report, signal) => role.copy(argsOf(ctx).source.externalId, intent, report, signal),
    conclude: async (ctx) => {
      const { source } = argsOf(ctx);
      const record = await (await deps.platforms.connector(source.platformId)).current(source.externalId, ctx.signal);
      if (record.powerState !== 'stopped' && record.powerState !== 'unknown') throw new AppError('PUBLISH_SOURCE_CHANGED', { vm: source.vmName });
      return { vmFingerprint: record.fingerprint };
    },
  });
}

/** Uploads the file that was written and verified in the work directory. */
export function uploadImage(deps: PublishDeps): StepAction {
  const pathOf = (ctx: StepContext): string => temporaryPaths(argsOf(ctx).target.poolPath, ctx.runId).temporary;
  return makeImage(deps, {
    phase: 'PUBLISH_PHASE_UPLOAD',
    prepare: (ctx, role) => {
      const { virtualBytes, targetBytes } = outputOf(ctx, 'convert', convertOutput);
      return role.prepareUpload(specOf(argsOf(ctx), { ...sourceFacts(ctx), virtualBytes }), targetBytes, ctx.key);
    },
    make: (ctx, role, intent, report, signal) => role.upload(intent, pathOf(ctx), report, signal),
    conclude: () => Promise.resolve({}),
  });
}

/** What the copy or the upload made. */
export function madeImage(ctx: StepContext): { image: PlatformImage; intent: PlatformIntent } {
  return argsOf(ctx).target.store?.way === 'copy' ? outputOf(ctx, 'copy', copiedOutput) : outputOf(ctx, 'upload', uploadedOutput);
}

export async function madeFile(deps: PublishDeps, ctx: StepContext): Promise<DiskFile> {
  const store = storeOf(argsOf(ctx));
  return (await storeRole(deps, store)).file(store.externalId, madeImage(ctx).image.externalId);
}

/**
 * Reads the image back from the store: its structure by our reader, its size, and its bytes against what was written or, for a copy,
 * against the disk where that can be read. Where it cannot, the answer says so: the proof is then the platform's word.
 */
export function verifyStored(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    async run(ctx) {
      const args = argsOf(ctx);
      const file = await madeFile(deps, ctx);
      const layers = await deps.disks.chain(file, ctx.signal);
      if (layers.length !== 1 || layers[0]?.format !== args.target.fileType) throw new AppError('PUBLISH_STORED_NOT_WHOLE', { name: args.target.fileName });
      const report = (phase: 'PUBLISH_PHASE_VERIFY' | 'PUBLISH_PHASE_COMPARE') => (done: { doneBytes: number; totalBytes: number }): void =>
        ctx.progress({ phase: say(phase), ...done });
      const identity = await deps.disks.identify(file, 'fast', report('PUBLISH_PHASE_VERIFY'), ctx.signal);
      const expected = await expectedIdentity(deps, ctx, report('PUBLISH_PHASE_COMPARE'));
      if (expected !== null && !isSameIdentity(identity, expected)) throw new AppError('PUBLISH_READ_BACK_DIFFERS', { pool: args.target.poolName });
      if (expected === null && args.source.virtualBytes > identity.virtualBytes) throw new AppError('PUBLISH_STORED_NOT_WHOLE', { name: args.target.fileName });
      return toJson({ verifiedAt: deps.clock.now(), fastIdentity: identity, isReadBack: expected !== null });
    },
  };
}

/** Null where the source itself cannot be read. */
async function expectedIdentity(deps: PublishDeps, ctx: StepContext, report: (done: { doneBytes: number; totalBytes: number }) => void): Promise<DiskIdentity | null> {
  const { source, target } = argsOf(ctx);
  if (target.store?.way === 'upload') return outputOf(ctx, 'convert', convertOutput).fastIdentity;
  if (source.access === 'staged') return null;
  return deps.disks.identify(await openSource(deps, ctx), 'fast', report, ctx.signal);
}

/** Gives it its final name, which is what the platform's users see from then on. @returns its id from now on */
export async function publishStored(deps: PublishDeps, ctx: StepContext): Promise<string> {
  const args = argsOf(ctx);
  const { image, intent } = madeImage(ctx);
  const { fastIdentity } = outputOf(ctx, 'verify', storedOutput);
  const spec = specOf(args, { ...sourceFacts(ctx), virtualBytes: fastIdentity.virtualBytes });
  return (await storeRole(deps, storeOf(args))).publish(image, intent, spec, ctx.signal);
}

/** The working file has done its work once the image is registered. */
export async function removeWorkingFile(ctx: StepContext): Promise<void> {
  const { target } = argsOf(ctx);
  if (target.store?.way !== 'upload') return;
  const { temporary } = temporaryPaths(target.poolPath, ctx.runId);
  await rm(temporary, { force: true });
  for (const item of await ctx.artifacts.list()) if (item.ref['path'] === temporary) await ctx.artifacts.mark(item.id, 'removed');
}
