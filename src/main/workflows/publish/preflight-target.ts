/** What is found about the target before publishing: name and version, file type, Configure, the pool's space and limits. */
import type { Flavor } from '../../../shared/model/flavor.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { ImagePool } from '../../../shared/model/image-pool.ts';
import type { DesktopImageId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { OsFamily } from '../../../shared/model/os.ts';
import type { PublishRequest } from '../../../shared/model/workflow-request.ts';
import { configureProblem } from '../../../shared/rules/configure.ts';
import { fileTypeProblem } from '../../../shared/rules/file-type.ts';
import { judgeFlavorFit } from '../../../shared/rules/flavor-fit.ts';
import { imageNameProblem } from '../../../shared/rules/image-name.ts';
import { formatOverheadBytes, judgePoolLimits, type SizeRange } from '../../../shared/rules/pool-limits.ts';
import { judgeVhdLimits } from '../../../shared/rules/vhd-limits.ts';
import type { StoredDesktopImage } from '../../store/repositories/desktop-image-rows.ts';
import { entryAt } from './durable-files.ts';
import { numbersOnDisk, versionPaths } from './pool-layout.ts';
import type { PublishDeps } from './deps.ts';
import type { PublishSource, ReadDisk } from './source.ts';

export interface TargetDecision {
  /** The image that gets a new version; null = a new image. */
  image: StoredDesktopImage | null;
  /** The image's own spelling of its name, where it exists. */
  name: string;
  number: number;
  findings: Finding[];
}

const request = say('PUBLISH_SOURCE_REQUEST');
const blocking = (id: string, reason: Message): Finding => ({ id, severity: 'blocking', reason, source: request, fix: null });

/**
 * The version rule: a name that is free makes a new image; the name of an image that came from this VM, or that this VM was made
 * from a version of, makes the next version; any other is taken.
 */
export async function decideVersion(deps: PublishDeps, source: PublishSource, pool: ImagePool, asked: PublishRequest): Promise<TargetDecision> {
  const name = asked.name.normalize('NFC');
  const problem = imageNameProblem(name);
  if (problem !== null) return { image: null, name, number: 1, findings: [blocking('name', problem)] };
  const image = await deps.images.findByName(pool.id, name);
  const isDirectory = pool.kind === 'directory';
  const onDisk = isDirectory && pool.problem === null ? await numbersOnDisk(pool.path, image?.name ?? name) : [];
  if (image === null) {
    const { directory } = versionPaths(pool.path, name, name);
    const present = isDirectory && pool.problem === null ? await entryAt(directory) : null;
    const isTaken = onDisk.length > 0 || (present !== null && !present.isDirectory());
    return { image: null, name, number: 1, findings: isTaken ? [blocking('name', say('PUBLISH_NAME_ON_DISK', { path: directory }))] : [] };
  }
  const number = Math.max(image.lastNumber, ...onDisk) + 1;
  const decided = { image, name: image.name, number };
  if (!(await isDescendant(deps, source, image.id, image.originKey))) {
    return { ...decided, findings: [blocking('name', say('PUBLISH_NAME_TAKEN', { name: image.name, pool: pool.name }))] };
  }
  if (image.architecture !== asked.architecture) {
    const params = { name: image.name, imageArchitecture: image.architecture.toUpperCase(), architecture: asked.architecture.toUpperCase() };
    return { ...decided, findings: [blocking('name', say('PUBLISH_NAME_OTHER_ARCHITECTURE', params))] };
  }
  return { ...decided, findings: [{ id: 'new-version', severity: 'info', reason: say('PUBLISH_NEW_VERSION', { number, name: image.name }), source: request, fix: null }] };
}

async function isDescendant(deps: PublishDeps, { known }: PublishSource, imageId: DesktopImageId, originKey: string): Promise<boolean> {
  if (originKey === known.id) return true;
  return (await deps.images.lineageOf(known))?.desktopImageId === imageId;
}

/** Clusters this large or larger land in the target without taking more room than they took in the source. */
const coarseClusterBytes = 64 * 1024;

/** How large the target file may become. A sparse source makes it a range; a fixed VHD is as large as its disk. */
export function targetSize(disk: Pick<ReadDisk, 'layers' | 'virtualBytes'>, asked: Pick<PublishRequest, 'fileType' | 'vhdVariant'>): SizeRange {
  const { layers, virtualBytes } = disk;
  const whole = virtualBytes + formatOverheadBytes(virtualBytes);
  if (asked.fileType === 'vhd' && asked.vhdVariant === 'fixed') return { atLeastBytes: virtualBytes + 512, atMostBytes: whole };
  const stored = layers.reduce((sum, layer) => sum + layer.actualBytes, 0);
  // Layers that could not be read yet say nothing.
  const isPlain = layers.length > 0 && layers.every((layer) => layer.compression === null && (layer.clusterBytes === null || layer.clusterBytes >= coarseClusterBytes));
  const atMostBytes = asked.fileType === 'qcow2' && isPlain ? Math.min(whole, stored + formatOverheadBytes(virtualBytes)) : whole;
  // The newest layer may hide data of those below it, so their sum is no lower bound; the largest one nearly is.
  const largest = layers.reduce((most, layer) => Math.max(most, layer.actualBytes), 0);
  return { atLeastBytes: Math.min(virtualBytes, largest, atMostBytes), atMostBytes };
}

export function judgeChoices(asked: Pick<PublishRequest, 'architecture' | 'fileType' | 'configure'>, osFamily: OsFamily, flavor: Flavor | null): Finding[] {
  const findings: Finding[] = [];
  const type = fileTypeProblem(asked.architecture, osFamily, asked.fileType);
  if (type !== null) findings.push(blocking('file-type', type));
  const configure = configureProblem(asked.architecture, asked.configure, flavor);
  if (configure !== null) findings.push(blocking('configure', configure));
  return findings;
}

/** Limits that depend on the size of the disk. */
export function judgeSizes(pool: ImagePool, disk: Pick<ReadDisk, 'layers' | 'virtualBytes'>, asked: Pick<PublishRequest, 'fileType' | 'vhdVariant'>, flavor: Flavor | null): Finding[] {
  return [
    ...judgePoolLimits(pool, targetSize(disk, asked)),
    ...(asked.fileType === 'vhd' ? judgeVhdLimits(disk.virtualBytes) : []),
    ...(flavor !== null ? judgeFlavorFit(flavor, disk.virtualBytes) : []),
  ];
}
