import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vaultHandlers } from '../../../src/main/contract/handlers/vault.handlers.ts';
import { keyStore, openVault, restart } from './open-vault.ts';

const owner = { kind: 'platform', id: 'p1' };
const passphrase = 'correct horse 电池';

describe('a vault without a slot', () => {
  it('keeps secrets for the session and says so', async () => {
    const first = await openVault();
    await first.vault.put(owner, 'password', 's3cret');
    expect(await first.vault.get(owner, 'password')).toBe('s3cret');
    expect(await first.vault.status()).toMatchObject({ state: 'session', slots: [], secretCount: 1, explanation: { code: 'VAULT_IS_SESSION' } });
    const second = await restart(first);
    expect(await second.vault.get(owner, 'password')).toBeNull();
    expect(await second.vault.has(owner, 'password')).toBe(false);
  });

  it('tells owners and names apart, and forgets all of one owner', async () => {
    const { vault } = await openVault();
    const other = { kind: 'platform', id: 'p2' };
    await vault.put(owner, 'password', 'one');
    await vault.put(owner, 'token', 'two');
    await vault.put(other, 'password', 'three');
    await vault.put({ kind: 'image', id: 'p1' }, 'password', 'four');
    await vault.clear(owner, 'token');
    expect(await vault.has(owner, 'token')).toBe(false);
    await vault.clear(owner);
    expect(await vault.get(owner, 'password')).toBeNull();
    expect(await vault.get(other, 'password')).toBe('three');
    expect(await vault.get({ kind: 'image', id: 'p1' }, 'password')).toBe('four');
  });

  it('cannot be locked or unlocked', async () => {
    const { vault } = await openVault();
    await expect(vault.lock()).rejects.toMatchObject({ code: 'VAULT_NO_PASSPHRASE' });
    await expect(vault.unlock(passphrase)).rejects.toMatchObject({ code: 'VAULT_NO_PASSPHRASE' });
  });
});

describe('a passphrase', () => {
  it('keeps what the session had, locks, and opens after a restart', async () => {
    const first = await openVault();
    await first.vault.put(owner, 'password', 's3cret');
    expect(await first.vault.addPassphrase(passphrase)).toMatchObject({
      state: 'open', slots: [{ kind: 'passphrase', isWeak: false }], secretCount: 1, explanation: { code: 'VAULT_IS_OPEN_PASSPHRASE' },
    });
    expect(await first.vault.get(owner, 'password')).toBe('s3cret');

    const second = await restart(first);
    expect(await second.vault.status()).toMatchObject({ state: 'locked', secretCount: 1 });
    expect(await second.vault.has(owner, 'password')).toBe(true);
    await expect(second.vault.get(owner, 'password')).rejects.toMatchObject({ code: 'VAULT_LOCKED' });
    await expect(second.vault.put(owner, 'password', 'x')).rejects.toMatchObject({ code: 'VAULT_LOCKED' });
    await expect(second.vault.addKeyFile()).rejects.toMatchObject({ code: 'VAULT_LOCKED' });
    await expect(second.vault.unlock('wrong horse 电池')).rejects.toMatchObject({ code: 'VAULT_WRONG_PASSPHRASE' });
    expect(second.vault.state).toBe('locked');
    // The same letters, typed on a system that composes them differently.
    expect(await second.vault.unlock(passphrase.normalize('NFD'))).toMatchObject({ state: 'open' });
    expect(await second.vault.get(owner, 'password')).toBe('s3cret');
    expect(await second.vault.lock()).toMatchObject({ state: 'locked' });
    await expect(second.vault.get(owner, 'password')).rejects.toMatchObject({ code: 'VAULT_LOCKED' });
  });

  it('can be replaced: only the new one opens', async () => {
    const { vault } = await openVault();
    await vault.addPassphrase(passphrase);
    await vault.put(owner, 'password', 's3cret');
    await vault.addPassphrase('another one entirely');
    await vault.lock();
    await expect(vault.unlock(passphrase)).rejects.toMatchObject({ code: 'VAULT_WRONG_PASSPHRASE' });
    await vault.unlock('another one entirely');
    expect(await vault.get(owner, 'password')).toBe('s3cret');
  });

  it('removes stored secrets from the disk with the last slot only after it has said so', async () => {
    const first = await openVault();
    await first.vault.addPassphrase(passphrase);
    await first.vault.put(owner, 'password', 's3cret');
    await expect(first.vault.removeSlot('passphrase', false)).rejects.toMatchObject({ code: 'VAULT_LAST_SLOT', params: { secretCount: 1 } });
    expect(first.vault.state).toBe('open');
    expect(await first.vault.removeSlot('passphrase', true)).toMatchObject({ state: 'session', slots: [], secretCount: 1 });
    expect(await first.vault.get(owner, 'password')).toBe('s3cret');
    expect(await first.store.state.read.selectFrom('secret').selectAll().execute()).toEqual([]);
    expect((await (await restart(first)).vault.status()).secretCount).toBe(0);
  });

  it('that was forgotten can be given up, after it was said what that costs', async () => {
    const first = await openVault();
    await first.vault.addPassphrase(passphrase);
    await first.vault.put(owner, 'password', 's3cret');
    const { vault } = await restart(first);
    await expect(vault.removeSlot('passphrase', false)).rejects.toMatchObject({ code: 'VAULT_SLOT_NOT_OPEN', params: { secretCount: 1 } });
    expect(await vault.removeSlot('passphrase', true)).toMatchObject({ state: 'session', secretCount: 0 });
    await vault.addPassphrase('a new beginning');
    await vault.put(owner, 'password', 'again');
    expect(await vault.get(owner, 'password')).toBe('again');
  });

  it('refuses parameters of its derivation that we never write', async () => {
    const first = await openVault();
    await first.vault.addPassphrase(passphrase);
    for (const params of [{ N: 2 ** 30, r: 8, p: 1, salt: '00'.repeat(32) }, { N: 2, r: 8, p: 1, salt: '00'.repeat(32) }, { N: 2 ** 17, r: 8, p: 1 }, {}]) {
      await first.store.state.write.updateTable('vault_slot').set({ params_json: JSON.stringify(params) }).execute();
      const again = await restart(first);
      await expect(again.vault.unlock(passphrase)).rejects.toMatchObject({ code: 'VAULT_WRONG_PASSPHRASE' });
      Object.assign(first, again);
    }
  });
});

