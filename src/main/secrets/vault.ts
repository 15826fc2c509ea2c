/**
 * Where secrets are kept. Write-only for everybody but the connectors: no command hands one out. Owns the data key (in memory
 * only, while open) and what may happen in which state; how a key is kept is in `key-slots.ts`.
 */
import { randomBytes } from 'node:crypto';
import type { VaultStatus } from '../../shared/contract/vault.ts';
import { AppError } from '../../shared/model/app-error.ts';
import { say, type Message } from '../../shared/model/message.ts';
import type { Clock } from '../clock.ts';
import type { SecretOwner, SecretRepository, StoredSecret, StoredSlot } from '../store/repositories/secret.repo.ts';
import type { SettingsRepository } from '../store/repositories/settings.repo.ts';
import type { VaultSlotKind } from '../store/schema-state.ts';
import { KeyFile, openWithPassphrase, openWithSafeStorage, wrapWithPassphrase, wrapWithSafeStorage } from './key-slots.ts';
import { protectingStore, type SafeStorage } from './safe-storage.ts';
import { keyBytes, seal, unseal } from './sealed-box.ts';
import { SessionSecrets } from './session-secrets.ts';

export interface VaultDeps {
  secrets: SecretRepository;
  settings: SettingsRepository;
  /** Null in shells without one. */
  safeStorage: SafeStorage | null;
  /** Where a key file slot has its file. */
  keyFilePath: string;
  clock: Clock;
  /** Called for every secret that goes in or out, so that no log shows it. */
  onSecret: (value: string) => void;
  onChange: () => void;
}

/** Set while the person has chosen to keep secrets in memory only, so that no slot is made unasked. */
const sessionSetting = 'vault.isSessionOnly';

type Wrap = (dataKey: Buffer) => Promise<Omit<StoredSlot, 'createdAt'>>;

function purposeOf(owner: SecretOwner, name: string): string[] {
  return ['goldpress-secret-1', owner.kind, owner.id, name];
}

