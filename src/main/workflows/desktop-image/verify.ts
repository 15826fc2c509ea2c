/** Verifies a version again: its structure, and that its bytes are those that were published. The result is kept with the version. */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { DiskIdentity } from '../../../shared/model/disk.ts';
import { desktopImageVersionId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import { versionLock } from '../../store/repositories/desktop-image.repo.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { StepAction, StepContext, WorkflowDefinition } from '../engine/definition.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { storeRole } from '../publish/steps/store-image.ts';
import { requireSound, isSameIdentity } from '../publish/steps/verify-image.ts';
import { fileProblem, fileStamp, findVersion, judgeFile, versionSubject, type FoundVersion } from './stored-version.ts';

const argsSchema = z.object({ versionId: desktopImageVersionId });

/** The bytes of a version, once its file is sound; in a store, once the platform still has what was published, by its own hash. */
async function openVersion(deps: PublishDeps, ctx: StepContext, found: FoundVersion): Promise<DiskFile> {
  const { image, version: { stored, fileName }, paths } = found;
  if (stored !== null) {
    const role = await storeRole(deps, stored);
    const now = await role.current(stored.pool, stored.externalId, ctx.signal);
    if (now.hash?.value !== stored.hash?.value) throw new AppError('DESKTOP_IMAGE_STORED_GONE', { name: fileName, pool: image.poolName });
    return role.file(stored.pool, stored.externalId);
  }
  const problem = await fileProblem(found);
  if (problem !== null) throw new AppError(problem.code, problem.params);
  await requireSound(deps.disks, ctx, paths.file);
  return { path: paths.file, policy: { roots: [] } };
}

function verifyVersion(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const { versionId } = argsSchema.parse(ctx.args);
      const found = await findVersion(deps, versionId);
      const { image, version, paths } = found;
      const store = async (outcome: 'ok' | 'failed', detail: Message): Promise<void> => {
        await deps.images.setVerification(versionId, { at: deps.clock.now(), outcome, detail });
        deps.events.emit('desktopImages.changed', {});
      };
      try {
        const file = await openVersion(deps, ctx, found);
        const expected: DiskIdentity = version.contentIdentity ?? version.fastIdentity;
        const now = await deps.disks.identify(file, expected.level,
          (done) => ctx.progress({ phase: say('PUBLISH_PHASE_VERIFY'), ...done }), ctx.signal);
        if (!isSameIdentity(now, expected)) {
          throw version.stored === null ? new AppError('DESKTOP_IMAGE_CHANGED', { path: paths.file }) : new AppError('DESKTOP_IMAGE_STORED_GONE', { name: version.fileName, pool: image.poolName });
        }
        await store('ok', say('PUBLISH_VERIFIED'));
        return { isSame: true };
      } catch (error) {
        if (error instanceof AppError && !ctx.signal.aborted) await store('failed', error.asMessage);
        throw error;
      }
    },
  };
}

export function desktopImageVerify(deps: PublishDeps): WorkflowDefinition<'desktop-image.verify'> {
  return {
    type: 'desktop-image.verify',
    version: 1,
    resume: 'auto',
    async plan({ versionId }) {
      const found = await findVersion(deps, versionId);
      const params = { name: found.image.name, number: found.version.number };
      return {
        title: say('DESKTOP_IMAGE_VERIFY_TITLE', params),
        steps: [{ key: 'verify', action: 'verify', title: say('PUBLISH_STEP_VERIFY'), weight: 1, isDestructive: false, isPivot: false, args: { versionId } }],
        // A missing or changed file does not stop it: saying so is what verifying is for.
        findings: (found.version.stored === null ? await judgeFile(found) : []).map((finding) => ({ ...finding, severity: 'info' })),
        typedName: null,
        facts: { bytesToRead: found.version.actualBytes },
        fingerprint: JSON.stringify([versionId, await fileStamp(found.paths.file)]),
        subject: versionSubject(found),
        locks: [versionLock(versionId)],
        dedupKey: `verify:${versionId}`,
      };
    },
    actions: { verify: verifyVersion(deps) },
  };
}
