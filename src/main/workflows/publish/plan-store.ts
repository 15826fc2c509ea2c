/** How an image gets into a platform's store: copied inside it where that can be done, else written here and uploaded; and which proof that gives. */
import { worstFirst, type Finding } from '../../../shared/model/finding.ts';
import type { ImagePool } from '../../../shared/model/image-pool.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { PublishRequest } from '../../../shared/model/workflow-request.ts';
import { judgePoolLimits } from '../../../shared/rules/pool-limits.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import { dirname } from 'node:path';
import { directoryFacts } from '../../image-pools/pool-facts.ts';
import type { StoreImageSpec } from '../../platforms/connector.ts';
import type { PublishDeps } from './deps.ts';
import { targetSize } from './preflight-target.ts';
import type { PublishArgs } from './publish-args.ts';
import { identifyOs, type PublishSource, type ReadDisk } from './source.ts';

/** What will vouch for the image: its bytes read back and compared, or the platform's word over a copy that nobody could compare. */
export type Proof = 'read-back' | 'platform';

export interface StorePlan {
  target: { target: NonNullable<PublishArgs['target']['store']>; workDirectory: string } | null;
  findings: Finding[];
  proof: Proof;
}

interface Wanted {
  name: string;
  request: PublishRequest;
  size: Pick<ReadDisk, 'layers' | 'virtualBytes'> | null;
}

export async function planStore(deps: PublishDeps, source: PublishSource, pool: ImagePool, wanted: Wanted, signal: AbortSignal): Promise<StorePlan> {
  if (pool.kind === 'directory' || pool.platformId === null || pool.externalId === null) return { target: null, findings: [], proof: 'read-back' };
  const { platformId, externalId } = pool;
  const from = say('PUBLISH_SOURCE_POOL', { pool: pool.name });
  const blocked = (reason: Message): StorePlan => ({
    target: { target: { platformId, externalId, way: 'upload' }, workDirectory: deps.workDirectory }, proof: 'read-back',
    findings: [{ id: 'store', severity: 'blocking', reason, source: from, fix: null }],
  });
  const role = await deps.platforms.roleOf(platformId, 'imageStore');
  if (!role.isAvailable) return blocked(role.reason);
  const { imageStore } = await deps.platforms.connector(platformId);
  if (imageStore === undefined) return blocked(say('PUBLISH_NO_STORE'));
  const { fileType } = wanted.request;
  if (!pool.fileTypes.includes(fileType)) return blocked(say('PUBLISH_STORE_FILE_TYPE', { pool: pool.name, type: fileType.toUpperCase() }));
  try {
    const obstacle = await copyObstacle(deps, source, pool, wanted, signal);
    if (obstacle !== null) {
      const room = { name: deps.workDirectory, ...(await directoryFacts(dirname(deps.workDirectory))) };
      const findings = wanted.size === null ? [] : judgePoolLimits(room, targetSize(wanted.size, wanted.request)).map((item) => ({ ...item, id: `work-${item.id}` }));
      findings.push({ id: 'store-way', severity: 'info', reason: say('PUBLISH_STORE_UPLOAD', { pool: pool.name }), source: from, fix: null });
      findings.push({ id: 'store-obstacle', severity: 'info', reason: obstacle, source: from, fix: null });
      return { target: { target: { platformId, externalId, way: 'upload' }, workDirectory: deps.workDirectory }, findings: worstFirst(findings), proof: 'read-back' };
    }
    const proof: Proof = source.access === 'staged' ? 'platform' : 'read-back';
    const reason = proof === 'platform' ? say('PUBLISH_STORE_COPY_WEAKER', { pool: pool.name }) : say('PUBLISH_STORE_COPY', { pool: pool.name });
    const finding: Finding = { id: 'store-way', severity: proof === 'platform' && wanted.request.type === 'publish.convert' ? 'warning' : 'info', reason, source: from, fix: null };
    return { target: { target: { platformId, externalId, way: 'copy' }, workDirectory: deps.workDirectory }, findings: [finding], proof };
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) throw error;
    return blocked(error.asMessage);
  }
}

/** Null where the copy can be made inside the platform. */
async function copyObstacle(deps: PublishDeps, source: PublishSource, pool: ImagePool, { name, request, size }: Wanted, signal: AbortSignal): Promise<Message | null> {
  const { known, record, systemDisk } = source;
  const { imageStore } = await deps.platforms.connector(known.platformId);
  if (known.platformId !== pool.platformId || systemDisk === null || imageStore === undefined) return say('PUBLISH_STORE_ELSEWHERE');
  const spec: StoreImageSpec = {
    pool: pool.externalId ?? '', name, fileType: request.fileType, virtualBytes: size?.virtualBytes ?? 0, os: identifyOs(source, request.osFamily),
    bootMode: record.bootMode, videoModel: record.videoModel,
  };
  return imageStore.copyObstacle(known.externalId, systemDisk.key, spec, signal);
}
