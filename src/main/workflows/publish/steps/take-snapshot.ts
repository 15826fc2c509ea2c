/** Snapshots the source VM after it was cloned. Used by the snapshot workflow too, where it can be undone as long as the run lasts. */
import { z } from 'zod';
import { AppError } from '../../../../shared/model/app-error.ts';
import { say } from '../../../../shared/model/message.ts';
import type { ExternalId, PlatformId } from '../../../../shared/model/ids.ts';
import type { SnapshotIntent, SnapshotRole } from '../../../platforms/connector.ts';
import type { StepAction, StepContext } from '../../engine/definition.ts';
import type { PublishDeps } from '../deps.ts';
import { toJson } from '../publish-args.ts';

export interface SnapshotTarget {
  platformId: PlatformId;
  externalId: ExternalId;
  vmName: string;
  name: string;
}

const intentSchema = z.object({ name: z.string(), data: z.record(z.string(), z.string()) });

/** @param targetOf what the step's arguments say. */
export function takeSnapshot(deps: Pick<PublishDeps, 'platforms' | 'sourceVms'>, targetOf: (ctx: StepContext) => SnapshotTarget): StepAction {
  const roleFor = async (ctx: StepContext): Promise<{ target: SnapshotTarget; role: SnapshotRole }> => {
    const target = targetOf(ctx);
    const { snapshots } = await deps.platforms.connector(target.platformId);
    if (snapshots === undefined) throw new AppError('PUBLISH_NO_SNAPSHOTS');
    return { target, role: snapshots };
  };
  const expect = (ctx: StepContext, { name, vmName, externalId }: SnapshotTarget): Promise<string> =>
    ctx.artifacts.expect('snapshot', say('PUBLISH_ARTIFACT_SNAPSHOT', { name, vm: vmName }), { vm: externalId, name });
  const parse = (raw: unknown): SnapshotIntent => intentSchema.parse(raw);

  return {
    cancel: 'before',
    async intent(ctx) {
      const { target, role } = await roleFor(ctx);
      const obstacle = await role.obstacle(target.externalId);
      if (obstacle !== null) throw new AppError(obstacle.code, obstacle.params);
      return toJson(await role.prepare(target.externalId, target.name, ctx.key));
    },
    async run(ctx, rawIntent) {
      const { target, role } = await roleFor(ctx);
      const intent = parse(rawIntent);
      const row = await expect(ctx, target);
      const state = await role.find(target.externalId, intent);
      if (state === 'partial') await role.undo(target.externalId, intent);
      if (state !== 'done') await role.create(target.externalId, intent, ctx.signal);
      await ctx.artifacts.mark(row, 'created');
      await deps.sourceVms.refresh(target);
      return { snapshot: target.name };
    },
    async probe(ctx, rawIntent) {
      const { target, role } = await roleFor(ctx);
      const state = await role.find(target.externalId, parse(rawIntent));
      if (state !== 'done') return { state };
      await ctx.artifacts.mark(await expect(ctx, target), 'created');
      await deps.sourceVms.refresh(target);
      return { state, output: { snapshot: target.name } };
    },
    async compensate(ctx, rawIntent) {
      const { target, role } = await roleFor(ctx);
      await role.undo(target.externalId, parse(rawIntent));
      await ctx.artifacts.mark(await expect(ctx, target), 'removed');
      await deps.sourceVms.refresh(target);
    },
  };
}
