/** Computes the content identity of the registered file and stores it with the version: what versions are compared by. */
import { say } from '../../../../shared/model/message.ts';
import type { StepAction } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { replaceFile } from '../durable-files.ts';
import { manifestOf, versionPaths } from '../pool-layout.ts';
import { argsOf, outputOf, registerOutput, toJson } from '../publish-args.ts';

export function contentIdentity(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    async run(ctx) {
      const { target } = argsOf(ctx);
      const { path, versionId } = outputOf(ctx, 'register', registerOutput);
      const identity = await deps.disks.identify({ path, policy: { roots: [] } }, 'content',
        (done) => ctx.progress({ phase: say('PUBLISH_PHASE_CONTENT'), ...done }), ctx.signal);
      await deps.images.setContentIdentity(versionId, identity);
      const found = await deps.images.findVersion(versionId);
      if (found !== null) {
        const { manifest } = versionPaths(target.poolPath, target.name, target.fileName);
        await replaceFile(manifest, manifestOf(target, found.version, target.flavorName === null ? null : { name: target.flavorName }), ctx.runId);
      }
      deps.events.emit('desktopImages.changed', {});
      return toJson({ contentIdentity: identity });
    },
  };
}
