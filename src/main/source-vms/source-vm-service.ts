/**
 * Image source VMs as the contract shows them: rows from the cache with their actions, the detail with inspection and publications, and
 * what workflows ask of a VM. Lists never wait for a platform.
 */
import type { ListQuery, Page } from '../../shared/contract/command.ts';
import { AppError } from '../../shared/model/app-error.ts';
import { noAttributes, type ConsoleScope } from '../../shared/model/business-attributes.ts';
import { systemConsole } from '../../shared/model/system-console.ts';
import type { Capabilities } from '../../shared/model/capability.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { ExternalId, PlatformId, SourceVmId } from '../../shared/model/ids.ts';
import type { Instructions, SourceVm, SourceVmDetail } from '../../shared/model/source-vm.ts';
import type { Logger } from 'pino';
import { seesVm } from '../../shared/rules/tenant-scope.ts';
import { effectiveCapabilities } from '../platforms/capabilities.ts';
import type { PlatformConnectors } from '../platforms/platform-connectors.ts';
import { sourceVmIdOf } from '../platforms/resource-id.ts';
import type { DesktopImageRepository } from '../store/repositories/desktop-image.repo.ts';
import type { PlatformHealthRepository } from '../store/repositories/platform-health.repo.ts';
import type { PlatformRepository } from '../store/repositories/platform.repo.ts';
import { vmSizes, type SourceVmRepository, type StoredSourceVm } from '../store/repositories/source-vm.repo.ts';
import type { ChangedEvents } from '../sync/changed-events.ts';
import type { KnownSourceVm, SourceVmLookup } from '../workflows/source-vm-lookup.ts';
import type { InspectionQueue } from './inspection-queue.ts';
import type { Inspector } from './inspector.ts';
import type { JudgingContext } from './inventory-writer.ts';
import { judgeVmRecord } from './judge.ts';
import { actionsOf } from './source-vm-actions.ts';

export interface SourceVmServiceDeps {
  vms: SourceVmRepository;
  platforms: PlatformRepository;
  health: PlatformHealthRepository;
  desktopImages: DesktopImageRepository;
  connectors: PlatformConnectors;
  inspector: Inspector;
  queue: InspectionQueue;
  changes: ChangedEvents;
  log: Logger;
}

export class SourceVmService implements SourceVmLookup {
  readonly #deps: SourceVmServiceDeps;

  constructor(deps: SourceVmServiceDeps) {
    this.#deps = deps;
  }

