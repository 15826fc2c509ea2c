/** Deletes a version, or a desktop image with all its versions, once nothing uses them and the name was typed. */
import { rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { desktopImageVersionId, type DesktopImageId, type DesktopImageVersionId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import { worstFirst, type Finding } from '../../../shared/model/finding.ts';
import { nameKey } from '../../../shared/rules/image-name.ts';
import { versionLock } from '../../store/repositories/desktop-image.repo.ts';
import type { StepAction, WorkflowDefinition } from '../engine/definition.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { storeRole } from '../publish/steps/store-image.ts';
import { removeIfEmpty } from '../publish/durable-files.ts';
import { fileProblem, fileStamp, findVersion, pathsOfVersion, versionSource, type FoundVersion } from './stored-version.ts';
import { usersOf } from './version-users.ts';

const argsSchema = z.object({ versionId: desktopImageVersionId, file: z.string(), manifest: z.string(), directory: z.string(), stamp: z.string().nullable() });

function deleteVersion(deps: PublishDeps): StepAction {
  return {
    cancel: 'never',
    failpoints: ['file-gone'],
    intent: (ctx) => Promise.resolve({ ...argsSchema.parse(ctx.args) }),
    async run(ctx) {
      const { versionId, file, manifest, directory, stamp } = argsSchema.parse(ctx.args);
      const found = await deps.images.findVersion(versionId);
      if (found?.version.stored) {
        const { stored } = found.version;
        await (await storeRole(deps, stored)).remove(stored.pool, stored.externalId, ctx.signal);
        await ctx.failpoint('file-gone');
        await deps.images.removeVersion(versionId);
        deps.events.emit('desktopImages.changed', {});
        deps.events.emit('imagePools.changed', {});
        return {};
      }
      const now = await fileStamp(file);
      if (now !== null && now !== stamp) throw new AppError('DESKTOP_IMAGE_CHANGED', { path: file });
      await rm(file, { force: true });
      await ctx.failpoint('file-gone');
      await rm(manifest, { force: true });
      await deps.images.removeVersion(versionId);
      await removeIfEmpty(directory);
      deps.events.emit('desktopImages.changed', {});
      deps.events.emit('imagePools.changed', {});
      return {};
    },
    async probe(ctx) {
      const { versionId, directory } = argsSchema.parse(ctx.args);
      if ((await deps.images.findVersion(versionId)) !== null) return { state: 'partial' };
      if (isAbsolute(directory)) await removeIfEmpty(directory);
      return { state: 'done', output: {} };
    },
  };
}

async function chosenVersions(deps: PublishDeps, imageId: DesktopImageId, versionId: DesktopImageVersionId | null): Promise<FoundVersion[]> {
  if (versionId !== null) {
    const found = await findVersion(deps, versionId);
    if (found.image.id !== imageId) throw new AppError('NOT_FOUND', { what: 'desktop-image-version', id: versionId });
    return [found];
  }
  const image = await deps.images.find(imageId);
  if (image === null) throw new AppError('NOT_FOUND', { what: 'desktop-image', id: imageId });
  return (await deps.images.versions(imageId)).map((version) => ({ image, version, paths: pathsOfVersion(image, version) }));
}

async function judgeVersion(deps: PublishDeps, found: FoundVersion): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { number } = found.version;
  const users = await usersOf(deps, found.version.id);
  if (users.length > 0) {
    findings.push({
      id: `in-use:${number}`, severity: 'blocking', reason: say('DESKTOP_IMAGE_IN_USE', { number, users: users.join(', ') }), source: versionSource(found), fix: null,
    });
  }
  const problem = found.version.stored === null ? await fileProblem(found) : null;
  if (problem !== null) findings.push({ id: `file:${number}`, severity: 'warning', reason: problem, source: versionSource(found), fix: null });
  return findings;
}

export function desktopImageDelete(deps: PublishDeps): WorkflowDefinition<'desktop-image.delete'> {
  return {
    type: 'desktop-image.delete',
    version: 1,
    resume: 'auto',
    async plan({ desktopImageId, versionId }) {
      const versions = await chosenVersions(deps, desktopImageId as DesktopImageId, versionId);
      const [first] = versions;
      if (first === undefined) throw new AppError('NOT_FOUND', { what: 'desktop-image', id: desktopImageId });
      const { image } = first;
      const findings = (await Promise.all(versions.map((found) => judgeVersion(deps, found)))).flat();
      const steps = await Promise.all(versions.map(async ({ version, paths }) => ({
        key: `v${version.number}`,
        action: 'delete',
        title: say('DESKTOP_IMAGE_STEP_DELETE', { file: version.fileName }),
        weight: 1,
        isDestructive: true,
        isPivot: true,
        args: { versionId: version.id, ...paths, stamp: await fileStamp(paths.file) },
      })));
      return {
        title: versionId === null ? say('DESKTOP_IMAGE_DELETE_TITLE', { name: image.name }) : say('DESKTOP_IMAGE_DELETE_VERSION_TITLE', { name: image.name, number: first.version.number }),
        steps,
        findings: worstFirst(findings),
        typedName: image.name,
        facts: { versions: versions.length, bytesToFree: versions.reduce((sum, { version }) => sum + version.actualBytes, 0) },
        fingerprint: JSON.stringify(steps.map((step) => step.args)),
        subject: { kind: 'desktop-image', id: image.id, name: image.name },
        locks: [...versions.map(({ version }) => versionLock(version.id)), `name:${image.poolId}/${nameKey(image.name)}`],
        dedupKey: `delete:${image.id}`,
      };
    },
    actions: { delete: deleteVersion(deps) },
  };
}
