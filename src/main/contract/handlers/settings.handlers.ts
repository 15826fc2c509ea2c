/** `settings.*`: what the window remembers: language, theme, zoom, the columns of its lists. */
import { z } from 'zod';
import { commands } from '../../../shared/contract/commands.ts';
import type { CommandOutput } from '../../../shared/contract/commands.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import type { EventBus } from '../../events.ts';
import type { SettingsRepository } from '../../store/repositories/settings.repo.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

/** Where settings lie: one JSON value a key. */
export type SettingsStore = Pick<SettingsRepository, 'get' | 'set'>;

type Settings = CommandOutput<'settings.get'>;

const key = 'window';
const maxGridsBytes = 200_000;
const defaults: Settings = { locale: 'system', theme: 'system', zoom: 1, hasNotices: true, grids: {} };

const { shape } = commands['settings.get'].output;

/** Stored by an older or a newer version: what is not understood falls back to its default, the rest stays. */
const stored = z
  .object({
    locale: shape.locale.catch(defaults.locale),
    theme: shape.theme.catch(defaults.theme),
    zoom: shape.zoom.catch(defaults.zoom),
    hasNotices: shape.hasNotices.catch(defaults.hasNotices),
    grids: shape.grids.catch(defaults.grids),
  })
  .catch(defaults);

export function settingsHandlers({ store, events }: { store: SettingsStore; events: EventBus }): Handlers<AreaCommands<'settings'>> {
  const read = async (): Promise<Settings> => stored.parse(await store.get(key));
  // One change after the other: two at once would each write back what the other has not seen.
  let last: Promise<unknown> = Promise.resolve();
  const change = async (input: Partial<Settings>): Promise<void> => {
    const before = await read();
    const grids = { ...before.grids, ...input.grids };
    if (JSON.stringify(grids).length > maxGridsBytes) throw new AppError('INPUT_TOO_LARGE');
    await store.set({ [key]: { ...before, ...input, grids } });
    events.emit('settings.changed', {});
  };
  return {
    'settings.get': read,
    'settings.set': async (input) => {
      const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Partial<Settings>;
      const next = last.then(() => change(given));
      // The one after must run whether or not this one failed; the failure goes to this one's caller.
      last = next.catch(() => undefined);
      await next;
      return {};
    },
  };
}
