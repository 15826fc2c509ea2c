/** Computes the content identity of the registered file and stores it with the version: what versions are compared by. */
import { AppError } from '../../../../shared/model/app-error.ts';
import type { DesktopImageVersionId } from '../../../../shared/model/ids.ts';
import { say } from '../../../../shared/model/message.ts';
import type { DiskFile } from '../../../disks/disk-engine.ts';
import type { StepAction } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { replaceFile } from '../durable-files.ts';
import { manifestOf, versionPaths } from '../pool-layout.ts';
import { argsOf, outputOf, registerOutput, toJson } from '../publish-args.ts';
import { storeRole } from './store-image.ts';

/** Of a version in a platform's store, for reading by ranges. @throws AppError `NOT_FOUND`, `PUBLISH_NO_STORE` */
export async function publishedFile(deps: PublishDeps, id: DesktopImageVersionId): Promise<DiskFile> {
  const stored = (await deps.images.findVersion(id))?.version.stored ?? null;
  if (stored === null) throw new AppError('NOT_FOUND', { what: 'desktop-image-version', id });
  return (await storeRole(deps, stored)).file(stored.pool, stored.externalId);
}

export function contentIdentity(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    async run(ctx) {
      const { target } = argsOf(ctx);
      const { path, versionId } = outputOf(ctx, 'register', registerOutput);
      const file = target.store === null ? { path, policy: { roots: [] } } : await publishedFile(deps, versionId);
      const identity = await deps.disks.identify(file, 'content',
        (done) => ctx.progress({ phase: say('PUBLISH_PHASE_CONTENT'), ...done }), ctx.signal);
      await deps.images.setContentIdentity(versionId, identity);
      const found = await deps.images.findVersion(versionId);
      if (found !== null && target.store === null) {
        const { manifest } = versionPaths(target.poolPath, target.name, target.fileName);
        await replaceFile(manifest, manifestOf(target, found.version, target.flavorName === null ? null : { name: target.flavorName }), ctx.runId);
      }
      deps.events.emit('desktopImages.changed', {});
      return toJson({ contentIdentity: identity });
    },
  };
}
