/**
 * Regular copies of the precious database: one a day while Goldpress runs, the newest few kept. Owns when a copy is due and how many
 * stay; how one is made and checked is the store's. Copies before a migration are made by the store and not counted here.
 */
import type { Logger } from 'pino';
import { z } from 'zod';
import type { BackupSettings, StateBackup } from '../../shared/model/backup.ts';
import { AppError } from '../../shared/model/app-error.ts';
import type { Message } from '../../shared/model/message.ts';
import type { Clock } from '../clock.ts';
import type { EventBus } from '../events.ts';
import type { SettingsRepository } from '../store/repositories/settings.repo.ts';
import { copiesDirectory, listStateCopies, pruneStateCopies, stateCopyPath, type StateCopy } from '../store/state-copies.ts';
import type { Store } from '../store/store.ts';

export interface StateBackupsDeps {
  store: Pick<Store, 'copyState'>;
  settings: Pick<SettingsRepository, 'get' | 'set'>;
  dataDirectory: string;
  events: EventBus;
  clock: Clock;
  log: Logger;
}

export const dayMs = 24 * 3600 * 1000;
/** Not at once: the start of a window has better things to do. */
const firstLookMs = 120_000;
const lookMs = 3600 * 1000;

const settingKey = 'backups';
const defaults: BackupSettings = { isDaily: true, keep: 7 };
const stored = z.object({ isDaily: z.boolean().catch(defaults.isDaily), keep: z.number().int().min(1).max(100).catch(defaults.keep) }).catch(defaults);

const viewOf = ({ name, at, bytes, kind }: StateCopy): StateBackup => ({ name, at, bytes, kind });

export class StateBackups {
  readonly #deps: StateBackupsDeps;
  #timer: NodeJS.Timeout | null = null;
  /** One copy at a time: a second one would only be the same. */
  #making: Promise<StateBackup> | null = null;
  #problem: Message | null = null;

  constructor(deps: StateBackupsDeps) {
    this.#deps = deps;
  }

  /** Begins to look now and then whether a copy is due. */
  start(): void {
    const look = (): void => {
      void this.makeIfDue();
      this.#timer = setTimeout(look, lookMs).unref();
    };
    this.#timer = setTimeout(look, firstLookMs).unref();
  }

  async dispose(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Its failure has been told to the one who asked for it.
    await this.#making?.catch(() => undefined);
  }

  async settings(): Promise<BackupSettings> {
    return stored.parse(await this.#deps.settings.get(settingKey));
  }

  async configure(change: Partial<BackupSettings>): Promise<void> {
    const { settings, events } = this.#deps;
    const next = { ...(await this.settings()), ...change };
    await settings.set({ [settingKey]: { isDaily: next.isDaily, keep: next.keep } });
    events.emit('system.changed', {});
  }

  /** What there is, the newest first, and why the last one could not be made. */
  list(): { directory: string; rows: StateBackup[]; problem: Message | null } {
    const { dataDirectory } = this.#deps;
    return { directory: copiesDirectory(dataDirectory), rows: listStateCopies(dataDirectory).map(viewOf), problem: this.#problem };
  }

  /** Makes one now. @throws AppError `STORE_…` */
  make(kind: 'daily' | 'manual'): Promise<StateBackup> {
    this.#making ??= this.#make(kind).finally(() => (this.#making = null));
    return this.#making;
  }

  /**
   * Makes the daily copy where none is younger than a day; a failure is kept to be shown. A copy that seems to come from the future
   * (the clock was set back) is not counted: it would put off the next one for as long as the clock was wrong.
   */
  async makeIfDue(): Promise<void> {
    const { dataDirectory, clock, log } = this.#deps;
    const { isDaily } = await this.settings();
    const now = clock.now();
    const isFresh = listStateCopies(dataDirectory).some(({ at, kind }) => kind !== 'migration' && at <= now && now - at < dayMs);
    if (!isDaily || isFresh) return;
    await this.make('daily').catch((error: unknown) => log.warn({ err: error }, 'no backup'));
  }

  async #make(kind: 'daily' | 'manual'): Promise<StateBackup> {
    const { store, dataDirectory, clock, events } = this.#deps;
    const now = clock.now();
    try {
      const path = stateCopyPath(dataDirectory, now, kind);
      await store.copyState(path);
      this.#problem = null;
      pruneStateCopies(dataDirectory, ['daily', 'manual'], { keep: (await this.settings()).keep, now });
      const made = listStateCopies(dataDirectory).find((copy) => copy.path === path);
      if (made === undefined) throw new AppError('BACKUP_GONE', { path });
      return viewOf(made);
    } catch (error) {
      this.#problem = error instanceof AppError ? error.asMessage : { code: 'BACKUP_FAILED', params: {} };
      throw error;
    } finally {
      events.emit('system.changed', {});
    }
  }
}
