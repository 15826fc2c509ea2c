/** A vault over a real store, and stand-ins for the system's key store. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SafeStorage } from '../../../src/main/secrets/safe-storage.ts';
import { Vault } from '../../../src/main/secrets/vault.ts';
import { SecretRepository } from '../../../src/main/store/repositories/secret.repo.ts';
import { SettingsRepository } from '../../../src/main/store/repositories/settings.repo.ts';
import type { Store } from '../../../src/main/store/store.ts';
import { freshDirectory, open } from '../store/open.ts';

/** A key store that works as the system's does: another one cannot open what this one closed. */
export function keyStore(backend = 'gnome_libsecret'): SafeStorage {
  const key = randomBytes(32);
  return {
    isAvailable: () => Promise.resolve(true),
    backend: () => backend,
    encrypt: async (text) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Promise.resolve(Buffer.concat([nonce, cipher.getAuthTag(), body]));
    },
    decrypt: async (bytes) => {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return Promise.resolve(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8'));
    },
  };
}

export interface OpenedVault {
  vault: Vault;
  store: Store;
  directory: string;
  secretsSeen: string[];
  changes: () => number;
}

/** Opens a vault; with the directory of an earlier one, as after a restart (close that store first). */
export async function openVault({ directory = freshDirectory(), safeStorage = null }: { directory?: string; safeStorage?: SafeStorage | null } = {}): Promise<OpenedVault> {
  const store = await open(directory);
  const secretsSeen: string[] = [];
  let changed = 0;
  const vault = new Vault({
    secrets: new SecretRepository(store.state),
    settings: new SettingsRepository(store.state),
    safeStorage,
    keyFilePath: join(directory, 'vault.key'),
    clock: { now: () => 1_700_000_000_000 },
    onSecret: (value) => void secretsSeen.push(value),
    onChange: () => {
      changed += 1;
    },
  });
  await vault.start();
  return { vault, store, directory, secretsSeen, changes: () => changed };
}

/** Closes the store and opens the same directory again, as a new process would. */
export async function restart(opened: OpenedVault, safeStorage: SafeStorage | null = null): Promise<OpenedVault> {
  opened.vault.dispose();
  await opened.store.close();
  return openVault({ directory: opened.directory, safeStorage });
}
