/**
 * Reads platforms again by itself: often what changed, now and then everything. Only in hosts that stay. A platform that fails is asked
 * less and less often; none is asked while paused, or while this computer has no network that it would need.
 */
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { PlatformId } from '../../shared/model/ids.ts';
import { syncSettings, type SyncSettings } from '../../shared/model/platform.ts';
import type { Clock } from '../clock.ts';
import type { ConnectorRegistry } from '../platforms/registry.ts';
import type { PlatformHealthRepository, SyncKind } from '../store/repositories/platform-health.repo.ts';
import type { PlatformRepository, StoredPlatform } from '../store/repositories/platform.repo.ts';
import type { SettingsRepository } from '../store/repositories/settings.repo.ts';
import type { SyncService } from './sync-service.ts';

export interface SyncScheduleDeps {
  platforms: Pick<PlatformRepository, 'list'>;
  health: Pick<PlatformHealthRepository, 'find'>;
  syncs: Pick<SyncService, 'sync' | 'isSyncing'>;
  registry: Pick<ConnectorRegistry, 'factory'>;
  settings: Pick<SettingsRepository, 'get' | 'set'>;
  clock: Clock;
  log: Logger;
  isOnline?: () => boolean;
  /** 0…1, so that platforms are not all asked in the same second. */
  random?: () => number;
}

interface Turn {
  nextAt: number;
  /** In a row. */
  failures: number;
  /** Whether the platform could not say what changed, when it was last asked. */
  isWithoutChanges: boolean;
}

const settingKey = 'sync';
const defaults: SyncSettings = { quickMinutes: 5, completeMinutes: 360, isPaused: false };
const minuteMs = 60_000;
const tickMs = 15_000;
/** Platforms that cannot say what changed are listed in full, so not as often. */
const withoutChangesMs = 30 * minuteMs;

/** Any interface beside the loopback that has an address. */
function hasNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal) === true);
}

export class SyncSchedule {
  readonly #deps: SyncScheduleDeps;
  readonly #turns = new Map<PlatformId, Turn>();
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> = Promise.resolve();

  constructor(deps: SyncScheduleDeps) {
    this.#deps = deps;
  }

  /** What was stored by another version falls back to the defaults. */
  async settings(): Promise<SyncSettings> {
    return z.object({ quickMinutes: syncSettings.shape.quickMinutes.catch(defaults.quickMinutes), completeMinutes: syncSettings.shape.completeMinutes.catch(defaults.completeMinutes), isPaused: syncSettings.shape.isPaused.catch(false) })
      .catch(defaults).parse(await this.#deps.settings.get(settingKey));
  }

  async setSettings(change: { [K in keyof SyncSettings]?: SyncSettings[K] | undefined }): Promise<SyncSettings> {
    const before = await this.settings();
    const next = {
      quickMinutes: change.quickMinutes ?? before.quickMinutes, completeMinutes: change.completeMinutes ?? before.completeMinutes, isPaused: change.isPaused ?? before.isPaused,
    };
    await this.#deps.settings.set({ [settingKey]: next });
    // What is due by the new intervals is found at the next tick.
    this.#turns.clear();
    return next;
  }

  /** Reads every platform that is due now, and goes on doing so until `dispose`. */
  start(): void {
    if (this.#timer !== null) return;
    const tick = (): void => {
      this.#working = this.tick().then(() => undefined, (error: unknown) => this.#deps.log.error({ err: error }, 'sync schedule failed'));
    };
    this.#timer = setInterval(tick, tickMs);
    this.#timer.unref();
    tick();
  }

  /** Starts what is due. @returns what was started; the readings go on */
  async tick(): Promise<{ id: PlatformId; kind: SyncKind; done: Promise<void> }[]> {
    const settings = await this.settings();
    if (settings.isPaused) return [];
    const isOnline = (this.#deps.isOnline ?? hasNetwork)();
    const started = [];
    const platforms = await this.#deps.platforms.list();
    for (const id of this.#turns.keys()) if (!platforms.some((platform) => platform.id === id)) this.#turns.delete(id);
    for (const platform of platforms) {
      if (!this.#canBeAsked(platform, isOnline) || this.#deps.syncs.isSyncing(platform.id)) continue;
      const kind = await this.#due(platform.id, settings);
      if (kind !== null) started.push({ id: platform.id, kind, done: this.#read(platform.id, kind, settings) });
    }
    return started;
  }

  /** Something that platforms failed over may be mended (the vault was opened): those are asked again at the next tick. */
  retryFailed(): void {
    for (const [id, turn] of this.#turns) if (turn.failures > 0 && turn.nextAt !== Infinity) this.#turns.delete(id);
  }

  async dispose(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#working;
  }

  #canBeAsked({ kind }: StoredPlatform, isOnline: boolean): boolean {
    return isOnline || this.#deps.registry.factory(kind).worksOffline === true;
  }

  async #due(id: PlatformId, settings: SyncSettings): Promise<SyncKind | null> {
    const now = this.#deps.clock.now();
    const { status, lastOkAt, lastTryAt } = await this.#deps.health.find(id);
    const turn = this.#turns.get(id);
    if (turn !== undefined) {
      // Somebody asked meanwhile: its turn begins anew from there.
      const asked = lastTryAt === null ? 0 : lastTryAt + settings.quickMinutes * minuteMs * 0.9;
      if (now < Math.max(turn.nextAt, asked)) return null;
    }
    const isFresh = lastOkAt !== null && now < lastOkAt + settings.completeMinutes * minuteMs;
    return status === 'ok' && isFresh ? 'quick' : 'complete';
  }

  async #read(id: PlatformId, kind: SyncKind, settings: SyncSettings): Promise<void> {
    const { syncs, clock, log } = this.#deps;
    const before = this.#turns.get(id) ?? { failures: 0, isWithoutChanges: false };
    // Its turn is taken at once, so that a tick meanwhile does not begin it again.
    this.#turns.set(id, { ...before, nextAt: Infinity });
    let { failures, isWithoutChanges } = before;
    try {
      const result = await syncs.sync(id, kind);
      failures = result.status === 'failing' ? failures + 1 : 0;
      if (kind === 'quick') isWithoutChanges = result.kind === 'complete';
    } catch (error) {
      failures += 1;
      log.warn({ err: error, platform: id }, 'scheduled sync failed');
    }
    this.#turns.set(id, { failures, isWithoutChanges, nextAt: clock.now() + this.#interval(failures, isWithoutChanges, settings) });
  }

  /** Twice as long after every failure, up to the interval of complete listings; within a tenth, by chance. */
  #interval(failures: number, isWithoutChanges: boolean, { quickMinutes, completeMinutes }: SyncSettings): number {
    const usual = isWithoutChanges ? Math.max(withoutChangesMs, quickMinutes * minuteMs) : quickMinutes * minuteMs;
    const longest = Math.max(usual, completeMinutes * minuteMs);
    return Math.min(usual * 2 ** Math.min(failures, 16), longest) * (0.9 + 0.2 * (this.#deps.random ?? Math.random)());
  }
}
