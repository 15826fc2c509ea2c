/**
 * Makes a new source VM from a version, so that it can be patched and published as the next one: a qcow2 disk written in the
 * library, read back, and defined as a VM. Which version it came from is remembered; that is what lets it publish under the name.
 */
import { dirname, join } from 'node:path';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { worstFirst, type Finding } from '../../../shared/model/finding.ts';
import { desktopImageVersionId, platformId, type PlatformId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import { bootMode, osIdentity } from '../../../shared/model/os.ts';
import { imageNameProblem } from '../../../shared/rules/image-name.ts';
import { formatOverheadBytes } from '../../../shared/rules/pool-limits.ts';
import type { CreatorRole, NewVmSpec } from '../../platforms/connector.ts';
import { sourceVmIdOf } from '../../platforms/resource-id.ts';
import { versionLock } from '../../store/repositories/desktop-image.repo.ts';
import type { StepAction, StepContext, WorkflowDefinition } from '../engine/definition.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { entryAt, isPlaced, placeFile, syncPath } from '../publish/durable-files.ts';
import { convertOutput, outputOf, toJson } from '../publish/publish-args.ts';
import { isSameIdentity, requireSound } from '../publish/steps/verify-image.ts';
import { fileStamp, findVersion, judgeFile, versionSource, versionSubject, type FoundVersion } from './stored-version.ts';

const specSchema = z.object({
  name: z.string(), diskFormat: z.literal('qcow2'), bootMode, videoModel: z.string(), vcpus: z.number(), memoryBytes: z.number(), os: osIdentity,
});
const argsSchema = z.object({ versionId: desktopImageVersionId, platformId, spec: specSchema, stamp: z.string().nullable() });
const preparedSchema = z.object({ diskPath: z.string(), definitionPath: z.string(), temporary: z.string(), checkpoint: z.string() });
const definedSchema = z.object({ externalId: z.string(), vmId: z.string(), name: z.string() });

type Prepared = z.infer<typeof preparedSchema>;
const argsOf = (ctx: StepContext): z.infer<typeof argsSchema> => argsSchema.parse(ctx.args);

async function creatorOf(deps: PublishDeps, id: PlatformId): Promise<CreatorRole> {
  const { creator } = await deps.platforms.connector(id);
  if (creator === undefined) throw new AppError('NEW_VM_IMPOSSIBLE');
  return creator;
}

const expectFile = (ctx: StepContext, path: string): Promise<string> =>
  ctx.artifacts.expect('file', say('PUBLISH_ARTIFACT_TEMPORARY', { path }), { path });

function writeDisk(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async intent(ctx) {
      const { platformId: platform, spec } = argsOf(ctx);
      const { diskPath, definitionPath } = await (await creatorOf(deps, platform)).prepare(spec, ctx.key);
      const temporary = join(dirname(diskPath), `.goldpress-${ctx.runId}.part`);
      return toJson({ diskPath, definitionPath, temporary, checkpoint: `${temporary}.checkpoint` } satisfies Prepared);
    },
    async run(ctx, intent) {
      const { versionId, stamp } = argsOf(ctx);
      const prepared = preparedSchema.parse(intent);
      const rows = [await expectFile(ctx, prepared.temporary), await expectFile(ctx, prepared.checkpoint)] as const;
      const { paths } = await findVersion(deps, versionId);
      if ((await fileStamp(paths.file)) !== stamp) throw new AppError('DESKTOP_IMAGE_CHANGED', { path: paths.file });
      if ((await entryAt(prepared.temporary)) !== null && (await entryAt(prepared.checkpoint)) === null) await rm(prepared.temporary);
      const result = await deps.disks.convert({
        source: { path: paths.file, policy: { roots: [] } }, targetPath: prepared.temporary, targetFormat: 'qcow2', compression: null,
        checkpointPath: prepared.checkpoint, maxTargetBytes: null,
      }, (done) => ctx.progress({ phase: say('NEW_VM_PHASE_WRITE'), ...done }), ctx.signal);
      await ctx.artifacts.mark(rows[0], 'created');
      await ctx.artifacts.mark(rows[1], 'removed');
      return toJson({ ...prepared, ...convertOutput.parse(result) });
    },
    probe: async (_ctx, intent) => ({ state: (await entryAt(preparedSchema.parse(intent).temporary)) === null ? 'absent' : 'partial' }),
    async compensate(ctx, intent) {
      const { temporary, checkpoint } = preparedSchema.parse(intent);
      for (const path of [temporary, checkpoint]) {
        const row = await expectFile(ctx, path);
        // The engine writes its notes beside themselves first.
        for (const made of [path, `${path}.new`]) await rm(made, { force: true });
        await ctx.artifacts.mark(row, 'removed');
      }
    },
  };
}

