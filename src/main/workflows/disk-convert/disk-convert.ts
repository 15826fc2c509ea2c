/** Converts a disk file that a person chose into another format: written under a temporary name, read back, then named. */
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { clusterCompression, diskChoice, diskIdentity, diskTargetFormat, type DiskTargetFormat } from '../../../shared/model/disk.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { say } from '../../../shared/model/message.ts';
import { formatOverheadBytes, judgePoolLimits } from '../../../shared/rules/pool-limits.ts';
import { withChoice, type DiskFile } from '../../disks/disk-engine.ts';
import { isSameIdentity } from '../../disks/identity.ts';
import { maxVhdBytes } from '../../disks/vhd/target.ts';
import { directoryFacts } from '../../image-pools/pool-facts.ts';
import { diskLock } from '../disk-locks.ts';
import type { RequestOf, StepAction, StepContext, WorkflowDefinition } from '../engine/definition.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { entryAt } from '../publish/durable-files.ts';
import { toJson } from '../publish/publish-args.ts';
import { requireSound } from '../publish/steps/verify-image.ts';
import { nameWrittenFile } from '../name-written-file.ts';
import { pathsOf } from './convert-paths.ts';

const argsSchema = z.object({
  sourcePath: z.string(),
  isBackingAllowed: z.boolean(),
  choice: diskChoice.default({}),
  targetPath: z.string(),
  format: diskTargetFormat,
  compression: clusterCompression.nullable(),
  /** Null where the plan could not read the source; such a plan cannot start. */
  fingerprint: z.string().nullable(),
  atMostBytes: z.number(),
});
type ConvertArgs = z.infer<typeof argsSchema>;

const convertedSchema = z.object({ targetBytes: z.number(), fastIdentity: diskIdentity });

const extensions: Readonly<Record<DiskTargetFormat, string>> = { qcow2: '.qcow2', vhd: '.vhd', 'vhd-fixed': '.vhd', raw: '.raw' };

function sourceOf(args: Pick<ConvertArgs, 'sourcePath' | 'isBackingAllowed' | 'choice'>): DiskFile {
  return withChoice({ path: args.sourcePath, policy: { roots: args.isBackingAllowed ? [dirname(args.sourcePath)] : [] } }, args.choice);
}

function convertFile({ disks }: PublishDeps): StepAction {
  const rows = async (ctx: StepContext): Promise<{ file: string; notes: string }> => {
    const { temporary, checkpoint } = pathsOf(ctx);
    return {
      file: await ctx.artifacts.expect('file', say('DISK_CONVERT_ARTIFACT', { path: temporary }), { path: temporary }),
      notes: await ctx.artifacts.expect('file', say('DISK_CONVERT_NOTES', { path: checkpoint }), { path: checkpoint }),
    };
  };
  return {
    cancel: 'signal',
    intent: (ctx) => Promise.resolve(toJson(pathsOf(ctx))),
    async run(ctx) {
      const args = argsSchema.parse(ctx.args);
      const { temporary, checkpoint, removeAll } = pathsOf(ctx);
      const { file, notes } = await rows(ctx);
      if ((await disks.fingerprint(sourceOf(args), ctx.signal)) !== args.fingerprint) throw new AppError('DISK_CHANGED', { path: args.sourcePath });
      // Finished, but the run did not get to know: without its notes nothing vouches for the file, so it is made again.
      if ((await entryAt(temporary)) !== null && (await entryAt(checkpoint)) === null) await removeAll();
      const result = await disks.convert(
        {
          source: sourceOf(args), targetPath: temporary, targetFormat: args.format, compression: args.compression, checkpointPath: checkpoint,
          maxTargetBytes: args.atMostBytes,
        },
        (done) => ctx.progress({ phase: say('DISK_CONVERT_PHASE'), ...done }),
        ctx.signal,
      );
      await ctx.artifacts.mark(file, 'created');
      await ctx.artifacts.mark(notes, 'removed');
      return toJson({ targetBytes: result.targetBytes, fastIdentity: result.fastIdentity });
    },
    probe: async (ctx) => ({ state: (await entryAt(pathsOf(ctx).temporary)) === null ? 'absent' : 'partial' }),
    async compensate(ctx) {
      const { file, notes } = await rows(ctx);
      await pathsOf(ctx).removeAll();
      await ctx.artifacts.mark(file, 'removed');
      await ctx.artifacts.mark(notes, 'removed');
    },
  };
}

function verifyFile({ disks }: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async run(ctx) {
      const { temporary } = pathsOf(ctx);
      const { fastIdentity } = convertedSchema.parse(ctx.outputs['convert']);
      await requireSound(disks, ctx, temporary);
      const readBack = await disks.identify({ path: temporary, policy: { roots: [] } }, 'fast',
        (done) => ctx.progress({ phase: say('DISK_CONVERT_PHASE_VERIFY'), ...done }), ctx.signal);
      if (!isSameIdentity(readBack, fastIdentity)) throw new AppError('DISK_CONVERT_DIFFERS', { path: temporary });
      return {};
    },
  };
}

