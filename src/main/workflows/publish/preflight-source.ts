/** What is found about the source before publishing: its readiness, who uses its disk, and what clone and convert would do to it. */
import type { Finding, Severity } from '../../../shared/model/finding.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { PublishRequest } from '../../../shared/model/workflow-request.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { imageNameProblem, nameKey } from '../../../shared/rules/image-name.ts';
import { judgeSourceVm } from '../../../shared/rules/readiness.ts';
import type { DeletionManifest } from '../../platforms/connector.ts';
import type { PublishDeps } from './deps.ts';
import { identifyOs, type PublishSource } from './source.ts';

type Request = Pick<PublishRequest, 'osFamily'>;

const found = (id: string, severity: Severity, reason: Message, source: Message, fix: Message | null = null): Finding => ({
  id, severity, reason, source, fix: fix === null ? null : { kind: 'written-step', label: fix },
});

/** Findings that hold for clone and convert alike. */
export async function judgeSource(deps: PublishDeps, source: PublishSource, request: Request): Promise<Finding[]> {
  const { record, disk, use, known } = source;
  const vm = say('PUBLISH_SOURCE_VM', { vm: record.name });
  const os = identifyOs(source, request.osFamily);
  const hardware = await deps.platforms.roleOf(known.platformId, 'hardware');
  const findings = judgeSourceVm({
    definition: record.definition,
    bootMode: record.bootMode,
    videoModel: record.videoModel,
    os,
    powerState: source.power.isStopping ? 'stopped' : record.powerState,
    disks: record.disks,
    inspection: disk?.inspection ?? null,
    inspectionError: source.problem,
    canEditHardware: hardware.isAvailable && record.definition !== 'bare-disk' && record.definition !== 'ovf',
  });
  findings.push(...source.power.findings);
  if (source.disk === null && source.power.isStopping && source.access === 'direct') {
    const at = findings.findIndex((item) => item.id === 'disk-inspected');
    if (at !== -1) findings.splice(at, 1, found('disk-inspected', 'unknown', say('POWER_DISK_UNREAD', { vm: record.name }), vm));
  }
  if (source.access === 'staged' && source.disk === null) {
    const at = findings.findIndex((item) => item.id === 'disk-inspected');
    const unread = found('disk-inspected', 'unknown', say('PUBLISH_STAGED_UNREAD', { platform: known.platformName }), vm);
    if (at !== -1) findings.splice(at, 1, unread, found('disk-staged', 'info', say('PUBLISH_STAGED_NOTE', { platform: known.platformName, vm: record.name }), vm));
  }
  if (use.state !== 'free') {
    const reason = use.detail ?? say(use.state === 'locked' ? 'PUBLISH_DISK_LOCKED' : 'PUBLISH_DISK_CHANGING');
    findings.push(found('disk-use', 'blocking', reason, vm, say('PUBLISH_FIX_RELEASE')));
  }
  if (disk !== null && disk.layers.length > 1) {
    const files = disk.layers.map((layer) => layer.path).join(' → ');
    findings.push(found('chain', 'info', say('PUBLISH_CHAIN', { count: disk.layers.length, files }), say('PUBLISH_SOURCE_CHAIN')));
  }
  if (request.osFamily !== null && os.family !== request.osFamily) {
    findings.push(found('os-said', 'warning', say('PUBLISH_OS_SAID_DIFFERS', { said: request.osFamily, known: os.name ?? os.family }), say('PUBLISH_SOURCE_REQUEST')));
  }
  return findings;
}

/** Whether the snapshot after cloning can be made, and under that name. */
export async function judgeSnapshot(deps: PublishDeps, source: Pick<PublishSource, 'connector' | 'known' | 'record'>, name: string): Promise<Finding[]> {
  const { connector, known, record } = source;
  const vm = say('PUBLISH_SOURCE_VM', { vm: record.name });
  const request = say('PUBLISH_SOURCE_REQUEST');
  const role = await deps.platforms.roleOf(known.platformId, 'snapshots');
  const obstacle = !role.isAvailable ? role.reason
    : connector.snapshots === undefined ? say('PUBLISH_NO_SNAPSHOTS') : await connector.snapshots.obstacle(known.externalId);
  if (obstacle !== null) return [found('snapshot', 'blocking', obstacle, vm)];
  const problem = imageNameProblem(name);
  if (problem !== null) return [found('snapshot-name', 'blocking', problem, request)];
  if (record.snapshots.some((snapshot) => nameKey(snapshot.name) === nameKey(name))) {
    return [found('snapshot-name', 'blocking', say('PUBLISH_SNAPSHOT_NAME_TAKEN', { name }), request)];
  }
  return [found('snapshot-note', 'info', say('PUBLISH_SNAPSHOT_NOTE'), vm)];
}

/** What stands against deleting the VM at the end; the manifest says what would be deleted. */
export async function judgeDeletion(deps: PublishDeps, source: PublishSource): Promise<{ findings: Finding[]; manifest: DeletionManifest | null }> {
  const { connector, known, record } = source;
  const vm = say('PUBLISH_SOURCE_VM', { vm: record.name });
  const instead = say('PUBLISH_FIX_CLONE');
  const role = await deps.platforms.roleOf(known.platformId, 'deleter');
  if (!role.isAvailable) return { findings: [found('deletion', 'blocking', role.reason, vm, instead)], manifest: null };
  if (connector.deleter === undefined) return { findings: [found('deletion', 'blocking', say('PUBLISH_NO_DELETER'), vm, instead)], manifest: null };
  const findings: Finding[] = [];
  const further = record.disks.filter((disk) => !disk.isSystem);
  if (further.length > 0) {
    findings.push(found('further-disks', 'blocking', say('PUBLISH_FURTHER_DISKS', { disks: further.map((disk) => disk.key).join(', ') }), vm, say('PUBLISH_FIX_DETACH')));
  }
  const dependants = (await connector.diskExport?.dependants(known.externalId)) ?? [];
  if (dependants.length > 0) findings.push(found('dependants', 'blocking', say('PUBLISH_DEPENDANTS', { vms: dependants.join(', ') }), vm, instead));
  if (record.snapshots.length > 0) findings.push(found('snapshots-lost', 'warning', say('PUBLISH_LOSES_SNAPSHOTS', { count: record.snapshots.length }), vm));
  try {
    const manifest = await connector.deleter.manifest(known.externalId);
    findings.push(found('deletion-note', 'info', say('PUBLISH_CONVERT_NOTE', { vm: record.name, count: manifest.items.length }), vm));
    return { findings, manifest };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (dependants.length === 0) findings.push(found('deletion', 'blocking', error.asMessage, vm, instead));
    return { findings, manifest: null };
  }
}
