/** What the stored plans of snapshot workflows say, and what their findings and steps share. */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { platformId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { VmSnapshot } from '../../../shared/model/source-vm.ts';
import type { SnapshotRole } from '../../platforms/connector.ts';
import type { StepContext } from '../engine/definition.ts';
import type { LiveVm } from '../live-vm.ts';
import type { PublishDeps } from '../publish/deps.ts';

export const snapshotArgs = z.object({ platformId, externalId: z.string(), vmName: z.string(), snapshotId: z.string().nullable(), name: z.string() });
export type SnapshotArgs = z.infer<typeof snapshotArgs>;
export const argsOf = (ctx: StepContext): SnapshotArgs => snapshotArgs.parse(ctx.args);

export const storedIntent = z.object({ name: z.string(), data: z.record(z.string(), z.string()) });

/** @throws AppError `PUBLISH_NO_SNAPSHOTS`. */
export async function snapshotRole(deps: Pick<PublishDeps, 'platforms'>, platform: SnapshotArgs['platformId']): Promise<SnapshotRole> {
  const { snapshots } = await deps.platforms.connector(platform);
  if (snapshots === undefined) throw new AppError('PUBLISH_NO_SNAPSHOTS');
  return snapshots;
}

/** @throws AppError `NOT_FOUND`. */
export function snapshotOf({ record }: LiveVm, snapshotId: string): VmSnapshot {
  const snapshot = record.snapshots.find((item) => item.id === snapshotId);
  if (snapshot === undefined) throw new AppError('NOT_FOUND', { what: 'snapshot', id: snapshotId });
  return snapshot;
}

/** Whether the role may be used on this platform at all. */
export async function judgeRole(deps: Pick<PublishDeps, 'platforms'>, vm: LiveVm): Promise<Finding[]> {
  const source = say('PUBLISH_SOURCE_VM', { vm: vm.record.name });
  const role = await deps.platforms.roleOf(vm.known.platformId, 'snapshots');
  if (!role.isAvailable) return [{ id: 'snapshot', severity: 'blocking', reason: role.reason, source, fix: null }];
  return vm.connector.snapshots === undefined ? [{ id: 'snapshot', severity: 'blocking', reason: say('PUBLISH_NO_SNAPSHOTS'), source, fix: null }] : [];
}