interface Looked {
  virtualBytes: number;
  fingerprint: string | null;
  findings: Finding[];
}

/** What stands against it: the source itself, a name that is taken, the format's limit, the space. */
async function lookAt(deps: PublishDeps, source: DiskFile, targetPath: string, format: DiskTargetFormat, signal: AbortSignal): Promise<Looked> {
  const label = say('DISK_CONVERT_SOURCE', { path: source.path });
  const blocking = (id: string, reason: Finding['reason']): Finding => ({ id, severity: 'blocking', reason, source: label, fix: null });
  const findings: Finding[] = [];
  let virtualBytes = 0;
  let fingerprint: string | null = null;
  try {
    virtualBytes = (await deps.disks.chain(source, signal))[0]?.virtualBytes ?? 0;
    fingerprint = await deps.disks.fingerprint(source, signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    findings.push(blocking('source', error.asMessage));
  }
  if ((await entryAt(targetPath)) !== null) findings.push(blocking('target', say('DISK_TARGET_EXISTS', { path: targetPath })));
  if (format.startsWith('vhd') && virtualBytes > maxVhdBytes) {
    findings.push(blocking('vhd-size', say('DISK_VHD_TOO_LARGE', { path: targetPath, sizeBytes: virtualBytes, limitBytes: maxVhdBytes })));
  }
  const directory = dirname(targetPath);
  const atLeastBytes = format === 'vhd-fixed' ? virtualBytes : 0;
  findings.push(...judgePoolLimits({ name: directory, ...(await directoryFacts(directory)) }, { atLeastBytes, atMostBytes: atMost(virtualBytes) }));
  return { virtualBytes, fingerprint, findings };
}

function atMost(virtualBytes: number): number {
  return virtualBytes + formatOverheadBytes(virtualBytes);
}

async function argumentsOf(deps: PublishDeps, request: RequestOf<'disk.convert'>): Promise<Omit<ConvertArgs, 'fingerprint' | 'atMostBytes'>> {
  const sourcePath = deps.grants.resolve(request.source);
  const chosen = deps.grants.resolve(request.target);
  const isDirectory = (await entryAt(chosen))?.isDirectory() === true;
  const name = `${basename(sourcePath, extname(sourcePath))}${extensions[request.format]}`;
  const { isBackingAllowed, choice, format } = request;
  return { sourcePath, isBackingAllowed, choice, targetPath: isDirectory ? join(chosen, name) : chosen, format, compression: format === 'qcow2' ? request.compression : null };
}

export function diskConvert(deps: PublishDeps): WorkflowDefinition<'disk.convert'> {
  return {
    type: 'disk.convert',
    version: 1,
    resume: 'auto',
    async plan(request, signal) {
      const wanted = await argumentsOf(deps, request);
      const { virtualBytes, fingerprint, findings } = await lookAt(deps, sourceOf(wanted), wanted.targetPath, wanted.format, signal);
      const args = { ...wanted, fingerprint, atMostBytes: atMost(virtualBytes) };
      const step = { isDestructive: false, isPivot: false, args: toJson(args) };
      const file = basename(wanted.targetPath);
      return {
        title: say('DISK_CONVERT_TITLE', { from: basename(wanted.sourcePath), to: file }),
        steps: [
          { key: 'convert', action: 'convert', title: say('DISK_CONVERT_STEP'), weight: 70, ...step },
          { key: 'verify', action: 'verify', title: say('DISK_CONVERT_STEP_VERIFY'), weight: 29, ...step },
          { key: 'name', action: 'name', title: say('DISK_CONVERT_STEP_NAME', { file }), weight: 1, ...step, isPivot: true },
        ],
        findings,
        typedName: null,
        facts: { virtualBytes, targetPath: wanted.targetPath },
        fingerprint: JSON.stringify(args),
        subject: { kind: 'disk', id: wanted.sourcePath, name: basename(wanted.sourcePath) },
        locks: [diskLock(null, wanted.sourcePath), diskLock(null, wanted.targetPath)],
        dedupKey: `disk-convert:${wanted.targetPath}`,
      };
    },
    actions: {
      convert: convertFile(deps),
      verify: verifyFile(deps),
      name: nameWrittenFile({
        paths: pathsOf,
        description: 'DISK_CONVERT_RESULT',
        expectedBytes: (ctx) => Promise.resolve(convertedSchema.parse(ctx.outputs['convert']).targetBytes),
      }),
    },
    result: (outputs) => {
      const named = z.object({ path: z.string() }).safeParse(outputs['name']);
      return named.success ? { kind: 'disk', id: named.data.path, name: basename(named.data.path) } : null;
    },
  };
}
