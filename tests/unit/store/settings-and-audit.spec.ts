import { describe, expect, it } from 'vitest';
import { AuditRepository } from '../../../src/main/store/repositories/audit.repo.ts';
import { SettingsRepository } from '../../../src/main/store/repositories/settings.repo.ts';
import { open } from './open.ts';

describe('settings', () => {
  it('come back as they were set, are replaced, and removed by null', async () => {
    const settings = new SettingsRepository((await open()).state);
    expect(await settings.get('theme')).toBeNull();
    await settings.set({ theme: 'dark', 'grids.vms': { columns: ['名称', 'os'], width: 1.5 }, isOn: false });
    await settings.set({ theme: 'light', isOn: null });
    expect(await settings.get('theme')).toBe('light');
    expect(await settings.all()).toEqual(new Map<string, unknown>([['grids.vms', { columns: ['名称', 'os'], width: 1.5 }], ['theme', 'light']]));
  });
});

describe('the audit trail', () => {
  it('is read newest first', async () => {
    const audit = new AuditRepository((await open()).state);
    const entry = { at: 1, actor: 'ann', action: 'platforms.remove', target: '库', outcome: 'ok', runId: null };
    await audit.add(entry);
    await audit.add({ ...entry, at: 2, outcome: 'NOT_FOUND' });
    expect(await audit.latest(1)).toEqual([{ ...entry, at: 2, outcome: 'NOT_FOUND' }]);
    expect(await audit.latest(10)).toHaveLength(2);
  });
});