export class Vault {
  readonly #deps: VaultDeps;
  readonly #keyFile: KeyFile;
  readonly #session = new SessionSecrets();
  #slots: StoredSlot[] = [];
  #dataKey: Buffer | null = null;
  /** The system's key store, once it is known to protect. */
  #keyStore: SafeStorage | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: VaultDeps) {
    this.#deps = deps;
    this.#keyFile = new KeyFile(deps.keyFilePath);
  }

  /** Reads the slots and opens the vault where that needs nobody. Before any other call. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      this.#keyStore = await protectingStore(this.#deps.safeStorage);
      this.#slots = await this.#deps.secrets.slots();
      for (const slot of this.#slots) this.#dataKey ??= await this.#openUnasked(slot);
    });
  }

  get state(): VaultStatus['state'] {
    if (this.#dataKey !== null) return 'open';
    if (this.#slot('passphrase') !== null) return 'locked';
    return this.#slots.length > 0 ? 'unreadable' : 'session';
  }

  status(): Promise<VaultStatus> {
    return this.#inTurn(() => this.#status());
  }

  /** Keeps a secret, replacing an older one. `VAULT_LOCKED`, `VAULT_UNREADABLE`. */
  put(owner: SecretOwner, name: string, value: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#deps.onSecret(value);
      this.#demandUsable();
      const storage = this.#keyStore;
      if (this.state === 'session' && storage !== null && (await this.#deps.settings.get(sessionSetting)) !== true) {
        await this.#begin((dataKey) => wrapWithSafeStorage(dataKey, storage));
      }
      if (this.#dataKey === null) this.#session.put(owner, name, value);
      else await this.#deps.secrets.put(this.#encrypt(this.#dataKey, owner, name, value));
      this.#deps.onChange();
    });
  }

  /** Null when there is none. `VAULT_LOCKED`, `VAULT_UNREADABLE`, `VAULT_SECRET_DAMAGED`. */
  get(owner: SecretOwner, name: string): Promise<string | null> {
    return this.#inTurn(async () => {
      if (this.state === 'session') return this.#session.get(owner, name);
      const stored = await this.#deps.secrets.find(owner, name);
      if (stored === null) return null;
      return this.#decrypt(this.#demandKey(), stored);
    });
  }

  /** Also in a locked vault: whether there is one, not what it is. */
  has(owner: SecretOwner, name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.state === 'session') return this.#session.get(owner, name) !== null;
      return (await this.#deps.secrets.names(owner)).includes(name);
    });
  }

  /** Forgets a secret, or with `name` null all that an owner has (it is being removed). Possible in every state. */
  clear(owner: SecretOwner, name: string | null = null): Promise<void> {
    return this.#inTurn(async () => {
      this.#session.clear(owner, name);
      await this.#deps.secrets.remove(owner, name);
      this.#deps.onChange();
    });
  }

  /** `VAULT_NO_PASSPHRASE`, `VAULT_WRONG_PASSPHRASE`. */
  unlock(passphrase: string): Promise<VaultStatus> {
    return this.#change(async () => {
      const slot = this.#slot('passphrase');
      if (slot === null) throw new AppError('VAULT_NO_PASSPHRASE');
      const key = await openWithPassphrase(slot, passphrase);
      if (key === null) throw new AppError('VAULT_WRONG_PASSPHRASE');
      this.#forgetKey();
      this.#dataKey = key;
    });
  }

  /** Forgets the data key. Refused without a passphrase: nothing could open it again before a restart. */
  lock(): Promise<VaultStatus> {
    return this.#change(() => {
      if (this.#slot('passphrase') === null) throw new AppError('VAULT_NO_PASSPHRASE');
      this.#forgetKey();
      return Promise.resolve();
    });
  }

  /** Adds the passphrase slot or replaces its passphrase; secrets of this session are stored with the first slot. */
  addPassphrase(passphrase: string): Promise<VaultStatus> {
    return this.#add((dataKey) => wrapWithPassphrase(dataKey, passphrase));
  }

  addKeyFile(): Promise<VaultStatus> {
    return this.#add((dataKey) => this.#keyFile.wrap(dataKey));
  }

  /**
   * Removes a slot. The last one needs `isConfirmed` (`VAULT_LAST_SLOT`): stored secrets then live in memory until the host ends.
   * So does any slot of a vault that is not open (`VAULT_SLOT_NOT_OPEN`): its secrets may never be read again.
   */
  removeSlot(kind: VaultSlotKind, isConfirmed: boolean): Promise<VaultStatus> {
    return this.#change(async () => {
      if (this.#slot(kind) === null) throw new AppError('VAULT_NO_SUCH_SLOT');
      const isLast = this.#slots.length === 1;
      if (!isConfirmed && (isLast || this.state !== 'open')) {
        const secretCount = await this.#deps.secrets.count();
        throw new AppError(this.state === 'open' ? 'VAULT_LAST_SLOT' : 'VAULT_SLOT_NOT_OPEN', { secretCount });
      }
      if (isLast) await this.#end();
      else await this.#deps.secrets.removeSlot(kind);
      this.#slots = this.#slots.filter((slot) => slot.kind !== kind);
      // Last: a crash before it leaves a file that opens nothing.
      if (kind === 'key-file') await this.#keyFile.remove();
    });
  }

  /** Forgets everything that is in memory. */
  dispose(): void {
    this.#forgetKey();
    this.#session.clearAll();
  }

  /** One at a time: states are checked and changed in one go, and a passphrase costs 128 MiB while it is tried. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #change(work: () => Promise<void>): Promise<VaultStatus> {
    return this.#inTurn(async () => {
      await work();
      this.#deps.onChange();
      return this.#status();
    });
  }

  #slot(kind: VaultSlotKind): StoredSlot | null {
    return this.#slots.find((slot) => slot.kind === kind) ?? null;
  }

  #openUnasked(slot: StoredSlot): Promise<Buffer | null> {
    switch (slot.kind) {
      case 'safe-storage':
        return openWithSafeStorage(slot, this.#keyStore);
      case 'key-file':
        return this.#keyFile.open(slot);
      case 'passphrase':
        return Promise.resolve(null);
    }
  }

  #demandUsable(): void {
    const { state } = this;
    if (state === 'locked') throw new AppError('VAULT_LOCKED');
    if (state === 'unreadable') throw new AppError('VAULT_UNREADABLE', { path: this.#keyFile.path });
  }

  #demandKey(): Buffer {
    this.#demandUsable();
    if (this.#dataKey === null) throw new AppError('VAULT_LOCKED');
    return this.#dataKey;
  }

  #forgetKey(): void {
    this.#dataKey?.fill(0);
    this.#dataKey = null;
  }

  #add(wrap: Wrap): Promise<VaultStatus> {
    return this.#change(async () => {
      // An unreadable vault without a single secret protects nothing: it is begun anew.
      const isNew = this.state === 'session' || (this.state === 'unreadable' && (await this.#deps.secrets.count()) === 0);
      if (isNew) {
        await this.#begin(wrap);
        return;
      }
      const slot = { ...(await wrap(this.#demandKey())), createdAt: this.#deps.clock.now() };
      await this.#deps.secrets.saveSlot(slot);
      this.#slots = [...this.#slots.filter(({ kind }) => kind !== slot.kind), slot];
    });
  }

  /** A new data key with its first slot; what lived in memory is stored under it. Used only once it is stored. */
  async #begin(wrap: Wrap): Promise<void> {
    const dataKey = randomBytes(keyBytes);
    const slot = { ...(await wrap(dataKey)), createdAt: this.#deps.clock.now() };
    const secrets = this.#session.all().map(({ owner, name, value }) => this.#encrypt(dataKey, owner, name, value));
    await this.#deps.secrets.begin(slot, secrets);
    this.#slots = [slot];
    this.#dataKey = dataKey;
    this.#session.clearAll();
    await this.#deps.settings.set({ [sessionSetting]: null });
  }

  /** Back to memory only. All secrets are decrypted before one is removed; a damaged one stops it. */
  async #end(): Promise<void> {
    const dataKey = this.#dataKey;
    const stored = dataKey === null ? [] : await this.#deps.secrets.all();
    const values = dataKey === null ? [] : stored.map((secret) => ({ ...secret, value: this.#decrypt(dataKey, secret) }));
    await this.#deps.settings.set({ [sessionSetting]: true });
    await this.#deps.secrets.end();
    for (const { owner, name, value } of values) this.#session.put(owner, name, value);
    this.#forgetKey();
  }

  #encrypt(dataKey: Buffer, owner: SecretOwner, name: string, value: string): StoredSecret {
    return { owner, name, ...seal(dataKey, Buffer.from(value, 'utf8'), purposeOf(owner, name)), createdAt: this.#deps.clock.now() };
  }

  #decrypt(dataKey: Buffer, stored: StoredSecret): string {
    const value = unseal(dataKey, stored, purposeOf(stored.owner, stored.name));
    if (value === null) throw new AppError('VAULT_SECRET_DAMAGED', { name: stored.name, owner: `${stored.owner.kind} ${stored.owner.id}` });
    const text = value.toString('utf8');
    value.fill(0);
    this.#deps.onSecret(text);
    return text;
  }

  async #status(): Promise<VaultStatus> {
    return {
      state: this.state,
      slots: this.#slots.map(({ kind, createdAt }) => ({ kind, createdAt, isWeak: kind === 'key-file' })),
      explanation: this.#explain(),
      secretCount: this.state === 'session' ? this.#session.count : await this.#deps.secrets.count(),
    };
  }

  #explain(): Message {
    switch (this.state) {
      case 'locked':
        return say('VAULT_IS_LOCKED');
      case 'unreadable':
        return say('VAULT_UNREADABLE', { path: this.#keyFile.path });
      case 'session':
        return say(this.#keyStore !== null ? 'VAULT_IS_SESSION_WITH_STORE' : 'VAULT_IS_SESSION');
      case 'open':
        if (this.#slot('key-file') !== null) return say('VAULT_IS_OPEN_WEAK', { path: this.#keyFile.path });
        return say(this.#slot('safe-storage') === null ? 'VAULT_IS_OPEN_PASSPHRASE' : 'VAULT_IS_OPEN_STORE');
    }
  }
}
