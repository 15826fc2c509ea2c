/** Plans a publication: everything is looked at, nothing is touched. Clone and convert differ in what comes after the content identity. */
import { createHash } from 'node:crypto';
import { defaultSnapshotName, nameKey, versionFileName } from '../../../shared/rules/image-name.ts';
import { worstFirst, type Finding } from '../../../shared/model/finding.ts';
import type { Flavor } from '../../../shared/model/flavor.ts';
import type { ImagePool } from '../../../shared/model/image-pool.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { PublishRequest } from '../../../shared/model/workflow-request.ts';
import { chainLocks } from '../disk-locks.ts';
import { diskLocks } from '../live-vm.ts';
import type { PlanDraft, StepPlan } from '../engine/definition.ts';
import { startStep, stopStep, type PowerDecision } from '../power-steps.ts';
import type { PublishDeps } from './deps.ts';
import { judgeDeletion, judgeSnapshot, judgeSource } from './preflight-source.ts';
import { decideVersion, judgeChoices, judgeSizes, targetSize, type TargetDecision } from './preflight-target.ts';
import { planStore } from './plan-store.ts';
import { seenKey, toJson, type PublishArgs } from './publish-args.ts';
import { identifyOs, readSource, type InspectionMemo, type PublishSource, type ReadDisk } from './source.ts';

export async function planPublication(deps: PublishDeps, memo: InspectionMemo, request: PublishRequest, signal: AbortSignal): Promise<PlanDraft> {
  const [source, pool] = [await readSource(deps, memo, request.vmId, request.whenRunning, signal), await deps.pools.get(request.poolId)];
  const flavor = request.configure?.kind === 'dedicated' ? await deps.flavors.find(request.configure.flavorId) : null;
  const decision = await decideVersion(deps, source, pool, request);
  const os = identifyOs(source, request.osFamily);
  const size = sizeOf(source);
  const store = await planStore(deps, source, pool, { name: versionFileName(decision.name, decision.number, request.fileType), request, size }, signal);
  const findings: Finding[] = [
    ...decision.findings,
    ...store.findings,
    ...judgeChoices(request, os.family, flavor),
    ...(size === null ? [] : judgeSizes(pool, size, request, flavor)),
    ...(await judgeSource(deps, source, request)),
  ];
  const snapshotName = request.type === 'publish.clone' ? request.snapshotName : null;
  if (snapshotName !== null) findings.push(...(await judgeSnapshot(deps, source, snapshotName)));
  const deletion = request.type === 'publish.convert' ? await judgeDeletion(deps, source) : null;
  if (deletion !== null) findings.push(...deletion.findings);

  const args = argumentsOf(request, source, pool, flavor, decision, snapshotName, store.target);
  const { name, number } = decision;
  const power = { ...source.power, isStarting: source.power.isStarting && request.type === 'publish.clone' };
  const isConvert = request.type === 'publish.convert';
  const vm = source.record.name;
  return {
    title: isConvert ? say('PUBLISH_CONVERT_TITLE', { vm, name, number }) : say('PUBLISH_CLONE_TITLE', { vm, name, number }),
    steps: stepsOf({ ...args, seenFindings: findings.filter(isConfirmed).map(seenKey) }, power),
    findings: worstFirst(findings),
    typedName: isConvert ? vm : null,
    facts: {
      versionNumber: number,
      isNewImage: decision.image === null,
      fileName: args.target.fileName,
      osFamily: os.family,
      virtualBytes: args.source.virtualBytes,
      atLeastBytes: args.target.atLeastBytes,
      atMostBytes: args.target.atMostBytes,
      freeBytes: pool.freeBytes,
      isStaged: source.access === 'staged',
      storeWay: store.target?.target.way ?? null,
      proof: store.proof,
      canShutDown: source.power.canShutDown,
      filesToDelete: deletion?.manifest?.items.length ?? 0,
      suggestedSnapshotName: defaultSnapshotName(name, number),
    },
    fingerprint: fingerprintOf({ args, manifest: deletion?.manifest?.fingerprint ?? null, flavor, problem: source.problem }),
    subject: { kind: 'source-vm', id: request.vmId, name: vm },
    locks: [`vm:${request.vmId}`, ...(source.disk === null ? await diskLocks(deps, source, signal) : chainLocks(source.disk.file, source.disk.layers)), `name:${pool.id}/${nameKey(name)}`],
    dedupKey: `publish:${request.vmId}:${pool.id}/${nameKey(name)}`,
  };
}

const isConfirmed = ({ severity }: Finding): boolean => severity === 'error' || severity === 'warning';

