/** The system's key store through Electron. Whether it really protects is judged by the vault, from the backend's name. */
import { safeStorage } from 'electron';
import type { SafeStorage } from '../../secrets/safe-storage.ts';

const fixedBackends: Readonly<Record<string, string>> = { darwin: 'keychain', win32: 'dpapi' };

export const electronSafeStorage: SafeStorage = {
  isAvailable: () => safeStorage.isAsyncEncryptionAvailable(),
  backend: () => fixedBackends[process.platform] ?? safeStorage.getSelectedStorageBackend(),
  encrypt: (text) => safeStorage.encryptStringAsync(text),
  decrypt: async (bytes) => (await safeStorage.decryptStringAsync(Buffer.from(bytes))).result,
};