describe('a key file', () => {
  it('opens the vault by itself, is called weak, and is readable by its owner only', async () => {
    const first = await openVault();
    await first.vault.put(owner, 'password', 's3cret');
    expect(await first.vault.addKeyFile()).toMatchObject({ state: 'open', slots: [{ kind: 'key-file', isWeak: true }], explanation: { code: 'VAULT_IS_OPEN_WEAK' } });
    const path = join(first.directory, 'vault.key');
    if (process.platform !== 'win32') {
      expect(statSync(path).mode & 0o777).toBe(0o600);
      chmodSync(path, 0o644);
    }
    const { vault } = await restart(first);
    expect(await vault.get(owner, 'password')).toBe('s3cret');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['is gone', (path: string) => rmSync(path)],
    ['was changed', (path: string) => writeFileSync(path, `${'ab'.repeat(32)}\n`)],
    ['is something else', (path: string) => writeFileSync(path, 'hello')],
  ])('that %s makes the vault unreadable, and nothing is thrown away', async (_name, damage) => {
    const first = await openVault();
    await first.vault.addKeyFile();
    await first.vault.put(owner, 'password', 's3cret');
    damage(join(first.directory, 'vault.key'));
    const { vault, store } = await restart(first);
    expect(await vault.status()).toMatchObject({ state: 'unreadable', secretCount: 1, explanation: { code: 'VAULT_UNREADABLE' } });
    await expect(vault.get(owner, 'password')).rejects.toMatchObject({ code: 'VAULT_UNREADABLE' });
    await expect(vault.put(owner, 'password', 'x')).rejects.toMatchObject({ code: 'VAULT_UNREADABLE' });
    await expect(vault.addPassphrase(passphrase)).rejects.toMatchObject({ code: 'VAULT_UNREADABLE' });
    await expect(vault.removeSlot('key-file', false)).rejects.toMatchObject({ code: 'VAULT_SLOT_NOT_OPEN' });
    expect(await store.state.read.selectFrom('secret').selectAll().execute()).toHaveLength(1);
  });

  it('can be asked for twice without locking anything out, and goes with its slot', async () => {
    const first = await openVault();
    await first.vault.addPassphrase(passphrase);
    await first.vault.addKeyFile();
    await first.vault.addKeyFile();
    await first.vault.put(owner, 'password', 's3cret');
    const second = await restart(first);
    expect(await second.vault.get(owner, 'password')).toBe('s3cret');
    expect(await second.vault.removeSlot('key-file', false)).toMatchObject({ state: 'open', slots: [{ kind: 'passphrase' }] });
    expect(existsSync(join(first.directory, 'vault.key'))).toBe(false);
    const third = await restart(second);
    expect(third.vault.state).toBe('locked');
    await third.vault.unlock(passphrase);
    expect(await third.vault.get(owner, 'password')).toBe('s3cret');
  });
});

