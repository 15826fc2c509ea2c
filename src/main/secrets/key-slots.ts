/**
 * The ways to keep the data key: under a passphrase, under a key file, in the system's key store. Each slot holds the same data
 * key, encrypted under a key of its own; any one of them opens the vault.
 */
import { randomBytes, scrypt } from 'node:crypto';
import { chmod, lstat, open, readFile, rename, rm } from 'node:fs/promises';
import type { StoredSlot } from '../store/repositories/secret.repo.ts';
import type { VaultSlotKind } from '../store/schema-state.ts';
import type { SafeStorage } from './safe-storage.ts';
import { keyBytes, packBox, seal, unpackBox, unseal } from './sealed-box.ts';

/** About 128 MiB and a third of a second for each guess. */
const cost = { N: 2 ** 17, r: 8, p: 1 } as const;
const maxScryptBytes = 512 * 1024 ** 2;
const saltBytes = 32;

type Params = StoredSlot['params'];
type NewSlot = Omit<StoredSlot, 'createdAt'>;

function purpose(kind: VaultSlotKind, params: Params): string[] {
  return ['goldpress-slot-1', kind, JSON.stringify(params)];
}

function wrap(kind: VaultSlotKind, slotKey: Uint8Array, dataKey: Uint8Array, params: Params): NewSlot {
  return { kind, wrappedKey: packBox(seal(slotKey, dataKey, purpose(kind, params))), params };
}

function unwrap(slot: StoredSlot, slotKey: Uint8Array): Buffer | null {
  const key = unseal(slotKey, unpackBox(slot.wrappedKey), purpose(slot.kind, slot.params));
  return key?.length === keyBytes ? key : null;
}

function passphraseKey(passphrase: string, params: Params): Promise<Buffer> {
  const { N, r, p, salt } = params;
  // Typed on another system, the same letters may be other code points: compatibility form makes them equal.
  const typed = passphrase.normalize('NFKC');
  return new Promise((resolve, reject) => {
    scrypt(typed, Buffer.from(String(salt), 'hex'), keyBytes, { N: Number(N), r: Number(r), p: Number(p), maxmem: maxScryptBytes }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

export async function wrapWithPassphrase(dataKey: Uint8Array, passphrase: string): Promise<NewSlot> {
  const params: Params = { ...cost, salt: randomBytes(saltBytes).toString('hex') };
  const slotKey = await passphraseKey(passphrase, params);
  const slot = wrap('passphrase', slotKey, dataKey, params);
  slotKey.fill(0);
  return slot;
}

/** Null when the passphrase is wrong, or the slot damaged: the two cannot be told apart. */
export async function openWithPassphrase(slot: StoredSlot, passphrase: string): Promise<Buffer | null> {
  const { N, r, p, salt } = slot.params;
  const isOurs = N === cost.N && r === cost.r && p === cost.p && typeof salt === 'string' && salt.length === saltBytes * 2;
  // Other numbers than the ones we write were put there by somebody: they could ask for all memory, or for no work at all.
  if (!isOurs) return null;
  const slotKey = await passphraseKey(passphrase, slot.params);
  const key = unwrap(slot, slotKey);
  slotKey.fill(0);
  return key;
}

/** The key file beside the databases. Whoever can read it can read the secrets: weak, and called so. */
export class KeyFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Wraps the data key under the key file, making one (mode 0600, whole or not at all) where there is none. */
  async wrap(dataKey: Uint8Array): Promise<NewSlot> {
    // One that is there is kept: overwriting it before the new slot is stored could lock the old slot out.
    return wrap('key-file', (await this.#read()) ?? (await this.#make()), dataKey, {});
  }

  async #make(): Promise<Buffer> {
    const slotKey = randomBytes(keyBytes);
    const part = `${this.path}.part`;
    await rm(part, { force: true });
    const file = await open(part, 'wx', 0o600);
    try {
      await file.writeFile(`${slotKey.toString('hex')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, this.path);
    return slotKey;
  }

  /** Null when the file is not there, is no key file, or does not fit the slot. */
  async open(slot: StoredSlot): Promise<Buffer | null> {
    const slotKey = await this.#read();
    return slotKey === null ? null : unwrap(slot, slotKey);
  }

  async #read(): Promise<Buffer | null> {
    try {
      const found = await lstat(this.path);
      if (!found.isFile() || found.size > 1024) return null;
      // A copy or a restore may have opened it to others.
      if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) await chmod(this.path, 0o600);
      const text = (await readFile(this.path, 'utf8')).trim();
      return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex') : null;
    } catch {
      // Not there or not readable: the slot cannot be opened, which is all that the caller has to know.
      return null;
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

export async function wrapWithSafeStorage(dataKey: Uint8Array, storage: SafeStorage): Promise<NewSlot> {
  return { kind: 'safe-storage', wrappedKey: await storage.encrypt(Buffer.from(dataKey).toString('hex')), params: { backend: storage.backend() } };
}

/** Null where there is no key store, or it does not open this. */
export async function openWithSafeStorage(slot: StoredSlot, storage: SafeStorage | null): Promise<Buffer | null> {
  if (storage === null) return null;
  try {
    const key = Buffer.from(await storage.decrypt(slot.wrappedKey), 'hex');
    return key.length === keyBytes ? key : null;
  } catch {
    // Encrypted by another user or on another machine; the other slots are tried.
    return null;
  }
}
