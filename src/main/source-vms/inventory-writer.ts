/**
 * Writes what a platform says about its VMs and images into the cache, judged: used by a whole listing and by a look at a single VM.
 * Rows that did not change are only marked as seen.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExternalId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import type { OsFamily } from '../../shared/model/os.ts';
import type { ImageRecord, SourceVmRecord } from '../platforms/connector.ts';
import { sourceVmIdOf } from '../platforms/resource-id.ts';
import type { ImageRepository, JudgedImage } from '../store/repositories/image.repo.ts';
import type { SyncMark } from '../store/repositories/inventory-rows.ts';
import type { OsAttributeRepository } from '../store/repositories/os-attribute.repo.ts';
import type { PlatformListsRepository } from '../store/repositories/platform-lists.repo.ts';
import type { PublicationRepository } from '../store/repositories/publication.repo.ts';
import type { JudgedVm, SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import { judgeImageRecord, judgeVmRecord } from './judge.ts';

export interface InventoryWriterDeps {
  vms: SourceVmRepository;
  images: ImageRepository;
  attributes: OsAttributeRepository;
  publications: PublicationRepository;
  lists: Pick<PlatformListsRepository, 'projectNames'>;
}

/** What judging needs besides the record; the same for all VMs of a platform. */
export interface JudgingContext {
  platform: { id: PlatformId; name: string };
  families: ReadonlyMap<ExternalId, OsFamily>;
  published: ReadonlyMap<SourceVmId, number>;
  canEditHardware: boolean;
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

  async context(platform: { id: PlatformId; name: string }, canEditHardware: boolean): Promise<JudgingContext> {
    const { attributes, publications, lists } = this.#deps;
    const [families, published, projects] = await Promise.all([attributes.ofPlatform(platform.id, 'source-vm'), publications.lastPublished(), lists.projectNames(platform.id)]);
    return { platform, families, published, canEditHardware, projects };
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
      const judgement = judgeVmRecord(record, { inspection: row?.inspection ?? null, error: row?.error ?? null }, context.families.get(record.externalId) ?? null, context.canEditHardware);
      const isSame = row !== undefined && row.recordJson === JSON.stringify(record) && row.platformName === platform.name && row.projectName === projectName
        && row.judgementJson === JSON.stringify({ findings: judgement.findings, os: judgement.os, bootMode: judgement.bootMode, bootModeSource: judgement.bootModeSource });
      if (row === undefined) counts.added += 1;
      else if (row.rowFingerprint !== record.fingerprint || row.isMissing) counts.changed += 1;
      if (isSame) unchanged.push(record.externalId);
      else changed.push({ record, projectName, judgement, lastPublishedAt: context.published.get(sourceVmIdOf(platform.id, record.externalId)) ?? null });
    }
    await this.#deps.vms.write(platform, changed, unchanged, mark);
    return counts;
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
      const isSame = row !== undefined && row.recordJson === JSON.stringify(record) && row.platformName === platform.name && row.projectName === projectName;
      if (row === undefined) counts.added += 1;
      else if (row.rowFingerprint !== record.fingerprint || row.isMissing) counts.changed += 1;
      if (isSame) unchanged.push(record.externalId);
      else changed.push({ record, projectName, judgement: judgeImageRecord(record, { inspection: row?.inspection ?? null, error: row?.error ?? null }) });
    }
    await this.#deps.images.write(platform, changed, unchanged, mark);
    return counts;
  }
}

function nameOf({ projects }: JudgingContext, { projectId }: { projectId?: ExternalId | null }): string | null {
  return projectId === undefined || projectId === null ? null : (projects.get(projectId) ?? null);
}
