/** Edits the basic hardware of a stopped VM in its definition. The plan shows the definition before and after. */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import { hardwareChange, type Finding, type HardwareChange } from '../../../shared/model/finding.ts';
import { platformId } from '../../../shared/model/ids.ts';
import { say } from '../../../shared/model/message.ts';
import { judgeVideoCard } from '../../../shared/rules/video-card.ts';
import type { HardwareRole } from '../../platforms/connector.ts';
import type { StepAction, StepContext, WorkflowDefinition } from '../engine/definition.ts';
import { judgeStopped, powerFor, readVm, vmPlan } from '../live-vm.ts';
import { startStep, startVm, stopStep, stopVm } from '../power-steps.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { toJson } from '../publish/publish-args.ts';

type Deps = Pick<PublishDeps, 'platforms' | 'sourceVms' | 'disks'>;

const argsSchema = z.object({ platformId, externalId: z.string(), change: hardwareChange, expected: z.string() });
const argsOf = (ctx: StepContext): z.infer<typeof argsSchema> => argsSchema.parse(ctx.args);

async function roleFor(deps: Deps, platform: z.infer<typeof platformId>): Promise<HardwareRole> {
  const { hardware } = await deps.platforms.connector(platform);
  if (hardware === undefined) throw new AppError('VM_EDIT_IMPOSSIBLE');
  return hardware;
}

/** Every value asked for is what the definition says now. */
function isApplied(change: HardwareChange, now: Awaited<ReturnType<HardwareRole['read']>>): boolean {
  const keys = Object.keys(change) as (keyof HardwareChange)[];
  return keys.every((key) => change[key] === undefined || change[key] === now[key]);
}

function applyChange(deps: Deps): StepAction {
  return {
    cancel: 'before',
    intent: (ctx) => Promise.resolve({ expected: argsOf(ctx).expected }),
    async run(ctx) {
      const { platformId: platform, externalId, change, expected } = argsOf(ctx);
      await (await roleFor(deps, platform)).apply(externalId, change, expected, ctx.key);
      await deps.sourceVms.refresh({ platformId: platform, externalId });
      return {};
    },
    async probe(ctx) {
      const { platformId: platform, externalId, change } = argsOf(ctx);
      if (!isApplied(change, await (await roleFor(deps, platform)).read(externalId))) return { state: 'absent' };
      await deps.sourceVms.refresh({ platformId: platform, externalId });
      return { state: 'done', output: {} };
    },
  };
}

export function vmEdit(deps: Deps): WorkflowDefinition<'vm.edit'> {
  return {
    type: 'vm.edit',
    version: 1,
    resume: 'auto',
    async plan({ vmId, change, whenRunning }, signal) {
      const vm = await readVm(deps, vmId, signal);
      const { target, power } = await powerFor(deps, vm, whenRunning);
      const { known, connector, record } = vm;
      const source = say('PUBLISH_SOURCE_VM', { vm: record.name });
      const findings: Finding[] = judgeStopped(vm, power);
      if (change.videoModel !== undefined) {
        // The way out lies in the request itself: another card than the one just chosen.
        const request = say('PUBLISH_SOURCE_REQUEST');
        findings.push(...judgeVideoCard({ videoModel: change.videoModel, canEditHardware: true }).map((item) => ({ ...item, source: request, fix: null })));
      }
      const role = await deps.platforms.roleOf(known.platformId, 'hardware');
      let preview = { before: '', after: '', fingerprint: '' };
      if (!role.isAvailable) findings.push({ id: 'hardware', severity: 'blocking', reason: role.reason, source, fix: null });
      else if (connector.hardware === undefined) findings.push({ id: 'hardware', severity: 'blocking', reason: say('VM_EDIT_IMPOSSIBLE'), source, fix: null });
      else {
        try {
          preview = await connector.hardware.preview(known.externalId, change);
          if (isApplied(change, await connector.hardware.read(known.externalId))) {
            findings.push({ id: 'no-change', severity: 'blocking', reason: say('VM_EDIT_NOTHING'), source, fix: null });
          }
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          findings.push({ id: 'hardware', severity: 'blocking', reason: error.asMessage, source, fix: null });
        }
      }
      return {
        ...(await vmPlan(deps, vm, signal)),
        title: say('VM_EDIT_TITLE', { vm: record.name }),
        steps: [...stopStep(target, power), {
          key: 'apply', action: 'apply', title: say('VM_EDIT_STEP'), weight: 1, isDestructive: false, isPivot: true,
          args: toJson({ platformId: known.platformId, externalId: known.externalId, change, expected: preview.fingerprint }),
        }, ...startStep(target, power)],
        findings,
        typedName: null,
        facts: { canShutDown: power.canShutDown, before: preview.before, after: preview.after },
        fingerprint: JSON.stringify([preview.fingerprint, record.powerState, change]),
        dedupKey: `vm.edit:${vmId}`,
      };
    },
    actions: { stop: stopVm(deps), start: startVm(deps), apply: applyChange(deps) },
  };
}
