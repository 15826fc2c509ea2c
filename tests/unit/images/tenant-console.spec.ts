/** Seed: image-management.txt, two places and two powers. What a tenant's console must not see, no command reaches. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { channels } from '../../../src/shared/contract/channels.ts';
import { cloudOfTenants, type CloudOfTenants } from '../../fixtures/cloud-of-tenants.ts';

let site: CloudOfTenants;
beforeAll(async () => {
  site = await cloudOfTenants();
});
afterAll(() => site.app.dispose());
beforeEach(() => site.enter(null));

const names = async (scope: 'system' | 'custom' | 'all', filter = ''): Promise<string[]> => (await site.ask('images.list', { scope, filter })).rows.map(({ name }) => name).sort();
const edit = async (name: string, editedOn: 'system-images' | 'custom-images' | 'platform') => {
  const { results } = await site.ask('images.setAttributes', { ids: [site.image(name)], editedOn, change: { osType: 'linux' } });
  return results[0]?.outcome === 'changed' ? 'changed' : results[0]?.reason?.code;
};

describe('the system console', () => {
  it('lists the system images by the platform’s rule, custom ones excluded, and all of them by project', async () => {
    expect(await names('system')).toEqual(['adm', 'sys']);
    expect(await names('custom')).toEqual(['acme-1', 'umbrella-1']);
    expect(await names('all', 'tenant:acme')).toEqual(['acme-1']);
  });

  it('edits system images on their business page alone', async () => {
    expect(await edit('sys', 'system-images')).toBe('changed');
    expect(await edit('sys', 'platform')).toBe('IMAGE_EDIT_ELSEWHERE');
    expect(await edit('sys', 'custom-images')).toBe('IMAGE_EDIT_PAGE');
    expect(await edit('acme-1', 'system-images')).toBe('IMAGE_EDIT_IN_TENANT');
    await expect(site.ask('images.setCredentials', { id: site.image('sys'), editedOn: 'platform', user: 'x' })).rejects.toThrow('IMAGE_EDIT_ELSEWHERE');
    await expect(site.ask('images.clearCredentials', { id: site.image('acme-1'), editedOn: 'system-images', what: 'all' })).rejects.toThrow('IMAGE_EDIT_IN_TENANT');
  });

  it('may give an image to a tenant and take it back', async () => {
    const assign = (assignment: { scope: 'system' } | { scope: 'custom'; projectId: string } | null) =>
      site.ask('images.setAttributes', { ids: [site.image('adm')], editedOn: 'system-images', change: { assignment } });
    await assign({ scope: 'custom', projectId: 'umbrella' });
    expect(await names('custom')).toEqual(['acme-1', 'adm', 'umbrella-1']);
    await site.app.syncs.sync(site.platform.id);
    expect(await names('custom')).toEqual(['acme-1', 'adm', 'umbrella-1']);
    await assign(null);
    expect(await names('system')).toEqual(['adm', 'sys']);
  });
});

describe('a tenant’s console', () => {
  beforeEach(() => site.enter('acme'));

  it('sees and edits its own custom images', async () => {
    for (const scope of ['system', 'custom', 'all'] as const) expect(await names(scope)).toEqual(scope === 'system' ? [] : ['acme-1']);
    expect(await edit('acme-1', 'custom-images')).toBe('changed');
    expect(await edit('acme-1', 'platform')).toBe('IMAGE_EDIT_ELSEWHERE');
    expect((await site.ask('images.show', { id: site.image('acme-1') })).editing).toEqual({ isAvailable: true });
    expect((await site.ask('sourceVms.list', {})).rows.map(({ name }) => name)).toEqual(['vm-acme']);
  });

  it('reaches nothing of others, whatever is called and searched', async () => {
    for (const name of ['umbrella-1', 'sys', 'adm']) {
      const id = site.image(name);
      await expect(site.ask('images.show', { id })).rejects.toThrow('NOT_FOUND');
      await expect(site.ask('images.check', { id })).rejects.toThrow('NOT_FOUND');
      await expect(site.ask('images.setCredentials', { id, editedOn: 'custom-images', user: 'x', password: 'y' })).rejects.toThrow('NOT_FOUND');
      await expect(site.ask('images.clearCredentials', { id, editedOn: 'custom-images', what: 'all' })).rejects.toThrow('NOT_FOUND');
      expect(await edit(name, 'custom-images')).toBe('NOT_FOUND');
      expect(await names('all', name)).toEqual([]);
    }
    expect(await names('all', 'tenant:umbrella')).toEqual([]);
    expect(await names('all', 'umbrella')).toEqual([]);
    await expect(site.ask('sourceVms.show', { id: site.vm('vm-umbrella') })).rejects.toThrow('NOT_FOUND');
    expect((await site.ask('sourceVms.list', { filter: 'umbrella' })).total).toBe(0);
    await expect(site.ask('images.setAttributes', { ids: [site.image('acme-1')], editedOn: 'custom-images', change: { assignment: { scope: 'custom', projectId: 'umbrella' } } }))
      .resolves.toMatchObject({ results: [{ outcome: 'refused', reason: { code: 'IMAGE_EDIT_IN_SYSTEM' } }] });
  });

  it('counts and names only what is its own', async () => {
    expect(await site.ask('platforms.list', {})).toMatchObject([{ name: 'Cloud', config: {}, counts: { images: 1, sourceVms: 1 } }]);
  });

  it('is refused every command that is not of it, before the command runs', async () => {
    const own = /^(system\.(info|cancelCall)|settings\.|vault\.status|consoles\.|images\.|sourceVms\.(list|show)|platforms\.list)/;
    // The gate decides by the name alone; of commands that this site does not serve it is asked below.
    for (const command of channels.filter((name) => !own.test(name) && /^(platforms|sourceVms|sampleSite)\./.test(name))) {
      const answer = await site.call(command, {});
      expect(answer, command).toMatchObject({ ok: false, error: { reason: { code: 'CONSOLE_REFUSED' } } });
    }
  });

  it('is of one session: another window stays in the system console', async () => {
    expect((await site.ask('consoles.current', {}, 'two')).scope).toEqual({ kind: 'system' });
    expect((await site.ask('consoles.current', {})).tenant).toMatchObject({ projectId: 'acme', name: 'Acme' });
    expect((await site.ask('images.list', { scope: 'all' }, 'two')).total).toBe(4);
  });

  it('can be left, and is entered only where the project is known', async () => {
    expect((await site.ask('consoles.list', {})).map(({ name }) => name)).toEqual(['Acme', 'Umbrella']);
    await expect(site.enter('nobody')).rejects.toThrow('NOT_FOUND');
    await site.enter(null);
    expect((await site.ask('images.list', { scope: 'all' })).total).toBe(4);
  });
});
