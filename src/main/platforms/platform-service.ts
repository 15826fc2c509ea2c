/** Platforms as people manage them: add, test, change, remove. The live connectors are in `platform-connectors.ts`, listings in `sync/`. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { ParsedInput } from '../../shared/contract/commands.ts';
import { AppError } from '../../shared/model/app-error.ts';
import type { FileGrantId, PlatformId } from '../../shared/model/ids.ts';
import type { Platform, PlatformKind, PlatformLists, TestStep } from '../../shared/model/platform.ts';
import { newId, type Clock } from '../clock.ts';
import type { FileGrants } from '../contract/file-grants.ts';
import type { ImageRepository } from '../store/repositories/image.repo.ts';
import { unknownHealth, type PlatformHealthRepository, type StoredHealth } from '../store/repositories/platform-health.repo.ts';
import type { PlatformListsRepository } from '../store/repositories/platform-lists.repo.ts';
import type { PlatformPoolRepository } from '../store/repositories/platform-pool.repo.ts';
import type { PlatformRepository, StoredPlatform } from '../store/repositories/platform.repo.ts';
import type { SourceVmRepository } from '../store/repositories/source-vm.repo.ts';
import type { ChangedEvents } from '../sync/changed-events.ts';
import type { SyncService } from '../sync/sync-service.ts';
import { effectiveCapabilities } from './capabilities.ts';
import type { ConnectorFactory, ProbeResult } from './connector.ts';
import type { PlatformConnectors, PlatformSecrets } from './platform-connectors.ts';
import type { PlatformUse } from './platform-use.ts';
import type { ConnectorRegistry } from './registry.ts';

export interface PlatformServiceDeps {
  registry: ConnectorRegistry;
  connectors: PlatformConnectors;
  platforms: PlatformRepository;
  health: PlatformHealthRepository;
  vms: SourceVmRepository;
  images: ImageRepository;
  lists: PlatformListsRepository;
  platformPools: PlatformPoolRepository;
  secrets: PlatformSecrets;
  syncs: SyncService;
  use: PlatformUse;
  grants: FileGrants;
  changes: ChangedEvents;
  clock: Clock;
  log: Logger;
  /** The read-only switch decides which fixes findings offer. */
  onReadOnlyChanged: (id: PlatformId) => Promise<void>;
  /** Before a platform is forgotten: what else is kept for it. */
  onForget: (id: PlatformId) => Promise<void>;
}

type Settings = ParsedInput<'platforms.add'>['settings'];
type Secrets = ParsedInput<'platforms.add'>['secrets'];
type SecretChanges = NonNullable<ParsedInput<'platforms.update'>['secrets']>;

export class PlatformService {
  readonly #deps: PlatformServiceDeps;

  constructor(deps: PlatformServiceDeps) {
    this.#deps = deps;
  }

  kinds(): Pick<ConnectorFactory, 'kind' | 'title' | 'description' | 'fields'>[] {
    return this.#deps.registry.list().map(({ kind, title, description, fields }) => ({ kind, title, description, fields }));
  }

