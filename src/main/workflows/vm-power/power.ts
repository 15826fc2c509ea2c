/** Starts or stops a VM. */
import type { Finding } from '../../../shared/model/finding.ts';
import { say } from '../../../shared/model/message.ts';
import { z } from 'zod';
import { platformId } from '../../../shared/model/ids.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import type { StepAction, StepContext, WorkflowDefinition } from '../engine/definition.ts';
import { readVm, vmPlan } from '../live-vm.ts';
import type { PublishDeps } from '../publish/deps.ts';
import { toJson } from '../publish/publish-args.ts';

const argsSchema = z.object({ platformId, externalId: z.string(), vmName: z.string(), power: z.enum(['start', 'stop', 'force-stop']) });
const argsOf = (ctx: StepContext): z.infer<typeof argsSchema> => argsSchema.parse(ctx.args);

function switchPower(deps: PublishDeps): StepAction {
  return {
    cancel: 'signal',
    intent: () => Promise.resolve({}),
    async run(ctx) {
      const { platformId: id, externalId, power } = argsOf(ctx);
      const role = (await deps.platforms.connector(id)).power;
      if (role === undefined) throw new AppError('POWER_IMPOSSIBLE');
      if (power === 'start') await role.start(externalId, ctx.signal);
      else await role.stop(externalId, power === 'stop' ? 'graceful' : 'forced', ctx.signal);
      await deps.sourceVms.refresh({ platformId: id, externalId });
      return {};
    },
  };
}

export function vmPower(deps: PublishDeps): WorkflowDefinition<'vm.power'> {
  return {
    type: 'vm.power',
    version: 1,
    resume: 'auto',
    async plan({ vmId, power }, signal) {
      const vm = await readVm(deps, vmId, signal);
      const { known, connector, record } = vm;
      const source = say('PUBLISH_SOURCE_VM', { vm: record.name });
      const findings: Finding[] = [];
      const role = await deps.platforms.roleOf(known.platformId, 'power');
      if (!role.isAvailable || connector.power === undefined) {
        findings.push({ id: 'power-role', severity: 'blocking', reason: role.isAvailable ? say('POWER_IMPOSSIBLE') : role.reason, source, fix: null });
      }
      if ((power === 'start') === (record.powerState === 'running') && record.powerState !== 'unknown' && (power === 'start' || record.powerState === 'stopped')) {
        findings.push({ id: 'no-change', severity: 'blocking', reason: say('POWER_NOTHING', { vm: record.name }), source, fix: null });
      }
      if (power === 'force-stop') findings.push({ id: 'power-force', severity: 'warning', reason: say('POWER_FORCE_LOSS', { vm: record.name }), source, fix: null });
      const title = say(power === 'start' ? 'POWER_STEP_START' : power === 'stop' ? 'POWER_STEP_STOP' : 'POWER_STEP_FORCE', { vm: record.name });
      return {
        ...(await vmPlan(deps, vm, signal)),
        title,
        steps: [{
          key: 'power', action: 'power', title, weight: 1, isDestructive: power === 'force-stop', isPivot: false,
          args: toJson({ platformId: known.platformId, externalId: known.externalId, vmName: record.name, power }),
        }],
        findings,
        typedName: null,
        facts: { powerState: record.powerState },
        fingerprint: JSON.stringify([known.externalId, record.powerState, power]),
        dedupKey: `vm.power:${vmId}`,
      };
    },
    actions: { power: switchPower(deps) },
  };
}
