/** What a step reads from: the VM's disk in its place, or the copy that the platform made of it. */
import { AppError } from '../../../shared/model/app-error.ts';
import type { BootMode, OsIdentity } from '../../../shared/model/os.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { StepContext } from '../engine/definition.ts';
import { stoppedOutput } from '../power-steps.ts';
import type { PublishDeps } from './deps.ts';
import { argsOf, copiedOutput, examinedOutput, outputOf, stagedOutput } from './publish-args.ts';
import { openPlannedSource } from './steps/check-again.ts';
import { stagingOf } from './steps/stage-disk.ts';

/** @throws AppError `PUBLISH_STAGED_CHANGED`, or what `openPlannedSource` throws. */
export async function openSource(deps: PublishDeps, ctx: StepContext): Promise<DiskFile> {
  const args = argsOf(ctx);
  if (args.source.access === 'direct') return openPlannedSource(deps, args, sourceFacts(ctx).fingerprint, ctx.signal);
  const { image } = outputOf(ctx, 'stage', stagedOutput);
  const file = await (await stagingOf(deps, args)).file(image);
  const { fingerprint } = outputOf(ctx, 'examine', examinedOutput);
  if ((await deps.disks.fingerprint(file, ctx.signal)) !== fingerprint) throw new AppError('PUBLISH_STAGED_CHANGED', { vm: args.source.vmName });
  return file;
}

/** What the plan says of the source's disk, or what was found once it could be read. */
export function sourceFacts(ctx: StepContext): { fingerprint: string; atMostBytes: number; os: OsIdentity; bootMode: BootMode; vmFingerprint: string } {
  const { source, target } = argsOf(ctx);
  if (source.access === 'direct' && !source.isStopped) {
    return { fingerprint: source.diskFingerprint, atMostBytes: target.atMostBytes, os: source.os, bootMode: source.bootMode, vmFingerprint: source.vmFingerprint };
  }
  const { fingerprint, atMostBytes, os, bootMode } = outputOf(ctx, 'examine', examinedOutput);
  const { vmFingerprint } = source.access === 'direct'
    ? outputOf(ctx, 'stop', stoppedOutput)
    : target.store?.way === 'copy' ? outputOf(ctx, 'copy', copiedOutput) : outputOf(ctx, 'stage', stagedOutput);
  return { fingerprint, atMostBytes, os, bootMode, vmFingerprint };
}
