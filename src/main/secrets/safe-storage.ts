/** The operating system's key store, as the desktop shell hands it in; other shells have none. */
export interface SafeStorage {
  isAvailable(): Promise<boolean>;
  /** `gnome_libsecret`, `kwallet6`, `keychain`, `dpapi` …; on Linux also `basic_text` and `unknown`. */
  backend(): string;
  encrypt(text: string): Promise<Uint8Array>;
  /** Rejects when the key store cannot open it (another user, another machine). */
  decrypt(bytes: Uint8Array): Promise<string>;
}

/** These encrypt under a constant that is in the program's source: a disguise, no protection. */
const disguises = new Set(['basic_text', 'unknown', '']);

/** The key store if it really protects, else null. */
export async function protectingStore(storage: SafeStorage | null): Promise<SafeStorage | null> {
  return storage !== null && (await storage.isAvailable()) && !disguises.has(storage.backend()) ? storage : null;
}