function verifyDisk(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const { version } = await findVersion(deps, argsOf(ctx).versionId);
      const { temporary } = outputOf(ctx, 'write', preparedSchema);
      await requireSound(deps.disks, ctx, temporary);
      const identity = await deps.disks.identify({ path: temporary, policy: { roots: [] } }, 'fast',
        (done) => ctx.progress({ phase: say('PUBLISH_PHASE_VERIFY'), ...done }), ctx.signal);
      if (!isSameIdentity(identity, version.fastIdentity)) throw new AppError('DESKTOP_IMAGE_COPY_DIFFERS', { path: temporary });
      return {};
    },
  };
}

function defineVm(deps: PublishDeps): StepAction {
  return {
    cancel: 'never',
    failpoints: ['placed', 'defined'],
    intent: (ctx) => Promise.resolve({ ...outputOf(ctx, 'write', preparedSchema) }),
    async run(ctx, intent) {
      const { versionId, platformId: platform, spec } = argsOf(ctx);
      const prepared = preparedSchema.parse(intent);
      const row = await expectFile(ctx, prepared.diskPath);
      await placeFile(prepared.temporary, prepared.diskPath);
      await ctx.artifacts.mark(row, 'created');
      await syncPath(dirname(prepared.diskPath), 'directory');
      await ctx.failpoint('placed');
      const externalId = await (await creatorOf(deps, platform)).define(spec satisfies NewVmSpec, prepared);
      await ctx.failpoint('defined');
      await deps.images.addLineage({ platformId: platform, externalId }, versionId, deps.clock.now());
      await ctx.artifacts.mark(row, 'kept');
      for (const item of await ctx.artifacts.list()) if (item.ref['path'] === prepared.temporary) await ctx.artifacts.mark(item.id, 'removed');
      await deps.sourceVms.refresh({ platformId: platform, externalId });
      deps.events.emit('desktopImages.changed', {});
      return { externalId, vmId: sourceVmIdOf(platform, externalId), name: spec.name };
    },
    /** Doing it again is harmless: placing and defining recognise what they did. */
    probe: () => Promise.resolve({ state: 'partial' }),
    async compensate(ctx, intent) {
      const { temporary, diskPath, definitionPath } = preparedSchema.parse(intent);
      // Defined after all: it is a VM now, and deleting it is another workflow.
      if ((await entryAt(definitionPath)) !== null) return;
      const row = await expectFile(ctx, diskPath);
      const isCreated = (await ctx.artifacts.list()).some((item) => item.id === row && item.status === 'created');
      const { targetBytes } = outputOf(ctx, 'write', convertOutput);
      if (isCreated || (await isPlaced(temporary, diskPath, targetBytes))) await rm(diskPath, { force: true });
      await ctx.artifacts.mark(row, 'removed');
    },
  };
}

