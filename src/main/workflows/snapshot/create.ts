/** Makes a snapshot of a stopped VM. */
import { say } from '../../../shared/model/message.ts';
import { worstFirst } from '../../../shared/model/finding.ts';
import type { WorkflowDefinition } from '../engine/definition.ts';
import { judgeStopped, powerFor, readVm, vmPlan } from '../live-vm.ts';
import { startStep, startVm, stopStep, stopVm } from '../power-steps.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { judgeSnapshot } from '../publish/preflight-source.ts';
import { toJson } from '../publish/publish-args.ts';
import { takeSnapshot } from '../publish/steps/take-snapshot.ts';
import { argsOf, type SnapshotArgs } from './snapshot-args.ts';

export function snapshotCreate(deps: PublishDeps): WorkflowDefinition<'snapshot.create'> {
  return {
    type: 'snapshot.create',
    version: 1,
    resume: 'auto',
    async plan({ vmId, name, whenRunning }, signal) {
      const vm = await readVm(deps, vmId, signal);
      const { target, power } = await powerFor(deps, vm, whenRunning);
      const args: SnapshotArgs = { platformId: vm.known.platformId, externalId: vm.known.externalId, vmName: vm.record.name, snapshotId: null, name };
      return {
        ...(await vmPlan(deps, vm, signal)),
        title: say('SNAPSHOT_CREATE_TITLE', { name, vm: vm.record.name }),
        steps: [...stopStep(target, power), {
          key: 'snapshot', action: 'snapshot', title: say('PUBLISH_STEP_SNAPSHOT', { name }), weight: 1, isDestructive: false, isPivot: false, args: toJson(args),
        }, ...startStep(target, power)],
        findings: worstFirst([...judgeStopped(vm, power), ...(await judgeSnapshot(deps, vm, name))]),
        typedName: null,
        facts: { canShutDown: power.canShutDown },
        fingerprint: JSON.stringify([vm.record.fingerprint, name]),
        dedupKey: `snapshot:${vmId}`,
      };
    },
    actions: { stop: stopVm(deps), start: startVm(deps), snapshot: takeSnapshot(deps, argsOf) },
  };
}
