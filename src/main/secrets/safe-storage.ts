/** The operating system's key store, as the desktop shell hands it in; other shells have none. */
export interface SafeStorage {
  isAvailable(): boolean;
  /** `gnome_libsecret`, `kwallet6`, `keychain`, `dpapi` …; on Linux also `basic_text` and `unknown`. */
  backend(): string;
  encrypt(text: string): Uint8Array;
  /** Throws when the key store cannot open it (another user, another machine). */
  decrypt(bytes: Uint8Array): string;
}

/** These encrypt under a constant that is in the program's source: a disguise, no protection. */
const disguises = new Set(['basic_text', 'unknown', '']);

export function isProtecting(storage: SafeStorage | null): storage is SafeStorage {
  return storage !== null && storage.isAvailable() && !disguises.has(storage.backend());
}