describe("the system's key store", () => {
  it('takes the first secret without being asked, and opens the vault by itself', async () => {
    const safeStorage = keyStore();
    const first = await openVault({ safeStorage });
    expect(await first.vault.status()).toMatchObject({ state: 'session', explanation: { code: 'VAULT_IS_SESSION_WITH_STORE' } });
    await first.vault.put(owner, 'password', 's3cret');
    expect(await first.vault.status()).toMatchObject({ state: 'open', slots: [{ kind: 'safe-storage', isWeak: false }] });
    const second = await restart(first, safeStorage);
    expect(await second.vault.get(owner, 'password')).toBe('s3cret');
  });

  it.each(['basic_text', 'unknown', ''])('that is only a disguise (%j) is not used', async (backend) => {
    const { vault } = await openVault({ safeStorage: keyStore(backend) });
    await vault.put(owner, 'password', 's3cret');
    expect(await vault.status()).toMatchObject({ state: 'session', slots: [], explanation: { code: 'VAULT_IS_SESSION' } });
  });

  it('of another user leaves the vault unreadable, or locked where there is a passphrase', async () => {
    const first = await openVault({ safeStorage: keyStore() });
    await first.vault.put(owner, 'password', 's3cret');
    const second = await restart(first, keyStore());
    expect(second.vault.state).toBe('unreadable');
    await second.vault.clear(owner);
    // Nothing is left that could be lost: a new vault begins.
    expect(await second.vault.addPassphrase(passphrase)).toMatchObject({ state: 'open', slots: [{ kind: 'passphrase' }] });
  });

  it('is not used again once its slot was removed on purpose', async () => {
    const safeStorage = keyStore();
    const first = await openVault({ safeStorage });
    await first.vault.put(owner, 'password', 's3cret');
    await first.vault.removeSlot('safe-storage', true);
    const { vault } = await restart(first, safeStorage);
    await vault.put(owner, 'password', 'other');
    expect(vault.state).toBe('session');
  });

  it('that fails leaves no half-made vault behind', async () => {
    const safeStorage = { ...keyStore(), encrypt: () => { throw new Error('the key store is not there'); } };
    const { vault } = await openVault({ safeStorage });
    await expect(vault.put(owner, 'password', 's3cret')).rejects.toThrow('not there');
    expect(vault.state).toBe('session');
  });
});

describe('a stored secret', () => {
  it('moved to another owner is noticed and not used', async () => {
    const { vault, store } = await openVault();
    await vault.addPassphrase(passphrase);
    await vault.put(owner, 'password', 's3cret');
    await store.state.write.updateTable('secret').set({ owner_id: 'p2' }).execute();
    await expect(vault.get({ kind: 'platform', id: 'p2' }, 'password')).rejects.toMatchObject({ code: 'VAULT_SECRET_DAMAGED' });
    // Nor are the others dropped because of it.
    await expect(vault.removeSlot('passphrase', true)).rejects.toMatchObject({ code: 'VAULT_SECRET_DAMAGED' });
    expect(await store.state.read.selectFrom('secret').selectAll().execute()).toHaveLength(1);
  });

  it.each(['nonce', 'ciphertext', 'tag'] as const)('with a changed %s is noticed and can be entered again', async (column) => {
    const { vault, store } = await openVault();
    await vault.addPassphrase(passphrase);
    await vault.put(owner, 'password', 's3cret');
    const row = await store.state.read.selectFrom('secret').selectAll().executeTakeFirstOrThrow();
    const bytes = Uint8Array.from(row[column]);
    bytes[0]! ^= 1;
    await store.state.write.updateTable('secret').set({ [column]: bytes }).execute();
    await expect(vault.get(owner, 'password')).rejects.toMatchObject({ code: 'VAULT_SECRET_DAMAGED' });
    await vault.put(owner, 'password', 'again');
    expect(await vault.get(owner, 'password')).toBe('again');
  });

  it('is encrypted anew each time, and shown to the redactor', async () => {
    const { vault, store, secretsSeen, changes } = await openVault();
    await vault.addPassphrase(passphrase);
    await vault.put(owner, 'a', '同一个密码');
    await vault.put(owner, 'b', '同一个密码');
    const [a, b] = await store.state.read.selectFrom('secret').select('ciphertext').execute();
    expect(Buffer.from(a!.ciphertext).equals(Buffer.from(b!.ciphertext))).toBe(false);
    expect(await vault.get(owner, 'a')).toBe('同一个密码');
    expect(new Set(secretsSeen)).toEqual(new Set(['同一个密码']));
    expect(changes()).toBe(3);
  });
});

describe('the commands', () => {
  it('answer with the status, never with a secret', async () => {
    const { vault } = await openVault();
    const handlers = vaultHandlers({ vault });
    const ctx = {} as never;
    await vault.put(owner, 'password', 's3cret-canary');
    const answers = [
      await handlers['vault.status']({}, ctx),
      await handlers['vault.addPassphrase']({ passphrase }, ctx),
      await handlers['vault.lock']({}, ctx),
      await handlers['vault.unlock']({ passphrase }, ctx),
      await handlers['vault.addKeyFile']({}, ctx),
      await handlers['vault.removeSlot']({ kind: 'key-file', isConfirmed: false }, ctx),
    ];
    expect(answers.map(({ state }) => state)).toEqual(['session', 'open', 'locked', 'open', 'open', 'open']);
    expect(JSON.stringify(answers)).not.toContain('canary');
    await expect(handlers['vault.removeSlot']({ kind: 'safe-storage', isConfirmed: true }, ctx)).rejects.toMatchObject({ code: 'VAULT_NO_SUCH_SLOT' });
  });
});
