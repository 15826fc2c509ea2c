/**
 * Shutting a VM down for a task, and starting it again after. What the task stopped it also starts when it is undone, or ends early: the
 * VM is left as it was found.
 */
import { z } from 'zod';
import { AppError } from '../../shared/model/app-error.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { platformId, type ExternalId, type PlatformId } from '../../shared/model/ids.ts';
import { say, type Message } from '../../shared/model/message.ts';
import type { PowerState } from '../../shared/model/source-vm.ts';
import type { ShutDown } from '../../shared/model/workflow-request.ts';
import type { PowerRole } from '../platforms/connector.ts';
import type { JsonObject, StepAction, StepContext, StepPlan } from './engine/definition.ts';
import type { PublishDeps } from './publish/deps.ts';

type Deps = Pick<PublishDeps, 'platforms' | 'sourceVms'>;

const argsSchema = z.object({ platformId, externalId: z.string(), vmName: z.string(), isRestarted: z.boolean() });
export const stoppedOutput = z.object({ vmFingerprint: z.string() });

interface Vm {
  platformId: PlatformId;
  externalId: ExternalId;
  vmName: string;
}

const isOn = (state: PowerState): boolean => state === 'running' || state === 'paused' || state === 'suspended';

async function powerOf(deps: Deps, id: PlatformId): Promise<PowerRole> {
  const { power } = await deps.platforms.connector(id);
  if (power === undefined) throw new AppError('POWER_IMPOSSIBLE');
  return power;
}

/** What is to be done about a VM that runs. */
export interface PowerDecision {
  /** The task shuts it down first. */
  isStopping: boolean;
  isStarting: boolean;
  findings: Finding[];
  /** The platform could shut it down, so a dialog may offer it. */
  canShutDown: boolean;
}

/** @param asked what the person wants done with a running VM */
export async function decidePower(deps: Deps, vm: Vm, powerState: PowerState, asked: ShutDown = 'no'): Promise<PowerDecision> {
  const role = await deps.platforms.roleOf(vm.platformId, 'power');
  const { power } = await deps.platforms.connector(vm.platformId);
  const canShutDown = isOn(powerState) && role.isAvailable && power !== undefined;
  if (!isOn(powerState) || asked === 'no') return { isStopping: false, isStarting: false, findings: [], canShutDown };
  const source = say('PUBLISH_SOURCE_VM', { vm: vm.vmName });
  if (!canShutDown) {
    const reason = role.isAvailable ? say('POWER_IMPOSSIBLE') : role.reason;
    return { isStopping: false, isStarting: false, findings: [{ id: 'power-role', severity: 'blocking', reason, source, fix: null }], canShutDown };
  }
  const reason: Message = say(asked === 'stop-and-start' ? 'POWER_WILL_RESTART' : 'POWER_WILL_STOP', { vm: vm.vmName });
  return { isStopping: true, isStarting: asked === 'stop-and-start', findings: [{ id: 'power-stop', severity: 'warning', reason, source, fix: null }], canShutDown };
}

/** The steps around the others; an empty list where the VM is not running. */
export function stopStep(vm: Vm, { isStopping, isStarting }: PowerDecision): StepPlan[] {
  if (!isStopping) return [];
  const args = { ...vm, isRestarted: isStarting };
  return [{ key: 'stop', action: 'stop', title: say('POWER_STEP_STOP', { vm: vm.vmName }), weight: 2, isDestructive: false, isPivot: false, args }];
}

export function startStep(vm: Vm, { isStarting }: PowerDecision): StepPlan[] {
  if (!isStarting) return [];
  const args = { ...vm, isRestarted: true };
  return [{ key: 'start', action: 'start', title: say('POWER_STEP_START', { vm: vm.vmName }), weight: 2, isDestructive: false, isPivot: false, args }];
}

const argsOf = (ctx: StepContext): z.infer<typeof argsSchema> => argsSchema.parse(ctx.args);

/** Whether the VM is down, with its fingerprint then. @throws AppError `NOT_FOUND` */
async function lookAt(deps: Deps, ctx: StepContext): Promise<{ powerState: PowerState; output: JsonObject }> {
  const { platformId: id, externalId } = argsOf(ctx);
  const record = await (await deps.platforms.connector(id)).current(externalId, ctx.signal);
  return { powerState: record.powerState, output: { vmFingerprint: record.fingerprint } };
}

async function bringUp(deps: Deps, ctx: StepContext): Promise<void> {
  const { platformId: id, externalId } = argsOf(ctx);
  try {
    if (isOn((await lookAt(deps, ctx)).powerState)) return;
  } catch (error) {
    // Deleted meanwhile: there is nothing to start.
    if (error instanceof AppError && error.code === 'NOT_FOUND') return;
    throw error;
  }
  await (await powerOf(deps, id)).start(externalId, ctx.signal);
  await deps.sourceVms.refresh({ platformId: id, externalId });
}

/** Shuts the VM down. A guest that does not answer is a question: pulling the plug may lose what it has not written. */
export function stopVm(deps: Deps): StepAction {
  return {
    cancel: 'signal',
    failpoints: ['stopped'],
    intent: () => Promise.resolve({}),
    async run(ctx) {
      const { platformId: id, externalId, vmName } = argsOf(ctx);
      if (ctx.answer === 'leave') throw new AppError('POWER_LEFT_RUNNING', { vm: vmName });
      try {
        await (await powerOf(deps, id)).stop(externalId, ctx.answer === 'force' ? 'forced' : 'graceful', ctx.signal);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'POWER_STILL_RUNNING') throw error;
        return ctx.ask({
          text: say('POWER_ASK_FORCE', { vm: vmName }),
          choices: [
            { key: 'again', label: say('POWER_CHOICE_AGAIN'), isDestructive: false },
            { key: 'force', label: say('POWER_CHOICE_FORCE'), isDestructive: true },
            { key: 'leave', label: say('POWER_CHOICE_LEAVE'), isDestructive: false },
          ],
        });
      }
      await ctx.failpoint('stopped');
      const { powerState, output } = await lookAt(deps, ctx);
      if (isOn(powerState)) throw new AppError('POWER_STILL_RUNNING', { vm: vmName });
      await deps.sourceVms.refresh({ platformId: id, externalId });
      return output;
    },
    async probe(ctx) {
      const { powerState, output } = await lookAt(deps, ctx);
      return isOn(powerState) ? { state: 'absent' } : { state: 'done', output };
    },
    compensate: (ctx) => bringUp(deps, ctx),
    release: (ctx) => (argsOf(ctx).isRestarted ? bringUp(deps, ctx) : Promise.resolve()),
  };
}

export function startVm(deps: Deps): StepAction {
  return {
    cancel: 'before',
    retry: { maxAttempts: 3, backoffMs: 2000 },
    intent: () => Promise.resolve({}),
    async run(ctx) {
      await bringUp(deps, ctx);
      return {};
    },
  };
}
