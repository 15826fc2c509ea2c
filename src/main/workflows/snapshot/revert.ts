/** Takes a VM back to a snapshot: what was written since is lost, so the VM's name has to be typed. */
import { say } from '../../../shared/model/message.ts';
import { worstFirst, type Finding } from '../../../shared/model/finding.ts';
import type { StepAction, WorkflowDefinition } from '../engine/definition.ts';
import { judgeStopped, powerFor, readVm, vmPlan } from '../live-vm.ts';
import { startStep, startVm, stopStep, stopVm } from '../power-steps.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { toJson } from '../publish/publish-args.ts';
import { argsOf, judgeRole, snapshotOf, snapshotRole, storedIntent, type SnapshotArgs } from './snapshot-args.ts';

function revertTo(deps: PublishDeps): StepAction {
  return {
    cancel: 'before',
    async intent(ctx) {
      const args = argsOf(ctx);
      return toJson(await (await snapshotRole(deps, args.platformId)).prepareRevert(args.externalId, args.snapshotId ?? '', ctx.key));
    },
    async run(ctx, intent) {
      const args = argsOf(ctx);
      await (await snapshotRole(deps, args.platformId)).revert(args.externalId, storedIntent.parse(intent), ctx.signal);
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
  };
}

export function snapshotRevert(deps: PublishDeps): WorkflowDefinition<'snapshot.revert'> {
  return {
    type: 'snapshot.revert',
    version: 1,
    resume: 'auto',
    async plan({ vmId, snapshotId, whenRunning }, signal) {
      const vm = await readVm(deps, vmId, signal);
      const { target, power } = await powerFor(deps, vm, whenRunning);
      const { name } = snapshotOf(vm, snapshotId);
      const params = { name, vm: vm.record.name };
      const loss: Finding = { id: 'loss', severity: 'warning', reason: say('SNAPSHOT_REVERT_LOSS', params), source: say('PUBLISH_SOURCE_VM', params), fix: null };
      const args: SnapshotArgs = { platformId: vm.known.platformId, externalId: vm.known.externalId, vmName: vm.record.name, snapshotId, name };
      return {
        ...(await vmPlan(deps, vm, signal)),
        title: say('SNAPSHOT_REVERT_TITLE', params),
        steps: [...stopStep(target, power), { key: 'revert', action: 'revert', title: say('SNAPSHOT_REVERT_STEP', params), weight: 1, isDestructive: true, isPivot: true, args: toJson(args) }, ...startStep(target, power)],
        findings: worstFirst([...judgeStopped(vm, power), ...(await judgeRole(deps, vm)), loss]),
        typedName: vm.record.name,
        facts: { canShutDown: power.canShutDown },
        fingerprint: JSON.stringify([vm.record.fingerprint, snapshotId]),
        dedupKey: `snapshot:${vmId}`,
      };
    },
    actions: { stop: stopVm(deps), start: startVm(deps), revert: revertTo(deps) },
  };
}