  /** @param scope a tenant's console sees the VMs of its project */
  async list(query: ListQuery & { platformId: PlatformId | null }, scope: ConsoleScope = systemConsole): Promise<Page<SourceVm>> {
    const [page, roles] = await Promise.all([this.#deps.vms.list(query, scope), this.#rolesByPlatform()]);
    return { total: page.total, rows: page.rows.map((row) => toView(row, roles.get(row.platformId) ?? {})) };
  }

  /** @throws `NOT_FOUND`, also for what the console does not see */
  async show(id: SourceVmId, scope: ConsoleScope = systemConsole): Promise<SourceVmDetail> {
    const { vms, desktopImages } = this.#deps;
    const { platformId, record } = await this.#row(id);
    if (!seesVm(scope, { platformId, projectId: record.projectId ?? null })) throw new AppError('NOT_FOUND', { what: 'source-vm', id });
    const [row, inspected, publications, roles] = await Promise.all([this.#row(id), vms.inspectionOf(id), desktopImages.publicationsOf(id), this.#rolesByPlatform()]);
    return {
      ...toView(row, roles.get(row.platformId) ?? {}),
      inspection: inspected?.inspection ?? null,
      inspectionError: inspected?.error ?? null,
      inspectedAt: inspected?.at ?? null,
      definitionText: row.record.definitionText,
      publications: publications.map(({ image, version }) => ({
        desktopImageId: image.id, desktopImageName: image.name, version: version.number, mode: version.source.mode, publishedAt: version.publishedAt,
      })),
    };
  }

  /** Looks into the VM's disk now, and judges it. @throws `NOT_FOUND`, and what the platform says */
  async check(id: SourceVmId, signal: AbortSignal): Promise<Finding[]> {
    const { platformId, record } = await this.#row(id);
    await this.#deps.inspector.inspectVm({ id, platformId, externalId: record.externalId }, signal);
    this.#deps.changes.changed('sourceVms.changed', platformId);
    return (await this.#row(id)).judgement.findings;
  }

  /** @throws `NOT_FOUND` for a VM or a document that is not there */
  async instructions(id: SourceVmId, name: string): Promise<{ type: Instructions['type']; content: string; isTruncated: boolean }> {
    const { platformId, record } = await this.#row(id);
    const connector = await this.#deps.connectors.connector(platformId);
    if (connector.readInstructions === undefined) throw new AppError('NOT_FOUND', { what: 'document', id: name });
    const { type, content, isTruncated } = await connector.readInstructions(record.externalId, name);
    return { type, content: type === 'pdf' ? content.toString('base64') : decodeText(content), isTruncated };
  }

  async find(id: SourceVmId): Promise<KnownSourceVm | null> {
    const row = await this.#deps.vms.find(id);
    if (row === null || row.missingSince !== null) return null;
    return { id, platformId: row.platformId, platformName: row.platformName, externalId: row.record.externalId, name: row.record.name, os: row.judgement.os };
  }

  isNameTaken(platformId: PlatformId, name: string): Promise<boolean> {
    return this.#deps.vms.isNameTaken(platformId, name);
  }

  async refresh({ platformId, externalId }: { platformId: PlatformId; externalId: ExternalId }): Promise<void> {
    const { inspector, vms, changes, queue, log } = this.#deps;
    const id = sourceVmIdOf(platformId, externalId);
    try {
      await inspector.refresh(platformId, externalId, new AbortController().signal);
      await this.#judgeAgain(id, await this.#context(platformId));
      queue.kick();
    } catch (error) {
      // A run has done its work whether or not the list can show it yet; the next sync repairs.
      if (error instanceof AppError && error.code === 'NOT_FOUND') await vms.remove(id);
      else log.warn({ err: error, sourceVm: id }, 'not refreshed');
    }
    changes.changed('sourceVms.changed', platformId);
  }

  /** Judges all VMs of a platform anew, after something that all judgements depend on has changed (the read-only switch). */
  async judgePlatform(platformId: PlatformId): Promise<void> {
    const context = await this.#context(platformId);
    for (const id of await this.#deps.vms.idsOf(platformId)) await this.#judgeAgain(id, context);
    this.#deps.changes.changed('sourceVms.changed', platformId);
  }

  async #context(platformId: PlatformId): Promise<JudgingContext> {
    const { connectors, inspector } = this.#deps;
    return inspector.context(await connectors.platform(platformId));
  }

  async #judgeAgain(id: SourceVmId, { attributes, published, can }: JudgingContext): Promise<void> {
    const { vms } = this.#deps;
    const [row, inspected] = await Promise.all([vms.find(id), vms.inspectionOf(id)]);
    if (row === null) return;
    const looked = { inspection: inspected?.inspection ?? null, error: inspected?.error ?? null };
    await vms.setJudgement(id, judgeVmRecord(row.record, looked, attributes.vms.get(row.record.externalId) ?? noAttributes, can.editHardware), published.get(id) ?? null);
  }

  async #row(id: SourceVmId): Promise<StoredSourceVm> {
    const row = await this.#deps.vms.find(id);
    if (row === null) throw new AppError('NOT_FOUND', { what: 'source-vm', id });
    return row;
  }

  async #rolesByPlatform(): Promise<Map<PlatformId, Capabilities>> {
    const [platforms, health] = await Promise.all([this.#deps.platforms.list(), this.#deps.health.all()]);
    return new Map(platforms.map((platform) => [platform.id, effectiveCapabilities(health.get(platform.id)?.capabilities ?? {}, platform)]));
  }
}

function toView(row: StoredSourceVm, roles: Capabilities): SourceVm {
  const { record, judgement } = row;
  return {
    id: row.id, platformId: row.platformId, platformName: row.platformName, externalId: record.externalId, name: record.name, definition: record.definition,
    os: judgement.os, bootMode: judgement.bootMode, bootModeSource: judgement.bootModeSource, videoModel: record.videoModel, vcpus: record.vcpus, memoryBytes: record.memoryBytes,
    powerState: record.powerState, disks: record.disks, ...vmSizes(record), snapshots: record.snapshots, instructions: record.instructions,
    projectName: row.projectName ?? record.projectId ?? null, addresses: record.addresses ?? [], status: record.status ?? null,
    lastPublishedAt: row.lastPublishedAt, verdict: row.verdict, findings: judgement.findings, actions: actionsOf(row, roles), seenAt: row.seenAt, missingSince: row.missingSince,
  };
}

/** Notes come from many systems: UTF-8, UTF-16 with its mark, else the Chinese encoding, which also holds ASCII. */
export function decodeText(content: Buffer): string {
  if (content[0] === 0xff && content[1] === 0xfe) return new TextDecoder('utf-16le').decode(content);
  if (content[0] === 0xfe && content[1] === 0xff) return new TextDecoder('utf-16be').decode(content);
  try {
    // A text cut off at its limit may end within a character.
    return new TextDecoder('utf-8', { fatal: true }).decode(content, { stream: true });
  } catch {
    // Not UTF-8.
    return new TextDecoder('gb18030').decode(content);
  }
}
