/**
 * Writes what a platform says about its VMs and images into the cache, judged: used by a whole listing and by a look at a single VM.
 * Rows that did not change are only marked as seen.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { noAttributes, type BusinessAttributes } from '../../shared/model/business-attributes.ts';
import type { ExternalId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import type { PlatformKind } from '../../shared/model/platform.ts';
import type { ImageRecord, ProjectRecord, SourceVmRecord } from '../platforms/inventory-records.ts';
import { sourceVmIdOf } from '../platforms/resource-id.ts';
import type { BusinessAttributeRepository } from '../store/repositories/business-attribute.repo.ts';
import type { ImageRepository, JudgedImage } from '../store/repositories/image.repo.ts';
import { judgementJson, type SyncMark } from '../store/repositories/inventory-rows.ts';
import type { PlatformListsRepository } from '../store/repositories/platform-lists.repo.ts';
import type { PublicationRepository } from '../store/repositories/publication.repo.ts';
import type { JudgedVm, SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import { judgeImageRecord, judgeVmRecord, type ImageContext } from './judge.ts';

export interface InventoryWriterDeps {
  vms: SourceVmRepository;
  images: ImageRepository;
  attributes: BusinessAttributeRepository;
  publications: PublicationRepository;
  lists: Pick<PlatformListsRepository, 'projectNames' | 'projects'>;
}

export interface JudgedPlatform {
  id: PlatformId;
  name: string;
  kind: PlatformKind;
}

/** What can be changed on the platform now: findings then offer the change, else a written step. */
export interface PlatformCan {
  editHardware: boolean;
  patchImages: boolean;
}

/** What judging needs besides the record; the same for all VMs and images of a platform. */
export interface JudgingContext {
  platform: JudgedPlatform;
  /** What people said, by external id. */
  attributes: { vms: ReadonlyMap<ExternalId, BusinessAttributes>; images: ReadonlyMap<ExternalId, BusinessAttributes> };
  published: ReadonlyMap<SourceVmId, number>;
  can: PlatformCan;
  /** Projects (accounts) that the platform is managed from: what they own is the system's. */
  management: ReadonlySet<ExternalId>;
  /** Names of the platform's projects, as last listed. */
  projects: ReadonlyMap<ExternalId, string>;
}

export interface WrittenCounts {
  added: number;
  changed: number;
}

/** Rows judged between two turns of the event loop: some milliseconds of work. */
const judgedAtOnce = 50;

export class InventoryWriter {
  readonly #deps: InventoryWriterDeps;

  constructor(deps: InventoryWriterDeps) {
    this.#deps = deps;
  }

  async context({ id, name, kind }: JudgedPlatform, can: PlatformCan): Promise<JudgingContext> {
    const { attributes, publications, lists } = this.#deps;
    const [vms, images, published, projects, listed] = await Promise.all([
      attributes.ofPlatform(id, 'source-vm'), attributes.ofPlatform(id, 'image'), publications.lastPublished(), lists.projectNames(id), lists.projects(id),
    ]);
    return { platform: { id, name, kind }, attributes: { vms, images }, published, can, projects, management: managementOf(listed) };
  }

  async writeVms(records: readonly SourceVmRecord[], context: JudgingContext, mark: SyncMark): Promise<WrittenCounts> {
    const { platform } = context;
    const known = await this.#deps.vms.known(platform.id, records.map((record) => record.externalId));
    const counts = { added: 0, changed: 0 };
    const changed: JudgedVm[] = [];
    const unchanged: ExternalId[] = [];
    for (const [index, record] of records.entries()) {
      if (index % judgedAtOnce === judgedAtOnce - 1) await nextTurn();
      const row = known.get(record.externalId);
      const projectName = nameOf(context, record);
      const judgement = judgeVmRecord(record, { inspection: row?.inspection ?? null, error: row?.error ?? null }, context.attributes.vms.get(record.externalId) ?? noAttributes, context.can.editHardware);
      const isSame = row !== undefined && row.recordJson === JSON.stringify(record) && row.platformName === platform.name && row.projectName === projectName
        && row.judgementJson === judgementJson(judgement);
      if (row === undefined) counts.added += 1;
      else if (row.rowFingerprint !== record.fingerprint || row.isMissing) counts.changed += 1;
      if (isSame) unchanged.push(record.externalId);
      else changed.push({ record, projectName, judgement, lastPublishedAt: context.published.get(sourceVmIdOf(platform.id, record.externalId)) ?? null });
    }
    await this.#deps.vms.write(platform, changed, unchanged, mark);
    return counts;
  }

  /** Projects are read beside the images that they own: once both are there, those whose owner turned out otherwise are judged anew. */
  async judgeOwners(context: JudgingContext): Promise<void> {
    const { images, lists } = this.#deps;
    const { platform: { id }, management: before } = context;
    const management = managementOf(await lists.projects(id));
    const turned = [...new Set([...before, ...management])].filter((project) => before.has(project) !== management.has(project));
    for (const { id: image, record } of await images.ofProjects(id, turned)) {
      const inspected = await images.inspectionOf(image);
      const { judgement, business } = judgeImageRecord(record, { inspection: inspected?.inspection ?? null, error: inspected?.error ?? null }, imageContext({ ...context, management }, record));
      await images.setJudgement(image, judgement, business);
    }
  }

  async writeImages(records: readonly ImageRecord[], context: JudgingContext, mark: SyncMark): Promise<WrittenCounts> {
    const { platform } = context;
    const known = await this.#deps.images.known(platform.id, records.map((record) => record.externalId));
    const counts = { added: 0, changed: 0 };
    const changed: JudgedImage[] = [];
    const unchanged: ExternalId[] = [];
    for (const [index, record] of records.entries()) {
      if (index % judgedAtOnce === judgedAtOnce - 1) await nextTurn();
      const row = known.get(record.externalId);
      const projectName = nameOf(context, record);
      const judged = judgeImageRecord(record, { inspection: row?.inspection ?? null, error: row?.error ?? null }, imageContext(context, record));
      const isSame = row !== undefined && row.recordJson === JSON.stringify(record) && row.platformName === platform.name && row.projectName === projectName
        && row.judgementJson === judgementJson(judged.judgement) && row.attributesJson === JSON.stringify(judged.business);
      if (row === undefined) counts.added += 1;
      else if (row.rowFingerprint !== record.fingerprint || row.isMissing) counts.changed += 1;
      if (isSame) unchanged.push(record.externalId);
      else changed.push({ record, projectName, ...judged });
    }
    await this.#deps.images.write(platform, changed, unchanged, mark);
    return counts;
  }
}

const managementOf = (projects: readonly ProjectRecord[]): Set<ExternalId> => new Set(projects.flatMap((project) => (project.isManagement ? [project.externalId] : [])));

/** What judging one image of the platform needs. */
export function imageContext({ attributes, platform, can, management }: JudgingContext, { externalId, projectId }: ImageRecord): ImageContext {
  return {
    attributes: attributes.images.get(externalId) ?? noAttributes, kind: platform.kind, canPatch: can.patchImages,
    isOwnedByManagement: projectId !== undefined && projectId !== null && management.has(projectId),
  };
}

function nameOf({ projects }: JudgingContext, { projectId }: { projectId?: ExternalId | null }): string | null {
  return projectId === undefined || projectId === null ? null : (projects.get(projectId) ?? null);
}