  async list(): Promise<Platform[]> {
    const { platforms, health, vms, images } = this.#deps;
    const [stored, states, vmCounts, imageCounts] = await Promise.all([platforms.list(), health.all(), vms.counts(), images.counts()]);
    return stored.map((item) => this.#view(item, states.get(item.id) ?? unknownHealth, { sourceVms: vmCounts.get(item.id) ?? 0, images: imageCounts.get(item.id) ?? 0 }));
  }

  /** @throws `NOT_FOUND` */
  async show(id: PlatformId): Promise<Platform> {
    const found = (await this.list()).find((item) => item.id === id);
    if (found === undefined) throw new AppError('NOT_FOUND', { what: 'platform', id });
    return found;
  }

  #view(stored: StoredPlatform, health: StoredHealth, counts: Platform['counts']): Platform {
    return { ...stored, health: { ...health, capabilities: effectiveCapabilities(health.capabilities, stored), isSyncing: this.#deps.syncs.isSyncing(stored.id) }, counts };
  }

  /** Of a platform that is there, over what it has now. @throws `NOT_FOUND` for an id that is no platform's */
  async testConfig({ id, kind, settings, secrets }: ParsedInput<'platforms.testConfig'>, signal: AbortSignal): Promise<TestStep[]> {
    const stored = id === null ? null : await this.#deps.connectors.platform(id);
    const before = stored === null ? {} : await this.#deps.secrets.read(stored.id);
    return (await this.#probe(kind, changed(stored?.config ?? {}, this.#resolveGrants(kind, settings)), withoutNull(changed(before, secrets)), signal)).steps;
  }

  async test(id: PlatformId, signal: AbortSignal): Promise<TestStep[]> {
    return (await (await this.#deps.connectors.connector(id)).probe(signal)).steps;
  }

  /**
   * Adds a platform that answers, and starts its first sync without waiting for it.
   * @throws `PLATFORM_NAME_TAKEN`, `PLATFORM_SETTINGS_INVALID`, or why it does not answer
   */
  async add(input: { kind: PlatformKind; name: string; settings: Settings; secrets: Secrets }, signal: AbortSignal): Promise<Platform> {
    return this.register({ kind: input.kind, name: input.name, config: this.#resolveGrants(input.kind, input.settings), isSample: false }, input.secrets, signal);
  }

  /** @param config with paths instead of grants */
  async register(wanted: Pick<StoredPlatform, 'kind' | 'name' | 'config' | 'isSample'>, secrets: Secrets, signal: AbortSignal): Promise<Platform> {
    const { platforms, clock } = this.#deps;
    await this.#refuseTakenName(wanted.name, null);
    await this.#refuseDead(wanted.kind, wanted.config, secrets, signal);
    const id = newId<PlatformId>('platform');
    if (Object.keys(secrets).length > 0) await this.#deps.secrets.write(id, secrets);
    await platforms.add({ ...wanted, id, environment: null, isReadOnly: false, createdAt: clock.now() });
    this.startSync(id);
    return this.show(id);
  }

  startSync(id: PlatformId): void {
    this.#deps.syncs.sync(id).catch((error: unknown) => this.#deps.log.error({ err: error, platform: id }, 'sync failed'));
  }

  /** @throws why nothing can be read from there */
  async #refuseDead(kind: PlatformKind, config: Settings, secrets: Secrets, signal: AbortSignal): Promise<void> {
    const probe = await this.#probe(kind, config, secrets, signal);
    const failed = probe.steps.find((step) => step.outcome === 'failed');
    if (failed === undefined || probe.capabilities.sourceVms?.isAvailable === true) return;
    const reason = failed.detail ?? failed.title;
    throw new AppError(reason.code, reason.params);
  }

  async #probe(kind: PlatformKind, config: Settings, secrets: Secrets, signal: AbortSignal): Promise<ProbeResult> {
    const connector = this.#deps.registry.create(kind, config, secrets);
    try {
      return await connector.probe(signal);
    } finally {
      await connector.dispose();
    }
  }

  /** A directory or file comes as a grant; what is stored is its path. */
  #resolveGrants(kind: PlatformKind, settings: Settings): Settings {
    const resolved: Settings = { ...settings };
    for (const field of this.#deps.registry.factory(kind).fields) {
      const value = resolved[field.key];
      if ((field.type === 'directory' || field.type === 'file') && typeof value === 'string') resolved[field.key] = resolve(this.#deps.grants.resolve(value as FileGrantId));
    }
    return resolved;
  }

  async #refuseTakenName(name: string, own: PlatformId | null): Promise<void> {
    const taken = await this.#deps.platforms.findByName(name);
    if (taken !== null && taken.id !== own) throw new AppError('PLATFORM_NAME_TAKEN', { name });
  }

  /** What it has beside its VMs and images. @throws `NOT_FOUND` */
  async lists(id: PlatformId): Promise<PlatformLists> {
    const { connectors, lists, platformPools } = this.#deps;
    await connectors.platform(id);
    const [projects, instanceSizes, pools] = await Promise.all([lists.projects(id), lists.instanceSizes(id), platformPools.byPlatform(id)]);
    return { projects, instanceSizes, pools: pools.map(({ record, seenAt }) => ({ ...record, fileTypes: [...record.fileTypes], seenAt })) };
  }

  /**
   * New settings and secrets are tried before they are kept, and the platform is read anew with them.
   * @throws `NOT_FOUND`, `PLATFORM_NAME_TAKEN`, `PLATFORM_SETTINGS_INVALID`, `PLATFORM_IN_USE`, or why it does not answer with them
   */
  async update({ id, name, environment, isReadOnly, settings, secrets }: ParsedInput<'platforms.update'>, signal: AbortSignal): Promise<Platform> {
    const { connectors, platforms, vms, images, clock, changes, onReadOnlyChanged } = this.#deps;
    const before = await connectors.platform(id);
    if (name !== undefined) await this.#refuseTakenName(name, id);
    if (settings !== undefined || secrets !== undefined) await this.#reconnect(before, settings ?? {}, secrets ?? {}, signal);
    await platforms.update(id, {
      ...(name === undefined ? {} : { name }), ...(environment === undefined ? {} : { environment }), ...(isReadOnly === undefined ? {} : { isReadOnly }),
    }, clock.now());
    if (name !== undefined && name !== before.name) {
      await vms.renamePlatform(id, name);
      await images.renamePlatform(id, name);
    }
    if (isReadOnly !== undefined && isReadOnly !== before.isReadOnly) await onReadOnlyChanged(id);
    changes.changed('platforms.changed', id);
    changes.changed('sourceVms.changed', id);
    return this.show(id);
  }

  /** Another connector takes the place of the one that is there, once it has answered. */
  async #reconnect({ id, kind, name, config }: StoredPlatform, settings: Settings, secrets: SecretChanges, signal: AbortSignal): Promise<void> {
    const { connectors, platforms, syncs, use, clock } = this.#deps;
    const tasks = await use.tasksOf(id);
    if (tasks.length > 0) throw new AppError('PLATFORM_IN_USE', { name, tasks: tasks.join(', ') });
    const next = changed(config, this.#resolveGrants(kind, settings));
    await this.#refuseDead(kind, next, withoutNull(changed(await this.#deps.secrets.read(id), secrets)), signal);
    await syncs.cancel(id);
    await this.#deps.secrets.write(id, withoutNull(secrets));
    for (const [key, value] of Object.entries(secrets)) if (value === null) await this.#deps.secrets.remove(id, key);
    await platforms.update(id, { config: next }, clock.now());
    await connectors.drop(id);
    this.startSync(id);
  }

  /**
   * Forgets a platform; nothing on it is touched.
   * @throws `NOT_FOUND`, `PLATFORM_IN_USE` while a task works on it
   */
  async remove(id: PlatformId): Promise<void> {
    const { connectors, use } = this.#deps;
    const { name } = await connectors.platform(id);
    const tasks = await use.tasksOf(id);
    if (tasks.length > 0) throw new AppError('PLATFORM_IN_USE', { name, tasks: tasks.join(', ') });
    await this.forget(id);
  }

  /** Removes all that is remembered. The platform itself goes first: what is left of the cache after a crash is no platform's. */
  async forget(id: PlatformId): Promise<void> {
    const { platforms, syncs, connectors, secrets, vms, images, lists, platformPools, health, changes } = this.#deps;
    await syncs.cancel(id);
    await this.#deps.onForget(id);
    await platforms.remove(id);
    await connectors.drop(id);
    await secrets.remove(id);
    await vms.removePlatform(id);
    await images.removePlatform(id);
    await lists.removePlatform(id);
    await platformPools.removePlatform(id);
    await health.remove(id);
    for (const topic of ['platforms.changed', 'sourceVms.changed', 'images.changed'] as const) changes.changed(topic, id);
  }
}

/** Absent keys stay, null removes. */
function changed<T>(before: Readonly<Record<string, T>>, change: Readonly<Record<string, T | null>>): Record<string, T> {
  const kept = Object.entries({ ...before, ...change }).filter((entry): entry is [string, T] => entry[1] !== null);
  return Object.fromEntries(kept);
}

function withoutNull(secrets: SecretChanges): Record<string, string> {
  return changed<string>({}, secrets);
}
