/**
 * The source of a publication as it is right now, past every cache: the VM, its system disk, the files of its chain and what they
 * hold. What cannot be read becomes `problem`, so that a plan can show it beside everything else.
 */
import { AppError } from '../../../shared/model/app-error.ts';
import type { DiskInspection, DiskLayer } from '../../../shared/model/disk.ts';
import type { SourceVmId } from '../../../shared/model/ids.ts';
import type { Message } from '../../../shared/model/message.ts';
import type { OsIdentity } from '../../../shared/model/os.ts';
import type { ShutDown } from '../../../shared/model/workflow-request.ts';
import type { VmDisk } from '../../../shared/model/source-vm.ts';
import { say } from '../../../shared/model/message.ts';
import type { DiskEngine, DiskFile } from '../../disks/disk-engine.ts';
import type { Connector, DiskUse } from '../../platforms/connector.ts';
import type { SourceVmRecord } from '../../platforms/inventory-records.ts';
import type { KnownSourceVm } from '../source-vm-lookup.ts';
import { decidePower, type PowerDecision } from '../power-steps.ts';
import type { PublishDeps } from './deps.ts';

/** What the system disk is, once it could be read. */
export interface ReadDisk {
  key: string;
  file: DiskFile;
  layers: DiskLayer[];
  virtualBytes: number;
  /** Of every layer: equal answers mean that nothing was written meanwhile. */
  fingerprint: string;
  inspection: DiskInspection;
}

export interface PublishSource {
  known: KnownSourceVm;
  connector: Connector;
  record: SourceVmRecord;
  power: PowerDecision;
  systemDisk: VmDisk | null;
  /** `staged`: the platform has to make a copy before the disk can be read; then `disk` is null and `problem` too. */
  access: 'direct' | 'staged';
  disk: ReadDisk | null;
  /** Why `disk` is null. */
  problem: Message | null;
  use: DiskUse;
}

/** Inspections of the last few disks, so that planning again while a dialog is open reads nothing twice. */
export class InspectionMemo {
  readonly #disks: DiskEngine;
  readonly #kept = new Map<string, DiskInspection>();

  constructor(disks: DiskEngine) {
    this.#disks = disks;
  }

  async inspect(file: DiskFile, fingerprint: string, signal: AbortSignal): Promise<DiskInspection> {
    const key = [file.place?.label ?? '', file.path, file.member ?? '', file.snapshot ?? '', fingerprint].join('\0');
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const found = await this.#disks.inspect(file, signal);
    this.#kept.set(key, found);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > 20 && oldest !== undefined) this.#kept.delete(oldest);
    return found;
  }
}

/** The best identity: a person's word where nothing else tells, what is known of the VM, what its disk says. */
export function identifyOs(source: PublishSource, said: 'windows' | 'linux' | 'other' | null): OsIdentity {
  if (source.known.os.family !== 'unknown') return source.known.os;
  const inspected = source.disk?.inspection.os;
  if (inspected !== undefined && inspected.family !== 'unknown') return { ...inspected, source: 'inspection' };
  if (source.record.os.family !== 'unknown') return source.record.os;
  return said === null ? source.known.os : { ...source.known.os, family: said, source: 'person' };
}

/** @throws AppError `NOT_FOUND` when the VM has gone; what is wrong with its disk is in `problem`. */
export async function readSource(deps: PublishDeps, memo: InspectionMemo, id: SourceVmId, whenRunning: ShutDown | undefined, signal: AbortSignal): Promise<PublishSource> {
  const known = await deps.sourceVms.find(id);
  if (known === null) throw new AppError('NOT_FOUND', { what: 'source-vm', id });
  const connector = await deps.platforms.connector(known.platformId);
  const record = await connector.current(known.externalId, signal);
  const systemDisk = record.disks.find((disk) => disk.isSystem) ?? null;
  const power = await decidePower(deps, { platformId: known.platformId, externalId: known.externalId, vmName: record.name }, record.powerState, whenRunning);
  const found = { known, connector, record, power, systemDisk, access: 'direct' as PublishSource['access'], use: { state: 'free', detail: null } as DiskUse };
  const unread = (problem: Message | null): PublishSource => ({ ...found, disk: null, problem });
  const access = await deps.platforms.roleOf(known.platformId, 'diskExport');
  if (!access.isAvailable) return unread(access.reason);
  if (connector.diskExport === undefined) return unread(say('PUBLISH_NO_EXPORT'));
  if (systemDisk === null) return unread(say('PUBLISH_NO_SYSTEM_DISK', { vm: record.name }));
  try {
    if (power.isStopping) return { ...found, access: connector.diskExport.staging === undefined ? 'direct' : 'staged', disk: null, problem: null };
    const use = await connector.diskExport.use(known.externalId, systemDisk.key);
    if (connector.diskExport.staging !== undefined) return { ...found, use, access: 'staged', disk: null, problem: null };
    const file = await connector.diskExport.diskFile(known.externalId, systemDisk.key);
    const layers = await deps.disks.chain(file, signal);
    const fingerprint = await deps.disks.fingerprint(file, signal);
    const inspection = await memo.inspect(file, fingerprint, signal);
    return { ...found, use, disk: { key: systemDisk.key, file, layers, virtualBytes: inspection.virtualBytes, fingerprint, inspection }, problem: null };
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) throw error;
    return unread(error.asMessage);
  }
}
