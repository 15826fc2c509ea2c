import { describe, expect, it } from 'vitest';
import PlatformsPage from '../../../src/renderer/views/platforms/PlatformsPage.vue';
import type { PlatformId } from '../../../src/shared/model/ids.ts';
import type { Platform } from '../../../src/shared/model/platform.ts';
import { failure, openWindow, settle } from '../support/window.ts';
import { allByRole, byRole, descriptionOf } from '../support/roles.ts';

const platform = (id: string, more: Partial<Platform> = {}): Platform => ({
  id: id as PlatformId,
  kind: 'local',
  name: `Library ${id}`,
  config: {},
  environment: null,
  isReadOnly: false,
  isSample: false,
  createdAt: 0,
  health: { status: 'ok', isSyncing: false, lastOkAt: Date.now(), lastTryAt: null, version: null, capabilities: {}, error: null },
  counts: { sourceVms: 8, images: 0 },
  ...more,
});
const kinds = [
  {
    kind: 'local' as const,
    title: { code: 'ABORTED' as const, params: {} },
    description: { code: 'ABORTED' as const, params: {} },
    fields: [{ key: 'directory', type: 'directory' as const, label: { code: 'NOT_FOUND' as const, params: { what: 'Folder', id: 'x' } }, help: null, isRequired: true, choices: [] }],
  },
];

describe('the platforms page', () => {
  it('shows each platform with its health and what it is for', async () => {
    const rows = [
      platform('a', { environment: { label: 'Production', color: 'red' }, isReadOnly: true }),
      platform('b', { health: { ...platform('b').health, status: 'failing', error: failure('NOT_FOUND', 'c-1').view } }),
    ];
    await openWindow(PlatformsPage, { answers: { 'platforms.list': () => rows } });
    expect(byRole('row', 'Library a').textContent).toMatch(/OK.*Production.*Read-only/);
    expect(byRole('row', 'Library b').textContent).toContain('Failing');
    expect(byRole('row', 'Library b').className).toContain('is-dimmed');
  });

  it('offers the sample site where there is nothing', async () => {
    const { transport } = await openWindow(PlatformsPage, { answers: { 'sampleSite.create': () => platform('sample', { isSample: true }) } });
    expect(document.body.textContent).toContain('No platforms yet');
    allByRole('button', 'Make the sample site')[0]?.click();
    await settle();
    expect(transport.inputsOf('sampleSite.create')).toHaveLength(1);
  });

  it('syncs one platform, and says what was found', async () => {
    const { transport } = await openWindow(PlatformsPage, {
      answers: {
        'platforms.list': () => [platform('a')],
        'platforms.sync': () => [{ platformId: 'a' as PlatformId, kind: 'complete' as const, status: 'ok', seen: 8, added: 1, changed: 0, missing: 0 }],
      },
    });
    byRole('button', 'Sync').click();
    await settle();
    expect(transport.inputsOf('platforms.sync')).toEqual([{ id: 'a' }]);
  });

  it('removes the sample site at once, but asks when images were published into it', async () => {
    let count = 2;
    const pool = () => [{ isSample: true, desktopImageCount: count }];
    const { transport } = await openWindow(PlatformsPage, {
      answers: { 'platforms.list': () => [platform('s', { isSample: true })], 'imagePools.list': () => pool() as never, 'sampleSite.remove': () => ({}) },
    });
    const remove = async () => {
      byRole('button', /More actions/).click();
      await settle();
      byRole('menuitem', 'Remove the sample site').click();
      await settle();
    };
    await remove();
    expect(byRole('dialog', 'Remove the sample site').textContent).toContain('2 desktop images');
    expect(transport.inputsOf('sampleSite.remove')).toHaveLength(0);
    byRole('button', 'Cancel', byRole('dialog', 'Remove the sample site')).click();
    await settle();
    count = 0;
    await remove();
    expect(transport.inputsOf('sampleSite.remove')).toHaveLength(1);
  });

  it('cannot add what is not filled in, and says what is missing', async () => {
    await openWindow(PlatformsPage, { answers: { 'platforms.list': () => [platform('a', { isSample: true })], 'platforms.kinds': () => kinds } });
    byRole('button', 'Add platform').click();
    await settle();
    const add = byRole('button', 'Add');
    expect(add.getAttribute('aria-disabled')).toBe('true');
    expect(descriptionOf(add)).toContain('Folder');
  });
});

const words = (name: string) => ({ code: 'NOT_FOUND' as const, params: { what: name, id: 'x' } });
const cloud = {
  kind: 'openstack' as const,
  title: words('Cloud'),
  description: words('Description'),
  fields: [
    { key: 'authUrl', type: 'text' as const, label: words('Address'), help: null, isRequired: true, choices: [] },
    { key: 'password', type: 'secret' as const, label: words('Password'), help: null, isRequired: true, choices: [] },
    { key: 'tlsPin', type: 'text' as const, label: words('Pin'), help: null, isRequired: false, choices: [], isAdvanced: true },
  ],
};
const offer = { field: 'tlsPin', value: 'AB:CD', what: 'certificate' as const, detail: words('fingerprint AB:CD') };

describe('changing a platform', () => {
  it('sends only what was changed, keeps the password that is stored, and trusts the certificate that the test showed', async () => {
    const saved = platform('a', { kind: 'openstack', config: { authUrl: 'https://cloud' } });
    let tests = 0;
    const { transport } = await openWindow(PlatformsPage, {
      answers: {
        'platforms.list': () => [saved],
        'platforms.kinds': () => [cloud],
        'platforms.testConfig': () => {
          tests += 1;
          return [tests === 1 ? { title: words('Connect'), outcome: 'failed' as const, detail: null, trust: offer } : { title: words('Connect'), outcome: 'ok' as const, detail: null }];
        },
        'platforms.update': () => saved,
      },
    });
    byRole('button', 'More actions for Library a').click();
    await settle();
    byRole('menuitem', 'Edit platform').click();
    await settle();
    expect(document.querySelector<HTMLInputElement>('input[type=password]')?.placeholder).toBe('Leave empty to keep what is stored');
    byRole('button', 'Test connection').click();
    await settle();
    byRole('button', 'Trust this certificate for this platform').click();
    await settle();
    expect(transport.inputsOf('platforms.testConfig')).toEqual([
      { id: 'a', kind: 'openstack', settings: {}, secrets: {} }, { id: 'a', kind: 'openstack', settings: { tlsPin: 'AB:CD' }, secrets: {} },
    ]);
    byRole('button', 'Save').click();
    await settle();
    expect(transport.inputsOf('platforms.update')).toEqual([{ id: 'a', name: 'Library a', environment: null, isReadOnly: false, settings: { tlsPin: 'AB:CD' }, secrets: {} }]);
  });
});
