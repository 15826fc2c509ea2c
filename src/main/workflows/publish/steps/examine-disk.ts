/**
 * Looks at the disk that could not be read before the platform had copied it, or before its VM was shut down, and judges the publication
 * again with what it holds. What forbids publishing stops the run; what would have had to be confirmed in the plan is asked now.
 */
import { AppError } from '../../../../shared/model/app-error.ts';
import { worstFirst, type Finding } from '../../../../shared/model/finding.ts';
import { say } from '../../../../shared/model/message.ts';
import type { DiskFile } from '../../../disks/disk-engine.ts';
import type { JsonObject, StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { judgeSource } from '../preflight-source.ts';
import { judgeChoices, judgeSizes, targetSize } from '../preflight-target.ts';
import { argsOf, outputOf, seenKey, stagedOutput, toJson, type PublishArgs } from '../publish-args.ts';
import { identifyOs, type PublishSource } from '../source.ts';
import { diskNow } from './check-again.ts';
import { stagingOf } from './stage-disk.ts';
import { madeFile } from './store-image.ts';

/** By now the VM is down; what its power was is no finding any more. */
const settledPower = { isStopping: false, isStarting: false, canShutDown: false, findings: [] };

async function fileNow(deps: PublishDeps, ctx: StepContext, args: PublishArgs): Promise<DiskFile> {
  if (args.source.access === 'direct') return diskNow(deps, args);
  if (args.target.store?.way === 'copy') return madeFile(deps, ctx);
  return (await stagingOf(deps, args)).file(outputOf(ctx, 'stage', stagedOutput).image);
}

async function readNow(deps: PublishDeps, ctx: StepContext, args: PublishArgs): Promise<PublishSource> {
  const { source } = args;
  const known = await deps.sourceVms.find(source.vmId);
  if (known === null) throw new AppError('NOT_FOUND', { what: 'source-vm', id: source.vmId });
  const connector = await deps.platforms.connector(source.platformId);
  const record = await connector.current(source.externalId, ctx.signal);
  const file = await fileNow(deps, ctx, args);
  const layers = await deps.disks.chain(file, ctx.signal);
  const fingerprint = await deps.disks.fingerprint(file, ctx.signal);
  const inspection = await deps.disks.inspect(file, ctx.signal);
  const disk = { key: source.diskKey, file, layers, virtualBytes: inspection.virtualBytes, fingerprint, inspection };
  const systemDisk = record.disks.find((item) => item.key === source.diskKey) ?? null;
  return { known, connector, record, systemDisk, power: settledPower, access: source.access, disk, problem: null, use: { state: 'free', detail: null } };
}

async function judgeAgain(deps: PublishDeps, args: PublishArgs, source: PublishSource): Promise<Finding[]> {
  const { target } = args;
  const flavor = target.configure?.kind === 'dedicated' ? await deps.flavors.find(target.configure.flavorId) : null;
  const asked = { ...target, vhdVariant: target.vhdVariant ?? 'dynamic', osFamily: args.source.osSaid } as const;
  const os = identifyOs(source, asked.osFamily);
  return worstFirst([
    ...judgeChoices(asked, os.family, flavor),
    ...(source.disk === null ? [] : judgeSizes(await deps.pools.get(target.poolId), source.disk, asked, flavor)),
    ...(await judgeSource(deps, source, asked)),
  ]);
}

/** The first finding is the reason, the others its causes; the history has them all. */
async function tell(ctx: StepContext, findings: readonly Finding[]): Promise<string> {
  for (const { reason } of findings) await ctx.note(reason);
  return findings.map((item) => item.id).join(', ');
}

export function examineDisk(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    async run(ctx): Promise<JsonObject> {
      const args = argsOf(ctx);
      const source = await readNow(deps, ctx, args);
      const { disk } = source;
      if (disk === null) throw new Error('A staged disk was read and is not there.');
      const findings = await judgeAgain(deps, args, source);
      const blocking = findings.filter((item) => item.severity === 'blocking');
      const [first, ...rest] = blocking;
      if (first !== undefined) {
        await tell(ctx, rest);
        throw new AppError('PUBLISH_STAGED_BLOCKED', { vm: args.source.vmName }, { cause: new AppError(first.reason.code, first.reason.params) });
      }
      const isNew = (item: Finding): boolean => (item.severity === 'error' || item.severity === 'warning') && !args.seenFindings.includes(seenKey(item));
      const unseen = findings.filter(isNew);
      if (unseen.length > 0 && ctx.answer !== 'publish') {
        if (ctx.answer === 'stop') throw new AppError('PUBLISH_STAGED_REFUSED', { vm: args.source.vmName });
        await tell(ctx, unseen);
        return ctx.ask({
          text: say('PUBLISH_STAGED_ASK', { count: unseen.length, vm: args.source.vmName }),
          choices: [
            { key: 'publish', label: say('PUBLISH_CHOICE_PUBLISH'), isDestructive: false },
            { key: 'stop', label: say('PUBLISH_CHOICE_STOP'), isDestructive: false },
          ],
        });
      }
      const onlyMode = disk.inspection.boot.only;
      return toJson({
        fingerprint: disk.fingerprint,
        virtualBytes: disk.virtualBytes,
        os: identifyOs(source, args.source.osSaid),
        bootMode: source.record.bootMode === 'unknown' ? onlyMode : source.record.bootMode,
        ...targetSize(disk, { fileType: args.target.fileType, vhdVariant: args.target.vhdVariant ?? 'dynamic' }),
      });
    },
  };
}
