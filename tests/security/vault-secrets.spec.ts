/** A secret must not lie in clear in any file of the data directory, in the log, or in an error: whatever happens to the vault. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { viewError } from '../../src/shared/model/app-error.ts';
import { keyStore, openVault, restart, type OpenedVault } from '../unit/secrets/open-vault.ts';

const canary = 'cAnArY-7f3e-秘密-do-not-write-me';
const passphrase = 'pAsSpHrAsE-canary-91c4';
const owner = { kind: 'platform', id: 'p1' };

function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** The spellings in which bytes are usually found again. */
function spellings(text: string): Buffer[] {
  const bytes = Buffer.from(text, 'utf8');
  return [bytes, Buffer.from(text, 'utf16le'), Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64').slice(0, -4)), Buffer.from(JSON.stringify(text).slice(1, -1))];
}

function expectNoTrace(directory: string): void {
  const files = filesBelow(directory);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    const content = readFileSync(file);
    for (const secret of [canary, passphrase]) {
      for (const spelling of spellings(secret)) expect(content.includes(spelling), file).toBe(false);
    }
  }
}

const ways: [string, (opened: OpenedVault) => Promise<unknown>][] = [
  ['in the session only', () => Promise.resolve()],
  ['under a passphrase', ({ vault }) => vault.addPassphrase(passphrase)],
  ['under a key file', ({ vault }) => vault.addKeyFile()],
  ['under a passphrase and a key file, the last one removed again', async ({ vault }) => {
    await vault.addPassphrase(passphrase);
    await vault.addKeyFile();
    await vault.removeSlot('key-file', false);
  }],
  ['back in the session after the last slot was removed', async ({ vault }) => {
    await vault.addPassphrase(passphrase);
    await vault.removeSlot('passphrase', true);
  }],
];

describe('a secret in the vault', () => {
  it('would be found by this search if it were there', async () => {
    const opened = await openVault();
    await opened.store.state.write.insertInto('setting').values({ key: 'leak', json: JSON.stringify(canary) }).execute();
    expect(() => expectNoTrace(opened.directory)).toThrow();
  });

  it.each(ways)('lies in no file in clear: %s', async (_name, protect) => {
    const opened = await openVault();
    await opened.vault.put(owner, 'password', canary);
    await protect(opened);
    await opened.vault.put(owner, 'second', canary);
    await opened.vault.put(owner, 'password', `${canary}!`);
    expectNoTrace(opened.directory);
    await opened.vault.clear(owner, 'second');
    const again = await restart(opened);
    expectNoTrace(opened.directory);
    await again.store.close();
    expectNoTrace(opened.directory);
  });

  it("lies in no file in clear under the system's key store", async () => {
    const opened = await openVault({ safeStorage: keyStore() });
    await opened.vault.put(owner, 'password', canary);
    await opened.store.close();
    expectNoTrace(opened.directory);
  });

  it('and the passphrase are in no error', async () => {
    const opened = await openVault();
    await opened.vault.put(owner, 'password', canary);
    await opened.vault.addPassphrase(passphrase);
    await opened.vault.lock();
    const errors = await Promise.all(
      [opened.vault.unlock(`${passphrase}x`), opened.vault.get(owner, 'password'), opened.vault.put(owner, 'password', canary), opened.vault.removeSlot('passphrase', false)]
        .map((call) => call.then(() => new Error('should have failed'), (error: unknown) => error)),
    );
    for (const error of errors) {
      const shown = JSON.stringify(viewError(error, 'c')) + String(error) + (error instanceof Error ? String(error.stack) : '');
      expect(shown).not.toContain('should have failed');
      expect(shown).not.toContain(canary);
      expect(shown).not.toContain(passphrase);
    }
  });
});
