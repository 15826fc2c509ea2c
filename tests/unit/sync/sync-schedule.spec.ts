import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../../src/main/workflows/engine/definition.ts';
import type { PlatformId } from '../../../src/shared/model/ids.ts';
import { unknownHealth, type StoredHealth, type SyncKind } from '../../../src/main/store/repositories/platform-health.repo.ts';
import type { StoredPlatform } from '../../../src/main/store/repositories/platform.repo.ts';
import type { SyncResult } from '../../../src/main/sync/sync-service.ts';
import { SyncSchedule } from '../../../src/main/sync/sync-schedule.ts';
import { ScriptedPlatform } from '../../fixtures/scripted-platform.ts';

const minute = 60_000;
const id = 'p' as PlatformId;
const platform: StoredPlatform = { id, kind: 'manifest', name: 'P', config: {}, environment: null, isReadOnly: false, isSample: false, createdAt: 0 };
let now: number;
let health: StoredHealth;
let isOnline: boolean;
let worksOffline: boolean;
let answer: Pick<SyncResult, 'status'> & { kind?: SyncKind };
let stored: Record<string, Json>;
let schedule: SyncSchedule;

/** What the next look starts, once it has ended. */
async function tick(): Promise<SyncKind[]> {
  const started = await schedule.tick();
  await Promise.all(started.map(({ done }) => done));
  return started.map(({ kind }) => kind);
}

beforeEach(() => {
  now = 1_700_000_000_000;
  health = unknownHealth;
  isOnline = true;
  worksOffline = false;
  answer = { status: 'ok' };
  stored = {};
  schedule = new SyncSchedule({
    platforms: { list: () => Promise.resolve([platform]) },
    health: { find: () => Promise.resolve(health) },
    syncs: {
      isSyncing: () => false,
      sync: (_id, kind) => {
        const made = answer.kind ?? kind ?? 'complete';
        health = { ...health, status: answer.status, lastTryAt: now, ...(made === 'complete' && answer.status === 'ok' ? { lastOkAt: now } : {}) };
        return Promise.resolve({ platformId: id, kind: made, status: answer.status, seen: 0, added: 0, changed: 0, missing: 0 });
      },
    },
    registry: { factory: () => ({ ...new ScriptedPlatform().factory, worksOffline }) },
    settings: { get: (key) => Promise.resolve(stored[key] ?? null), set: (values) => Promise.resolve(void Object.assign(stored, values)) },
    clock: { now: () => now }, log: pino({ level: 'silent' }), isOnline: () => isOnline, random: () => 0.5,
  });
});

describe('the schedule of syncs', () => {
  it('lists everything first, then asks for changes, and lists everything again when that is old', async () => {
    expect(await tick()).toEqual(['complete']);
    expect(await tick()).toEqual([]);
    now += 5 * minute;
    expect(await tick()).toEqual(['quick']);
    now += 4 * minute;
    expect(await tick()).toEqual([]);
    now += 360 * minute;
    expect(await tick()).toEqual(['complete']);
  });

  it('asks a platform that fails less and less often, and as before once it answers', async () => {
    await tick();
    answer = { status: 'failing' };
    now += 5 * minute;
    expect(await tick()).toEqual(['quick']);
    now += 9 * minute;
    expect(await tick()).toEqual([]);
    now += minute;
    expect(await tick()).toEqual(['complete']);
    now += 19 * minute;
    expect(await tick()).toEqual([]);
    answer = { status: 'ok' };
    now += minute;
    expect(await tick()).toEqual(['complete']);
    now += 5 * minute;
    expect(await tick()).toEqual(['quick']);
  });

  it('lists a platform that cannot say what changed in full, but not every few minutes', async () => {
    await tick();
    answer = { status: 'ok', kind: 'complete' };
    now += 5 * minute;
    expect(await tick()).toEqual(['quick']);
    now += 29 * minute;
    expect(await tick()).toEqual([]);
    now += minute;
    expect(await tick()).toEqual(['quick']);
  });

  it('waits for its turn anew after somebody asked', async () => {
    await tick();
    now += 4 * minute;
    health = { ...health, lastTryAt: now };
    now += 2 * minute;
    expect(await tick()).toEqual([]);
    now += 3 * minute;
    expect(await tick()).toEqual(['quick']);
  });

  it('asks nobody while paused, and nobody that needs a network while there is none', async () => {
    await schedule.setSettings({ isPaused: true });
    expect(await tick()).toEqual([]);
    await schedule.setSettings({ isPaused: false });
    isOnline = false;
    expect(await tick()).toEqual([]);
    worksOffline = true;
    expect(await tick()).toEqual(['complete']);
  });

  it('keeps its intervals, and falls back to its own where what is stored makes no sense', async () => {
    expect(await schedule.setSettings({ quickMinutes: 1, completeMinutes: 60 })).toEqual({ quickMinutes: 1, completeMinutes: 60, isPaused: false });
    await tick();
    now += minute;
    expect(await tick()).toEqual(['quick']);
    stored = { sync: { quickMinutes: -3, completeMinutes: 'often' } };
    expect(await schedule.settings()).toEqual({ quickMinutes: 5, completeMinutes: 360, isPaused: false });
  });
});