/** What the VM is made with: the flavor's size where the version names one, else a size that any system starts with. */
async function specFor(deps: PublishDeps, { version }: FoundVersion, name: string): Promise<z.infer<typeof specSchema>> {
  const flavor = version.configure?.kind === 'dedicated' ? await deps.flavors.find(version.configure.flavorId) : null;
  return {
    name, diskFormat: 'qcow2', bootMode: version.bootMode, videoModel: 'virtio', os: version.os,
    vcpus: flavor?.vcpus ?? 2, memoryBytes: flavor?.memoryBytes ?? 4 * 1024 ** 3,
  };
}

async function judgeCreation(deps: PublishDeps, found: FoundVersion, platform: PlatformId, spec: NewVmSpec): Promise<Finding[]> {
  const source = versionSource(found);
  const problem = imageNameProblem(spec.name);
  if (problem !== null) return [{ id: 'name', severity: 'blocking', reason: problem, source: say('PUBLISH_SOURCE_REQUEST'), fix: null }];
  if (await deps.sourceVms.isNameTaken(platform, spec.name)) {
    return [{ id: 'name', severity: 'blocking', reason: say('NEW_VM_NAME_TAKEN', { name: spec.name }), source: say('PUBLISH_SOURCE_REQUEST'), fix: null }];
  }
  const role = await deps.platforms.roleOf(platform, 'creator');
  if (!role.isAvailable) return [{ id: 'creator', severity: 'blocking', reason: role.reason, source, fix: null }];
  try {
    const { freeBytes } = await (await creatorOf(deps, platform)).prepare(spec, 'plan');
    const neededBytes = Math.min(found.version.actualBytes, found.version.virtualBytes);
    const mostBytes = found.version.virtualBytes + formatOverheadBytes(found.version.virtualBytes);
    if (freeBytes < neededBytes) return [{ id: 'space', severity: 'blocking', reason: say('NEW_VM_SPACE_SHORT', { neededBytes, freeBytes }), source, fix: null }];
    if (freeBytes < mostBytes) return [{ id: 'space', severity: 'info', reason: say('NEW_VM_SPACE_TIGHT', { neededBytes, mostBytes, freeBytes }), source, fix: null }];
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ id: 'creator', severity: 'blocking', reason: error.asMessage, source, fix: null }];
  }
}

export function desktopImageNewSourceVm(deps: PublishDeps): WorkflowDefinition<'desktop-image.new-source-vm'> {
  return {
    type: 'desktop-image.new-source-vm',
    version: 1,
    resume: 'auto',
    async plan({ versionId, platformId: platform, name }) {
      const found = await findVersion(deps, versionId);
      const spec = await specFor(deps, found, name.normalize('NFC'));
      const args = toJson({ versionId, platformId: platform, spec, stamp: await fileStamp(found.paths.file) });
      const step = { isDestructive: false, isPivot: false, args };
      return {
        title: say('NEW_VM_TITLE', { vm: name, name: found.image.name, number: found.version.number }),
        steps: [
          { key: 'write', action: 'write', title: say('NEW_VM_STEP_WRITE'), weight: 60, ...step },
          { key: 'verify', action: 'verify', title: say('PUBLISH_STEP_VERIFY'), weight: 30, ...step },
          { key: 'define', action: 'define', title: say('NEW_VM_STEP_DEFINE', { vm: name }), weight: 1, ...step, isPivot: true },
        ],
        findings: worstFirst([...(await judgeFile(found)), ...(await judgeCreation(deps, found, platform, spec))]),
        typedName: null,
        facts: { virtualBytes: found.version.virtualBytes, vcpus: spec.vcpus, memoryBytes: spec.memoryBytes },
        fingerprint: JSON.stringify(args),
        subject: versionSubject(found),
        locks: [versionLock(versionId), `new-vm:${platform}`],
        dedupKey: `new-vm:${platform}/${name.toLowerCase()}`,
      };
    },
    actions: { write: writeDisk(deps), verify: verifyDisk(deps), define: defineVm(deps) },
    result(outputs) {
      const defined = definedSchema.safeParse(outputs['define']);
      return defined.success ? { kind: 'source-vm', id: defined.data.vmId, name: defined.data.name } : null;
    },
  };
}
