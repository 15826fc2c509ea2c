/** Copies a version's file out to a place that a person chose, and reads the copy back before it gets its name. */
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { desktopImageVersionId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import { judgePoolLimits } from '../../../shared/rules/pool-limits.ts';
import { directoryFacts } from '../../image-pools/pool-facts.ts';
import { versionLock } from '../../store/repositories/desktop-image.repo.ts';
import { diskLock } from '../disk-locks.ts';
import type { StepAction, StepContext, WorkflowDefinition } from '../engine/definition.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { nameWrittenFile } from '../name-written-file.ts';
import { entryAt } from '../publish/durable-files.ts';
import { isSameIdentity } from '../publish/steps/verify-image.ts';
import { copyFileResumable, removeOwn } from './copy-file.ts';
import { fileStamp, findVersion, judgeFile, versionSource, versionSubject, type FoundVersion } from './stored-version.ts';

const argsSchema = z.object({ versionId: desktopImageVersionId, targetPath: z.string(), stamp: z.string().nullable() });

const argsOf = (ctx: StepContext): z.infer<typeof argsSchema> & { temporary: string } => {
  const args = argsSchema.parse(ctx.args);
  return { ...args, temporary: join(dirname(args.targetPath), `.goldpress-${ctx.runId}.part`) };
};

const expectTemporary = (ctx: StepContext): Promise<string> => {
  const { temporary } = argsOf(ctx);
  return ctx.artifacts.expect('file', say('PUBLISH_ARTIFACT_TEMPORARY', { path: temporary }), { path: temporary });
};

function copyOut(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    intent: (ctx) => Promise.resolve({ temporary: argsOf(ctx).temporary }),
    async run(ctx) {
      const { versionId, temporary, stamp } = argsOf(ctx);
      const row = await expectTemporary(ctx);
      const { paths } = await findVersion(deps, versionId);
      if ((await fileStamp(paths.file)) !== stamp) throw new AppError('DESKTOP_IMAGE_CHANGED', { path: paths.file });
      await copyFileResumable(paths.file, temporary, (done) => ctx.progress({ phase: say('DESKTOP_IMAGE_PHASE_COPY'), ...done }), ctx.signal);
      await ctx.artifacts.mark(row, 'created');
      return {};
    },
    probe: async (ctx) => ({ state: (await entryAt(argsOf(ctx).temporary)) === null ? 'absent' : 'partial' }),
    async compensate(ctx) {
      const row = await expectTemporary(ctx);
      await removeOwn(argsOf(ctx).temporary);
      await ctx.artifacts.mark(row, 'removed');
    },
  };
}

function verifyCopy(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const { versionId, temporary } = argsOf(ctx);
      const { version } = await findVersion(deps, versionId);
      const copied = await deps.disks.identify({ path: temporary, policy: { roots: [] } }, 'fast',
        (done) => ctx.progress({ phase: say('PUBLISH_PHASE_VERIFY'), ...done }), ctx.signal);
      if (!isSameIdentity(copied, version.fastIdentity)) throw new AppError('DESKTOP_IMAGE_COPY_DIFFERS', { path: temporary });
      return {};
    },
  };
}

function nameCopy(deps: PublishDeps): StepAction {
  return nameWrittenFile({
    paths: argsOf,
    description: 'DESKTOP_IMAGE_ARTIFACT_COPY',
    expectedBytes: async (ctx) => (await findVersion(deps, argsOf(ctx).versionId)).version.actualBytes,
  });
}

async function judgeTarget(found: FoundVersion, targetPath: string): Promise<Finding[]> {
  const directory = dirname(targetPath);
  const size = { atLeastBytes: found.version.actualBytes, atMostBytes: found.version.actualBytes };
  const findings = judgePoolLimits({ name: directory, ...(await directoryFacts(directory)) }, size);
  if ((await entryAt(targetPath).catch(() => null)) !== null) {
    findings.push({ id: 'target', severity: 'blocking', reason: say('PUBLISH_FILE_APPEARED', { path: targetPath }), source: versionSource(found), fix: null });
  }
  return findings;
}

export function desktopImageCopy(deps: PublishDeps): WorkflowDefinition<'desktop-image.copy'> {
  return {
    type: 'desktop-image.copy',
    version: 1,
    resume: 'auto',
    async plan({ versionId, target }) {
      const found = await findVersion(deps, versionId);
      const chosen = deps.grants.resolve(target);
      const isDirectory = (await entryAt(chosen).catch(() => null))?.isDirectory() === true;
      const targetPath = isDirectory ? join(chosen, found.version.fileName) : chosen;
      const stamp = await fileStamp(found.paths.file);
      const args = { versionId, targetPath, stamp };
      const step = { isDestructive: false, isPivot: false, args };
      return {
        title: say('DESKTOP_IMAGE_COPY_TITLE', { name: found.image.name, number: found.version.number, path: targetPath }),
        steps: [
          { key: 'copy', action: 'copy', title: say('DESKTOP_IMAGE_STEP_COPY'), weight: 60, ...step },
          { key: 'verify', action: 'verify', title: say('PUBLISH_STEP_VERIFY'), weight: 40, ...step },
          { key: 'name', action: 'name', title: say('DESKTOP_IMAGE_STEP_NAME', { file: basename(targetPath) }), weight: 1, ...step, isPivot: true },
        ],
        findings: [...(await judgeFile(found)), ...(await judgeTarget(found, targetPath))],
        typedName: null,
        facts: { bytesToWrite: found.version.actualBytes, targetPath },
        fingerprint: JSON.stringify(args),
        subject: versionSubject(found),
        locks: [versionLock(versionId), diskLock(null, targetPath)],
        dedupKey: `copy:${targetPath}`,
      };
    },
    actions: { copy: copyOut(deps), verify: verifyCopy(deps), name: nameCopy(deps) },
  };
}
