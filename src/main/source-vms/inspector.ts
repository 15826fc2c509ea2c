/** Looks into the system disk of one VM (or into one image) as it is now, and stores what was found with the judgement over it. */
import type { Logger } from 'pino';
import { AppError } from '../../shared/model/app-error.ts';
import type { DiskInspection } from '../../shared/model/disk.ts';
import type { ExternalId, ImageId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import { say, type Message } from '../../shared/model/message.ts';
import type { Clock } from '../clock.ts';
import type { DiskEngine, DiskFile } from '../disks/disk-engine.ts';
import type { SourceVmRecord } from '../platforms/inventory-records.ts';
import type { PlatformConnectors } from '../platforms/platform-connectors.ts';
import type { BusinessAttributeRepository } from '../store/repositories/business-attribute.repo.ts';
import type { ImageRepository } from '../store/repositories/image.repo.ts';
import type { PlatformHealthRepository } from '../store/repositories/platform-health.repo.ts';
import type { SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import { imageContext, type InventoryWriter, type JudgedPlatform, type JudgingContext } from './inventory-writer.ts';
import { judgeImageRecord, judgeVmRecord } from './judge.ts';

export interface InspectorDeps {
  engine: DiskEngine;
  connectors: PlatformConnectors;
  health: PlatformHealthRepository;
  vms: SourceVmRepository;
  images: ImageRepository;
  attributes: BusinessAttributeRepository;
  writer: InventoryWriter;
  clock: Clock;
  log: Logger;
}

interface Looked {
  inspection: DiskInspection | null;
  error: Message | null;
}

export class Inspector {
  readonly #deps: InspectorDeps;

  constructor(deps: InspectorDeps) {
    this.#deps = deps;
  }

  /**
   * Writes the VM into the cache as its platform tells it now.
   * @throws what the platform says; `NOT_FOUND` once it has gone
   */
  async refresh(platformId: PlatformId, externalId: ExternalId, signal: AbortSignal): Promise<SourceVmRecord> {
    const { connectors, health, writer, clock } = this.#deps;
    const [platform, connector] = await Promise.all([connectors.platform(platformId), connectors.connector(platformId)]);
    const record = await connector.current(externalId, signal);
    await writer.writeVms([record], await this.context(platform), { sync: await health.latestSync(platformId), at: clock.now() });
    return record;
  }

  /** Whether disks can be looked into as they lie there. Where the platform would have to copy them first, its own word is all that is judged. */
  async canRead(platformId: PlatformId): Promise<{ vms: boolean; images: boolean }> {
    const connector = await this.#deps.connectors.connector(platformId);
    return { vms: connector.diskExport !== undefined && connector.diskExport.staging === undefined, images: connector.imageFile !== undefined };
  }

  /** What judging the VMs of a platform needs now. */
  async context(platform: JudgedPlatform): Promise<JudgingContext> {
    const { connectors, writer } = this.#deps;
    const [hardware, attributes] = await Promise.all([connectors.roleOf(platform.id, 'hardware'), connectors.roleOf(platform.id, 'attributes')]);
    return writer.context(platform, { editHardware: hardware.isAvailable, patchImages: attributes.isAvailable });
  }

  /** @throws what the platform says; what is wrong with the disk is stored as a finding instead */
  async inspectVm({ id, platformId, externalId }: { id: SourceVmId; platformId: PlatformId; externalId: ExternalId }, signal: AbortSignal): Promise<void> {
    const { connectors, vms, attributes, clock } = this.#deps;
    const record = await this.refresh(platformId, externalId, signal);
    if (record.powerState !== 'stopped' && record.powerState !== 'unknown') return;
    const system = record.disks.find((disk) => disk.isSystem);
    const { diskExport } = await connectors.connector(platformId);
    // A disk that cannot be opened has its reason already.
    const looked = system === undefined || system.problem !== null || diskExport === undefined || diskExport.staging !== undefined
      ? { inspection: null, error: null }
      : await this.#look(() => diskExport.diskFile(externalId, system.key), signal);
    const person = await attributes.find({ platformId, kind: 'source-vm', externalId });
    const canEdit = (await connectors.roleOf(platformId, 'hardware')).isAvailable;
    await vms.setInspection(id, { at: clock.now(), fingerprint: record.fingerprint, ...looked }, judgeVmRecord(record, looked, person, canEdit));
  }

  async inspectImage({ id, platformId, externalId }: { id: ImageId; platformId: PlatformId; externalId: ExternalId }, signal: AbortSignal): Promise<void> {
    const { connectors, images, clock } = this.#deps;
    const stored = await images.find(id);
    const connector = await connectors.connector(platformId);
    if (stored === null) return;
    const looked = connector.imageFile === undefined ? { inspection: null, error: null } : await this.#look(async () => {
      const file = await connector.imageFile?.(externalId);
      if (file === undefined) throw new AppError('NOT_FOUND', { what: 'image', id: externalId });
      return file;
    }, signal);
    const context = await this.context(await connectors.platform(platformId));
    const { judgement } = judgeImageRecord(stored.record, looked, imageContext(context, stored.record));
    await images.setInspection(id, { at: clock.now(), fingerprint: stored.record.fingerprint, ...looked }, judgement);
  }

  async #look(open: () => Promise<DiskFile>, signal: AbortSignal): Promise<Looked> {
    try {
      return { inspection: await this.#deps.engine.inspect(await open(), signal), error: null };
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof AppError) return { inspection: null, error: error.asMessage };
      this.#deps.log.error({ err: error }, 'inspection failed');
      return { inspection: null, error: say('INSPECTION_FAILED') };
    }
  }
}
