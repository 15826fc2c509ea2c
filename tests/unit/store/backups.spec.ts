import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { dayMs, StateBackups } from '../../../src/main/backups/state-backups.ts';
import { EventBus } from '../../../src/main/events.ts';
import { restoreBackup } from '../../../src/main/shells/restore.ts';
import { restoredSetting } from '../../../src/main/store/copy-state.ts';
import { SettingsRepository } from '../../../src/main/store/repositories/settings.repo.ts';
import { listStateCopies, stateCopyPath } from '../../../src/main/store/state-copies.ts';
import type { Store } from '../../../src/main/store/store.ts';
import { freshDirectory, memoryLog, open } from './open.ts';

const start = 1_700_000_000_000;

interface World {
  directory: string;
  store: Store;
  settings: SettingsRepository;
  backups: StateBackups;
  clock: { at: number };
  events: EventBus;
}

async function world(directory = freshDirectory()): Promise<World> {
  const store = await open(directory);
  const clock = { at: start };
  const events = new EventBus();
  const settings = new SettingsRepository(store.state);
  const backups = new StateBackups({ store, settings, dataDirectory: directory, events, clock: { now: () => clock.at }, log: memoryLog().log });
  return { directory, store, settings, backups, clock, events };
}

const kept = (path: string): unknown => {
  const db = new Sqlite(path, { readonly: true });
  try {
    return db.prepare("select json from setting where key = 'kept'").pluck().get();
  } finally {
    db.close();
  }
};

describe('copies of the state', () => {
  it('hold what was written before, while writing goes on', async () => {
    const { directory, settings, backups, events } = await world();
    await settings.set({ kept: 'before' });
    const [made] = await Promise.all([backups.make('manual'), settings.set({ other: 'meanwhile' })]);
    expect(made).toMatchObject({ kind: 'manual', at: start });
    const [copy] = listStateCopies(directory);
    expect(kept(copy?.path ?? '')).toBe('"before"');
    expect(readdirSync(join(directory, 'backups'))).toEqual([made.name]);
    expect(events.seq).toBeGreaterThan(0);
  });

  it('are made once a day, and only the newest are kept', async () => {
    const { directory, backups, clock } = await world();
    await backups.configure({ keep: 2 });
    for (let look = 0; look < 8; look += 1) {
      await backups.makeIfDue();
      clock.at += dayMs / 2;
    }
    expect(listStateCopies(directory).map(({ at }) => (at - start) / dayMs)).toEqual([3, 2]);
    await backups.configure({ isDaily: false });
    clock.at += 10 * dayMs;
    await backups.makeIfDue();
    expect(listStateCopies(directory)).toHaveLength(2);
  });

  it('go on being made after the clock was set back, and never push out those before a migration', async () => {
    const { directory, backups, clock } = await world();
    writeFileSync(stateCopyPath(directory, start - 5 * dayMs, 'v10'), '');
    await backups.configure({ keep: 1 });
    clock.at = start + 1000 * dayMs;
    await backups.makeIfDue();
    clock.at = start;
    await backups.makeIfDue();
    expect(listStateCopies(directory).map(({ kind }) => kind)).toContain('migration');
    const { rows, problem } = backups.list();
    expect([rows.filter(({ kind }) => kind === 'daily').length, problem]).toEqual([1, null]);
  });

  it('say why one could not be made, and leave nothing half-made', async () => {
    const { directory, backups } = await world();
    mkdirSync(join(directory, 'backups'));
    const target = stateCopyPath(directory, start, 'daily');
    // Something that cannot be replaced by a file.
    mkdirSync(join(target, 'in the way'), { recursive: true });
    await expect(backups.make('daily')).rejects.toMatchObject({ params: { path: target } });
    expect(backups.list()).toMatchObject({ rows: [], problem: { params: { path: target } } });
    expect(readdirSync(join(directory, 'backups')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('damaged state with a copy', () => {
  async function damaged(): Promise<{ directory: string; path: string; name: string }> {
    const { directory, settings, backups, store, clock } = await world();
    await settings.set({ kept: 'precious' });
    const { name } = await backups.make('daily');
    // The newest copy is damaged too: the one before it is taken.
    clock.at += dayMs;
    await backups.make('daily');
    truncateSync(listStateCopies(directory)[0]?.path ?? '', 5000);
    await store.close();
    const path = join(directory, 'state.sqlite');
    truncateSync(path, 5000);
    return { directory, path, name };
  }

  it('names the newest whole copy, and changes nothing', async () => {
    const { directory, path, name } = await damaged();
    const before = readFileSync(path);
    await expect(open(directory)).rejects.toMatchObject({ code: 'STORE_CORRUPT_WITH_COPY', params: { path, name, copiedAt: start } });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('is restored on request; the damaged file is kept, the inventory is read anew', async () => {
    const { directory, path, name } = await damaged();
    const before = readFileSync(path);
    const { copy, setAside } = await restoreBackup(directory, null);
    expect(copy.name).toBe(name);
    expect(readFileSync(setAside ?? '').equals(before)).toBe(true);
    const store = await open(directory);
    expect(store.notices).toMatchObject([{ code: 'STORE_CACHE_REBUILT' }]);
    const settings = new SettingsRepository(store.state);
    expect([await settings.get('kept'), await settings.get(restoredSetting)]).toEqual(['precious', true]);
  });

  it('is told of where the file has vanished and Goldpress began anew', async () => {
    const { directory, name } = await damaged();
    for (const file of readdirSync(directory)) if (file.startsWith('state.sqlite')) rmSync(join(directory, file));
    const store = await open(directory);
    expect(store.notices).toMatchObject([{ code: 'STORE_BEGAN_EMPTY', params: { copiedAt: start } }]);
    expect(name).toContain(String(start));
    await store.close();
    expect((await open(directory)).notices).toEqual([]);
  });

  it('is left as it is where the copy cannot be used', async () => {
    const { directory, path } = await damaged();
    const before = readFileSync(path);
    const [newest] = listStateCopies(directory);
    await expect(restoreBackup(directory, newest?.name ?? '')).rejects.toMatchObject({ code: 'BACKUP_UNUSABLE' });
    await expect(restoreBackup(directory, '../state.sqlite')).rejects.toMatchObject({ code: 'BACKUP_UNKNOWN' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
