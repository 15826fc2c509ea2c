/** The port on which the pages of a data directory are served: kept, so that a page that is still open finds its app again. */
import { z } from 'zod';
import type { SettingsRepository } from '../store/repositories/settings.repo.ts';

const settingKey = 'browser.port';
/** Ports below are not for programs of a person. */
const stored = z.number().int().min(1024).max(65_535).nullable().catch(null);

export class PagePort {
  readonly #settings: Pick<SettingsRepository, 'get' | 'set'>;

  constructor(settings: Pick<SettingsRepository, 'get' | 'set'>) {
    this.#settings = settings;
  }

  /** Null before the first page. */
  async read(): Promise<number | null> {
    return stored.parse(await this.#settings.get(settingKey));
  }

  async write(port: number): Promise<void> {
    await this.#settings.set({ [settingKey]: port });
  }
}
