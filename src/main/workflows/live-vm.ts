/** One source VM as its platform has it now, for workflows that change it. */
import { AppError } from '../../shared/model/app-error.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { SourceVmId } from '../../shared/model/ids.ts';
import { say } from '../../shared/model/message.ts';
import type { Connector, SourceVmRecord } from '../platforms/connector.ts';
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

/** Only a stopped VM's definition and disks may be changed. */
export function judgeStopped({ record }: LiveVm): Finding[] {
  if (record.powerState === 'stopped') return [];
  const source = say('PUBLISH_SOURCE_VM', { vm: record.name });
  if (record.powerState === 'unknown') return [{ id: 'power', severity: 'unknown', reason: say('VM_POWER_UNKNOWN', { vm: record.name }), source, fix: null }];
  return [{ id: 'power', severity: 'blocking', reason: say('VM_MUST_BE_STOPPED', { vm: record.name }), source, fix: { kind: 'written-step', label: say('READY_FIX_SHUT_DOWN') } }];
}

/** What every plan about one VM has in common. */
export function vmPlan({ known, record }: LiveVm): { subject: { kind: 'source-vm'; id: string; name: string }; locks: string[] } {
  const system = record.disks.find((disk) => disk.isSystem);
  return {
    subject: { kind: 'source-vm', id: known.id, name: record.name },
    locks: [`vm:${known.id}`, ...(system === undefined ? [] : [`disk:${system.location}`])],
  };
}
