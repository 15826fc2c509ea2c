/** Seed: image-management.txt 2 and 3: what people say about images, where it is kept and what becomes of it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../src/main/store/migrate.ts';
import { stateInitial } from '../../../src/main/store/migrations/state/0010-initial.ts';
import { businessAttributesOfState } from '../../../src/main/store/migrations/state/0020-business-attributes.ts';
import { cloudOfTenants, type CloudOfTenants } from '../../fixtures/cloud-of-tenants.ts';
import { imageRecord } from '../../fixtures/scripted-platform.ts';
import { freshDirectory } from '../store/open.ts';

const canary = 'canary "; drop\\ \u{1f511} 密码';
let site: CloudOfTenants;
beforeEach(async () => {
  site = await cloudOfTenants();
});
afterEach(() => site.app.dispose());

const editedOn = 'system-images' as const;
const show = () => site.ask('images.show', { id: site.image('sys') });
const set = async (change: Parameters<typeof site.ask<'images.setAttributes'>>[1]['change']) =>
  (await site.ask('images.setAttributes', { ids: [site.image('sys')], editedOn, change })).results[0];
const login = (more: { user?: string | null; password?: string }) => site.ask('images.setCredentials', { id: site.image('sys'), editedOn, ...more });
const listed = async (filter: string) => (await site.ask('images.list', { scope: 'all', filter })).rows.map(({ name }) => name);

describe('operating system, as a person says it', () => {
  it('is shown with its source, filtered by, and judged at once', async () => {
    expect((await show()).findings.map(({ id }) => id)).toContain('os');
    expect(await set({ osType: 'linux', osDistro: ' Ubuntu ' })).toMatchObject({ outcome: 'changed', warning: null });
    const image = await show();
    expect(image.os).toMatchObject({ family: 'linux', distro: 'ubuntu', name: 'Ubuntu', source: 'person' });
    expect(image.findings.map(({ id }) => id)).not.toContain('os');
    expect(await listed('distro:ubuntu')).toEqual(['sys']);
    await set({ osType: null, osDistro: null });
    expect((await show()).os.source).toBe('none');
  });

  it('outside libosinfo’s ids is accepted with a warning', async () => {
    expect(await set({ osType: 'linux', osDistro: 'Hannah' })).toMatchObject({ outcome: 'changed', warning: { code: 'DISTRO_NOT_LISTED' }, writeThrough: null });
    expect((await show()).os).toMatchObject({ distro: 'hannah', name: 'hannah' });
  });

  it('stays over syncs, renaming and a new cache, and does not pass on by name', async () => {
    await set({ osType: 'windows', isGolden: false });
    await login({ user: 'vdi' });
    site.cloud.images = [imageRecord('sys', { name: 'renamed', visibility: 'public', fingerprint: '2' })];
    await site.app.syncs.sync(site.platform.id);
    expect(await show()).toMatchObject({ name: 'renamed', os: { family: 'windows', source: 'person' }, attributes: { loginUser: 'vdi' }, notes: [] });
    site.cloud.images = [imageRecord('new-id', { name: 'sys', visibility: 'public' })];
    await site.app.syncs.sync(site.platform.id);
    const remade = await site.ask('images.show', { id: site.image('new-id') });
    expect(remade.os.source).toBe('none');
    expect(remade.notes.map(({ code }) => code)).toEqual(['IMAGE_NAMESAKE']);
  });
});

describe('a golden image', () => {
  it('is locked until the lock is taken off', async () => {
    await set({ isGolden: true });
    expect(await set({ osType: 'linux' })).toMatchObject({ outcome: 'refused', reason: { code: 'IMAGE_GOLDEN' } });
    await expect(login({ user: 'x' })).rejects.toThrow('IMAGE_GOLDEN');
    expect(await listed('golden:yes')).toEqual(['sys']);
    expect(await set({ isGolden: false, osType: 'linux' })).toMatchObject({ outcome: 'changed' });
  });
});

describe('credentials', () => {
  it('are set, changed, emptied and cleared, and never given back', async () => {
    expect((await login({ user: 'vdi', password: canary })).password).toBe('set');
    expect((await show()).login).toMatchObject({ from: 'image', user: 'vdi', isSilent: true });
    expect(await listed('credentials:set')).toEqual(['sys']);
    expect(await site.app.vault.get({ kind: 'image', id: site.image('sys') }, 'password')).toBe(canary);
    expect((await login({ password: '' })).password).toBe('empty');
    expect((await login({ user: null })).login).toMatchObject({ isSilent: false });
    expect(await listed('credentials:partial')).toEqual(['sys']);
    const cleared = await site.ask('images.clearCredentials', { id: site.image('sys'), editedOn, what: 'password' });
    expect(cleared.password).toBe('unset');
    expect(await listed('credentials:none')).toContain('sys');
  });

  it('appear in no log, no database and no list', async () => {
    await site.app.vault.addPassphrase('a long passphrase');
    await login({ user: 'vdi', password: canary });
    expect(JSON.stringify([await show(), await site.ask('images.list', { scope: 'all' })])).not.toContain('canary');
    expect(site.log()).not.toContain('canary');
    await site.app.store.state.read.selectFrom('secret').selectAll().execute();
    const needles = [Buffer.from('canary'), Buffer.from('canary', 'utf16le')];
    for (const file of readdirSync(site.app.directory).filter((name) => name.includes('sqlite'))) {
      const bytes = readFileSync(join(site.app.directory, file));
      for (const needle of needles) expect(bytes.includes(needle), file).toBe(false);
    }
  });

  it('of a closed vault leave the list usable, say what is missing, and can only be cleared', async () => {
    await site.app.vault.addPassphrase('a long passphrase');
    await login({ user: 'vdi', password: 'secret' });
    await site.app.vault.lock();
    expect(await show()).toMatchObject({ password: 'hidden', login: { isSilent: true } });
    expect((await show()).login.explanation.map(({ code }) => code)).toContain('LOGIN_PASSWORD_HIDDEN');
    await expect(login({ user: 'other', password: 'new' })).rejects.toThrow('VAULT_LOCKED');
    expect((await show()).attributes.loginUser).toBe('vdi');
    expect((await site.ask('images.clearCredentials', { id: site.image('sys'), editedOn, what: 'all' })).password).toBe('unset');
  });

  it('that were kept in memory only are marked as gone at the next start', async () => {
    await login({ user: 'vdi', password: 'secret' });
    site.app.vault.dispose();
    expect((await show()).password).toBe('lost');
    await site.app.imageService.start();
    expect(await show()).toMatchObject({ password: 'unset', attributes: { loginUser: 'vdi', passwordSetAt: null } });
    expect((await show()).findings.map(({ id }) => id)).toContain('credentials');
  });

  it('go with their platform', async () => {
    await site.app.vault.addPassphrase('a long passphrase');
    await login({ user: 'vdi', password: 'secret' });
    await site.app.service.remove(site.platform.id);
    expect(await site.app.vault.has({ kind: 'image', id: site.image('sys') }, 'password')).toBe(false);
  });

  it('refuse a user that could forge a line', async () => {
    await expect(login({ user: 'a\nb' })).rejects.toThrow('IMAGE_LOGIN_USER_INVALID');
  });
});

describe('several images at once', () => {
  it('are answered for one by one: what is refused keeps nothing else back', async () => {
    await set({ isGolden: true });
    const ids = ['sys', 'adm', 'acme-1'].map((name) => site.image(name));
    const { results } = await site.ask('images.setAttributes', { ids, editedOn, change: { osType: 'linux' } });
    expect(results.map(({ name, outcome, reason }) => `${name} ${outcome} ${reason?.code ?? ''}`)).toEqual(['sys refused IMAGE_GOLDEN', 'adm changed ', 'acme-1 refused IMAGE_EDIT_IN_TENANT']);
    expect((await site.ask('images.show', { id: site.image('adm') })).os.family).toBe('linux');
  });
});

describe('the state of the first version', () => {
  it('keeps what was said about operating systems', () => {
    const path = join(freshDirectory(), 'state.sqlite');
    const db = new Sqlite(path);
    const plan = { kind: 'state', path, migrations: [stateInitial] } as const;
    migrate(db, plan, 0);
    const add = db.prepare(`insert into os_attribute (platform_id, subject_kind, external_id, os_family, os_type, os_distro, updated_at) values ('p', 'image', ?, ?, null, ?, 5)`);
    add.run('a', 'windows', 'win');
    add.run('b', 'unknown', null);
    migrate(db, { ...plan, migrations: [stateInitial, businessAttributesOfState] }, 10);
    expect(db.prepare('select external_id, os_type, os_distro, login_user, is_golden, updated_at from business_attribute order by external_id').all()).toEqual([
      { external_id: 'a', os_type: 'windows', os_distro: 'win', login_user: null, is_golden: 0, updated_at: 5 },
      { external_id: 'b', os_type: null, os_distro: null, login_user: null, is_golden: 0, updated_at: 5 },
    ]);
    expect(db.prepare(`select name from sqlite_schema where name = 'os_attribute'`).all()).toEqual([]);
    db.close();
  });
});
