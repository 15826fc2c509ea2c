/** One source VM as its platform has it now, for workflows that change it. */
import { AppError } from '../../shared/model/app-error.ts';
import { CodedError } from '../../shared/model/coded-error.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import { say } from '../../shared/model/message.ts';
import type { ShutDown } from '../../shared/model/workflow-request.ts';
import type { Connector } from '../platforms/connector.ts';
import type { SourceVmRecord } from '../platforms/inventory-records.ts';
import { chainLocks, diskLock } from './disk-locks.ts';
import { decidePower, type PowerDecision } from './power-steps.ts';
import type { PublishDeps } from './publish/deps.ts';
import type { KnownSourceVm } from './source-vm-lookup.ts';

export interface LiveVm {
  known: KnownSourceVm;
  connector: Connector;
  record: SourceVmRecord;
}

/** @throws AppError `NOT_FOUND` when it has gone. */
export async function readVm(deps: Pick<PublishDeps, 'platforms' | 'sourceVms'>, id: SourceVmId, signal: AbortSignal): Promise<LiveVm> {
  const known = await deps.sourceVms.find(id);
  if (known === null) throw new AppError('NOT_FOUND', { what: 'source-vm', id });
  const connector = await deps.platforms.connector(known.platformId);
  return { known, connector, record: await connector.current(known.externalId, signal) };
}

/** As the steps around the change want it, with what becomes of a VM that runs. */
export async function powerFor(
  deps: Pick<PublishDeps, 'platforms' | 'sourceVms'>, { known, record }: LiveVm, asked: ShutDown | undefined,
): Promise<{ target: { platformId: PlatformId; externalId: string; vmName: string }; power: PowerDecision }> {
  const target = { platformId: known.platformId, externalId: known.externalId, vmName: record.name };
  return { target, power: await decidePower(deps, target, record.powerState, asked) };
}

/** Only a stopped VM's definition and disks may be changed. */
export function judgeStopped({ record }: LiveVm, power: PowerDecision): Finding[] {
  if (power.isStopping || power.findings.length > 0) return power.findings;
  if (record.powerState === 'stopped') return [];
  const source = say('PUBLISH_SOURCE_VM', { vm: record.name });
  if (record.powerState === 'unknown') return [{ id: 'power', severity: 'unknown', reason: say('VM_POWER_UNKNOWN', { vm: record.name }), source, fix: null }];
  return [{ id: 'power', severity: 'blocking', reason: say('VM_MUST_BE_STOPPED', { vm: record.name }), source, fix: { kind: 'written-step', label: say('READY_FIX_SHUT_DOWN') } }];
}

/** Every file behind the VM's disks. What cannot be read is locked by where the platform says it lies. */
export async function diskLocks(deps: Pick<PublishDeps, 'disks'>, { known, connector, record }: LiveVm, signal: AbortSignal): Promise<string[]> {
  const { diskExport } = connector;
  const locks = await Promise.all(record.disks.map(async (disk) => {
    try {
      if (diskExport === undefined || diskExport.staging !== undefined) return [`disk:${known.platformId}\0${disk.location}`];
      const file = await diskExport.diskFile(known.externalId, disk.key);
      return chainLocks(file, await deps.disks.chain(file, signal));
    } catch (error) {
      if (signal.aborted || !(error instanceof CodedError)) throw error;
      return [diskLock(null, disk.location)];
    }
  }));
  return [...new Set(locks.flat())];
}

/** What every plan about one VM has in common. */
export async function vmPlan(
  deps: Pick<PublishDeps, 'disks'>, vm: LiveVm, signal: AbortSignal,
): Promise<{ subject: { kind: 'source-vm'; id: string; name: string }; locks: string[] }> {
  return {
    subject: { kind: 'source-vm', id: vm.known.id, name: vm.record.name },
    locks: [`vm:${vm.known.id}`, ...(await diskLocks(deps, vm, signal))],
  };
}
