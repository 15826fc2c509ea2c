import { describe, expect, it } from 'vitest';
import type { CallContext } from '../../../src/main/contract/handler.ts';
import { settingsHandlers } from '../../../src/main/contract/handlers/settings.handlers.ts';
import { EventBus } from '../../../src/main/events.ts';
import type { Json } from '../../../src/main/workflows/engine/definition.ts';

const ctx = {} as CallContext;

function make(stored: Json = null): { settings: ReturnType<typeof settingsHandlers>; events: EventBus } {
  const rows = new Map<string, Json>([['window', stored]]);
  const store = {
    get: (key: string): Promise<Json> => Promise.resolve(rows.get(key) ?? null),
    set: (changes: Readonly<Record<string, Json>>): Promise<void> => {
      for (const [key, value] of Object.entries(changes)) rows.set(key, value);
      return Promise.resolve();
    },
  };
  const events = new EventBus();
  return { settings: settingsHandlers({ store, events }), events };
}

describe('the settings of the window', () => {
  it('start with the system’s language and theme', async () => {
    expect(await make().settings['settings.get']({}, ctx)).toEqual({ locale: 'system', theme: 'system', zoom: 1, hasNotices: true, grids: {} });
  });

  it('keep what is not changed, and each list’s columns', async () => {
    const { settings, events } = make();
    await Promise.all([
      settings['settings.set']({ theme: 'dark', grids: { vms: ['name'] } }, ctx),
      settings['settings.set']({ locale: 'zh-CN', grids: { pools: ['free'] } }, ctx),
    ]);
    expect(await settings['settings.get']({}, ctx)).toEqual({ locale: 'zh-CN', theme: 'dark', zoom: 1, hasNotices: true, grids: { vms: ['name'], pools: ['free'] } });
    expect(events.seq).toBe(2);
  });

  it('survive what another version stored', async () => {
    expect(await make({ locale: 'fr', theme: 'dark', extra: 1 }).settings['settings.get']({}, ctx)).toMatchObject({ locale: 'system', theme: 'dark' });
    expect(await make('nonsense').settings['settings.get']({}, ctx)).toMatchObject({ theme: 'system' });
  });

  it('refuse to grow without end, and go on afterwards', async () => {
    const { settings } = make();
    await expect(settings['settings.set']({ grids: { vms: 'x'.repeat(300_000) } }, ctx)).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE' });
    await settings['settings.set']({ zoom: 1.5 }, ctx);
    expect(await settings['settings.get']({}, ctx)).toMatchObject({ zoom: 1.5, grids: {} });
  });
});
