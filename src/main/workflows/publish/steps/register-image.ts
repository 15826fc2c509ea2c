/**
 * The pivot: gives the verified file its name, describes it beside it, and registers the version. Nothing is overwritten; each half
 * can be found again after a crash, because all names and ids are in the intent.
 */
import { mkdir, rm } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../../../shared/model/app-error.ts';
import { desktopImageId, desktopImageVersionId, type DesktopImageId, type DesktopImageVersionId } from '../../../../shared/model/ids.ts';
import { say } from '../../../../shared/model/message.ts';
import { newId } from '../../../clock.ts';
import type { StoredVersion } from '../../../store/repositories/desktop-image-rows.ts';
import type { JsonObject, StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { entryAt, errorCode, isPlaced, placeFile, removeIfEmpty, replaceFile, replacementPath, syncPath } from '../durable-files.ts';
import { sourceFacts } from '../open-source.ts';
import { manifestOf, temporaryPaths, versionPaths, type VersionPaths } from '../pool-layout.ts';
import { argsOf, convertOutput, outputOf, toJson, verifyOutput } from '../publish-args.ts';

const intentSchema = z.object({ desktopImageId, versionId: desktopImageVersionId, publishedAt: z.number() });
type Intent = z.infer<typeof intentSchema>;

function pathsOf(ctx: StepContext): VersionPaths & { temporary: string } {
  const { target } = argsOf(ctx);
  return { ...versionPaths(target.poolPath, target.name, target.fileName), ...temporaryPaths(target.poolPath, ctx.runId) };
}

function versionOf(ctx: StepContext, intent: Intent): StoredVersion {
  const { mode, source, target } = argsOf(ctx);
  const converted = outputOf(ctx, 'convert', convertOutput);
  const { os, bootMode } = sourceFacts(ctx);
  return {
    id: intent.versionId,
    desktopImageId: intent.desktopImageId,
    number: target.number,
    isCurrent: true,
    fileType: target.fileType,
    vhdVariant: target.vhdVariant,
    fileName: target.fileName,
    virtualBytes: converted.virtualBytes,
    actualBytes: converted.targetBytes,
    configure: target.configure,
    source: { mode, vmId: source.vmId, vmName: source.vmName, platformId: source.platformId, platformName: source.platformName },
    os,
    bootMode,
    videoModel: source.videoModel,
    publishedBy: ctx.createdBy,
    publishedAt: intent.publishedAt,
    runId: ctx.runId,
    fastIdentity: converted.fastIdentity,
    contentIdentity: null,
    stored: null,
    verification: { at: outputOf(ctx, 'verify', verifyOutput).verifiedAt, outcome: 'ok', detail: say('PUBLISH_VERIFIED') },
  };
}

export function registerImage(deps: PublishDeps): StepAction {
  const rowsOf = async (ctx: StepContext, paths: VersionPaths): Promise<{ directory: string; image: string; manifest: string }> => ({
    directory: await ctx.artifacts.expect('directory', say('PUBLISH_ARTIFACT_DIRECTORY', { path: paths.directory }), { path: paths.directory }),
    image: await ctx.artifacts.expect('file', say('PUBLISH_ARTIFACT_IMAGE', { path: paths.file }), { path: paths.file }),
    manifest: await ctx.artifacts.expect('file', say('PUBLISH_ARTIFACT_MANIFEST', { path: paths.manifest }), { path: paths.manifest }),
  });

  /** The last words after the database knows the version; also reached through the probe. */
  const conclude = async (ctx: StepContext, intent: Intent): Promise<JsonObject> => {
    const paths = pathsOf(ctx);
    const rows = await rowsOf(ctx, paths);
    for (const row of [rows.directory, rows.image, rows.manifest]) await ctx.artifacts.mark(row, 'kept');
    await markTemporaryGone(ctx, paths.temporary);
    deps.events.emit('desktopImages.changed', {});
    deps.events.emit('imagePools.changed', {});
    return toJson({ desktopImageId: intent.desktopImageId, versionId: intent.versionId, path: paths.file });
  };

  return {
    cancel: 'never',
    failpoints: ['placed', 'described', 'registered'],
    intent: (ctx) => Promise.resolve(toJson({
      desktopImageId: argsOf(ctx).target.desktopImageId ?? newId<DesktopImageId>('di'),
      versionId: newId<DesktopImageVersionId>('div'),
      publishedAt: deps.clock.now(),
    })),
    async run(ctx, rawIntent) {
      const intent = intentSchema.parse(rawIntent);
      const { source, target } = argsOf(ctx);
      const paths = pathsOf(ctx);
      const rows = await rowsOf(ctx, paths);
      await makeDirectory(paths.directory, async () => ctx.artifacts.mark(rows.directory, 'created'));
      if ((await entryAt(paths.temporary)) !== null) await syncPath(paths.temporary, 'file');
      await placeFile(paths.temporary, paths.file);
      await ctx.artifacts.mark(rows.image, 'created');
      await syncPath(paths.directory, 'directory');
      await syncPath(target.poolPath, 'directory');
      await ctx.failpoint('placed');
      const version = versionOf(ctx, intent);
      await replaceFile(paths.manifest, manifestOf(target, version, target.flavorName === null ? null : { name: target.flavorName }), ctx.runId);
      await ctx.artifacts.mark(rows.manifest, 'created');
      await ctx.failpoint('described');
      await deps.images.register({
        id: intent.desktopImageId, name: target.name, poolId: target.poolId, architecture: target.architecture, originKey: source.vmId,
        createdAt: intent.publishedAt,
      }, version);
      await ctx.failpoint('registered');
      return conclude(ctx, intent);
    },
    async probe(ctx, rawIntent) {
      const intent = intentSchema.parse(rawIntent);
      if ((await deps.images.findVersion(intent.versionId)) !== null) return { state: 'done', output: await conclude(ctx, intent) };
      const paths = pathsOf(ctx);
      const { targetBytes } = outputOf(ctx, 'convert', convertOutput);
      if (await isPlaced(paths.temporary, paths.file, targetBytes)) return { state: 'partial' };
      if ((await entryAt(paths.temporary)) !== null) return { state: 'absent' };
      return {
        state: 'unknown',
        question: { text: say('PUBLISH_OUTCOME_UNKNOWN', { path: paths.file }), choices: [{ key: 'retry', label: say('PUBLISH_CHOICE_RETRY'), isDestructive: false }] },
      };
    },
    async compensate(ctx, rawIntent) {
      // Registered after all: it is a desktop image now, and not this run's to remove.
      if ((await deps.images.findVersion(intentSchema.parse(rawIntent).versionId)) !== null) return;
      const paths = pathsOf(ctx);
      const rows = await rowsOf(ctx, paths);
      const mine = new Map((await ctx.artifacts.list()).map((item) => [item.id, item.status]));
      const { targetBytes } = outputOf(ctx, 'convert', convertOutput);
      // Whoever placed the file also wrote what lies beside it under its name.
      if (mine.get(rows.image) === 'created' || (await isPlaced(paths.temporary, paths.file, targetBytes))) {
        await rm(paths.file, { force: true });
        await rm(paths.manifest, { force: true });
      }
      await ctx.artifacts.mark(rows.image, 'removed');
      await rm(replacementPath(paths.manifest, ctx.runId), { force: true });
      await ctx.artifacts.mark(rows.manifest, 'removed');
      const isGone = mine.get(rows.directory) === 'created' ? await removeIfEmpty(paths.directory) : (await entryAt(paths.directory)) === null;
      await ctx.artifacts.mark(rows.directory, isGone ? 'removed' : 'kept');
    },
  };
}

/** @throws AppError `PUBLISH_NAME_ON_DISK` when something that is no folder has the name; links are not followed. */
async function makeDirectory(path: string, onMade: () => Promise<void>): Promise<void> {
  try {
    await mkdir(path);
    await onMade();
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    if ((await entryAt(path))?.isDirectory() !== true) throw new AppError('PUBLISH_NAME_ON_DISK', { path }, { cause: error });
  }
}

/** The unfinished file of the step before has become the image. */
async function markTemporaryGone(ctx: StepContext, temporary: string): Promise<void> {
  for (const item of await ctx.artifacts.list()) {
    if (item.ref['path'] === temporary) await ctx.artifacts.mark(item.id, 'removed');
  }
}