/** Of everything the run relies on; free space is left out, because it changes all the time and is checked again as it is needed. */
function fingerprintOf(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Of a disk that cannot be read yet only its size is known, as the platform tells it. */
function sizeOf({ disk, access, power, systemDisk }: PublishSource): Pick<ReadDisk, 'layers' | 'virtualBytes'> | null {
  if (disk !== null) return disk;
  const virtualBytes = systemDisk?.virtualBytes ?? null;
  return (access === 'staged' || power.isStopping) && virtualBytes !== null ? { layers: [], virtualBytes } : null;
}

function argumentsOf(
  request: PublishRequest, source: PublishSource, pool: ImagePool, flavor: Flavor | null, { image, name, number }: TargetDecision, snapshotName: string | null,
  store: { target: PublishArgs['target']['store']; workDirectory: string } | null,
): PublishArgs {
  const { known, record, disk } = source;
  const sized = sizeOf(source);
  const size = sized === null ? { atLeastBytes: 0, atMostBytes: 0 } : targetSize(sized, request);
  const bootOfDisk = disk?.inspection.boot.only ?? 'unknown';
  return {
    mode: request.type === 'publish.convert' ? 'convert' : 'clone',
    source: {
      vmId: known.id,
      vmName: record.name,
      platformId: known.platformId,
      platformName: known.platformName,
      externalId: known.externalId,
      // Running it changes all the time; what it is once it is down is found out then.
      vmFingerprint: source.power.isStopping ? '' : record.fingerprint,
      diskKey: source.systemDisk?.key ?? '',
      access: source.access,
      isStopped: source.power.isStopping,
      osSaid: request.osFamily,
      diskFingerprint: disk?.fingerprint ?? '',
      virtualBytes: sized?.virtualBytes ?? 0,
      os: identifyOs(source, request.osFamily),
      bootMode: record.bootMode === 'unknown' ? bootOfDisk : record.bootMode,
      videoModel: record.videoModel,
    },
    target: {
      poolId: pool.id,
      poolName: pool.name,
      poolPath: store?.workDirectory ?? pool.path,
      store: store?.target ?? null,
      desktopImageId: image?.id ?? null,
      name,
      number,
      fileName: versionFileName(name, number, request.fileType),
      fileType: request.fileType,
      vhdVariant: request.fileType === 'vhd' ? request.vhdVariant : null,
      architecture: request.architecture,
      configure: request.configure,
      flavorName: flavor?.name ?? null,
      ...size,
    },
    snapshotName,
    seenFindings: [],
  };
}

interface StepShape {
  key: string;
  action: string;
  title: Message;
  weight: number;
  isDestructive?: boolean;
  isPivot?: boolean;
}

function stepsOf(args: PublishArgs, power: PowerDecision): StepPlan[] {
  const { source, target } = args;
  const isStaged = source.access === 'staged';
  // A copy inside the platform's store is the image itself; nothing else has to be copied first.
  const isCopied = isStaged && target.store?.way !== 'copy';
  const way = target.store?.way ?? null;
  const stage = { key: 'stage', action: 'stage', title: say('PUBLISH_STEP_STAGE', { platform: source.platformName }), weight: 30 };
  const examine = { key: 'examine', action: 'examine', title: say('PUBLISH_STEP_EXAMINE'), weight: 2 };
  const verifyStored = { key: 'verify', action: 'verifyStored', title: say('PUBLISH_STEP_VERIFY_STORED', { pool: target.poolName }), weight: 30 };
  const shapes: StepShape[] = [
    { key: 'check', action: 'check', title: say('PUBLISH_STEP_CHECK'), weight: 1 },
    ...(isCopied ? [stage] : []),
    ...(way === 'copy' ? [{ key: 'copy', action: 'copy', title: say('PUBLISH_STEP_COPY_INSIDE', { pool: target.poolName }), weight: 40 }] : []),
    ...(isStaged || source.isStopped ? [examine] : []),
    ...(way === 'copy' ? [verifyStored] : [
      { key: 'convert', action: 'convert', title: say('PUBLISH_STEP_CONVERT', { file: target.fileName }), weight: 60 },
      { key: way === null ? 'verify' : 'verify-file', action: 'verify', title: say('PUBLISH_STEP_VERIFY'), weight: 25 },
    ]),
    ...(way === 'upload' ? [{ key: 'upload', action: 'upload', title: say('PUBLISH_STEP_UPLOAD', { pool: target.poolName }), weight: 40 }, verifyStored] : []),
    { key: 'register', action: way === null ? 'register' : 'registerStored', title: say('PUBLISH_STEP_REGISTER', { number: target.number }), weight: 1, isPivot: true },
    { key: 'content', action: 'content', title: say('PUBLISH_STEP_CONTENT'), weight: 40 },
  ];
  if (args.snapshotName !== null) {
    shapes.push({ key: 'snapshot', action: 'snapshot', title: say('PUBLISH_STEP_SNAPSHOT', { name: args.snapshotName }), weight: 1 });
  }
  if (args.mode === 'convert') {
    const title = isStaged ? say('PUBLISH_STEP_COMPARE_STAGED') : say('PUBLISH_STEP_COMPARE');
    shapes.push({ key: 'compare', action: 'compare', title, weight: 40 });
  }
  if (isCopied) shapes.push({ key: 'unstage', action: 'unstage', title: say('PUBLISH_STEP_UNSTAGE', { platform: source.platformName }), weight: 1 });
  if (args.mode === 'convert') {
    shapes.push({ key: 'delete', action: 'delete', title: say('PUBLISH_STEP_DELETE', { vm: source.vmName }), weight: 1, isDestructive: true });
  }
  const stored = toJson(args);
  const [check, ...rest] = shapes.map((shape): StepPlan => ({ isDestructive: false, isPivot: false, ...shape, args: stored }));
  const vm = { platformId: source.platformId, externalId: source.externalId, vmName: source.vmName };
  return [...(check === undefined ? [] : [check]), ...stopStep(vm, power), ...rest, ...startStep(vm, power)];
}
