/** Deletes a snapshot. The VM keeps its present state: what the snapshot held for it is merged into a new file first, space checked before. */
import { say } from '../../../shared/model/message.ts';
import { worstFirst, type Finding } from '../../../shared/model/finding.ts';
import type { StepAction, WorkflowDefinition } from '../engine/definition.ts';
import { judgeStopped, powerFor, readVm, vmPlan, type LiveVm } from '../live-vm.ts';
import { startStep, startVm, stopStep, stopVm } from '../power-steps.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { toJson } from '../publish/publish-args.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { argsOf, judgeRole, snapshotOf, snapshotRole, storedIntent, type SnapshotArgs } from './snapshot-args.ts';

function deleteSnapshot(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    async intent(ctx) {
      const args = argsOf(ctx);
      return toJson(await (await snapshotRole(deps, args.platformId)).prepareDelete(args.externalId, args.snapshotId ?? '', ctx.key));
    },
    async run(ctx, intent) {
      const args = argsOf(ctx);
      const role = await snapshotRole(deps, args.platformId);
      await role.delete(args.externalId, storedIntent.parse(intent), (done) => ctx.progress({ phase: say('SNAPSHOT_PHASE_MERGE'), ...done }), ctx.signal);
      await deps.sourceVms.refresh(args);
      return {};
    },
    async probe(ctx, intent) {
      const args = argsOf(ctx);
      const state = await (await snapshotRole(deps, args.platformId)).find(args.externalId, storedIntent.parse(intent));
      if (state !== 'done') return { state };
      await deps.sourceVms.refresh(args);
      return { state, output: {} };
    },
    async compensate(ctx, intent) {
      const args = argsOf(ctx);
      await (await snapshotRole(deps, args.platformId)).undo(args.externalId, storedIntent.parse(intent));
    },
  };
}

/** Merging needs room for a new file beside the old ones. */
async function judgeSpace(vm: LiveVm, snapshotId: string): Promise<Finding[]> {
  const source = say('PUBLISH_SOURCE_VM', { vm: vm.record.name });
  if (vm.connector.snapshots === undefined) return [];
  try {
    const { neededBytes, freeBytes } = await vm.connector.snapshots.prepareDelete(vm.known.externalId, snapshotId, 'plan');
    if (neededBytes <= freeBytes) return [];
    return [{ id: 'space', severity: 'blocking', reason: say('SNAPSHOT_DELETE_SPACE', { neededBytes, freeBytes }), source, fix: null }];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ id: 'snapshot', severity: 'blocking', reason: error.asMessage, source, fix: null }];
  }
}

export function snapshotDelete(deps: PublishDeps): WorkflowDefinition<'snapshot.delete'> {
  return {
    type: 'snapshot.delete',
    version: 1,
    resume: 'auto',
    async plan({ vmId, snapshotId, whenRunning }, signal) {
      const vm = await readVm(deps, vmId, signal);
      const { target, power } = await powerFor(deps, vm, whenRunning);
      const { name } = snapshotOf(vm, snapshotId);
      const params = { name, vm: vm.record.name };
      const loss: Finding = { id: 'loss', severity: 'warning', reason: say('SNAPSHOT_DELETE_LOSS', params), source: say('PUBLISH_SOURCE_VM', params), fix: null };
      const role = await judgeRole(deps, vm);
      const args: SnapshotArgs = { platformId: vm.known.platformId, externalId: vm.known.externalId, vmName: vm.record.name, snapshotId, name };
      return {
        ...(await vmPlan(deps, vm, signal)),
        title: say('SNAPSHOT_DELETE_TITLE', params),
        steps: [...stopStep(target, power), { key: 'delete', action: 'delete', title: say('SNAPSHOT_DELETE_STEP', params), weight: 1, isDestructive: true, isPivot: false, args: toJson(args) }, ...startStep(target, power)],
        findings: worstFirst([...judgeStopped(vm, power), ...role, ...(role.length === 0 ? await judgeSpace(vm, snapshotId) : []), loss]),
        typedName: null,
        facts: { canShutDown: power.canShutDown },
        fingerprint: JSON.stringify([vm.record.fingerprint, snapshotId]),
        dedupKey: `snapshot:${vmId}`,
      };
    },
    actions: { stop: stopVm(deps), start: startVm(deps), delete: deleteSnapshot(deps) },
  };
}
