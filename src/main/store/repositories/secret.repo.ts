/** Encrypted secrets and the wrapped keys that open them, as bytes. Knows nothing of how they were encrypted. */
import type { StateSchema, VaultSlotKind } from '../schema-state.ts';
import type { StoreDatabase } from '../store.ts';

/** What a secret belongs to: a platform, an image, a desktop. */
export interface SecretOwner {
  kind: string;
  id: string;
}

export interface StoredSecret {
  owner: SecretOwner;
  name: string;
  nonce: Uint8Array;
  ciphertext: Uint8Array;
  tag: Uint8Array;
  createdAt: number;
}

export interface StoredSlot {
  kind: VaultSlotKind;
  /** The data key, encrypted under this slot's own key. */
  wrappedKey: Uint8Array;
  /** What is needed to derive the slot's key again, besides the secret part. */
  params: Record<string, string | number>;
  createdAt: number;
}

function secretRow({ owner, name, nonce, ciphertext, tag, createdAt }: StoredSecret) {
  return { owner_kind: owner.kind, owner_id: owner.id, name, nonce, ciphertext, tag, created_at: createdAt };
}

function slotRow({ kind, wrappedKey, params, createdAt }: StoredSlot) {
  return { kind, wrapped_key: wrappedKey, params_json: JSON.stringify(params), created_at: createdAt };
}

export class SecretRepository {
  readonly #db: StoreDatabase<StateSchema>;

  constructor(db: StoreDatabase<StateSchema>) {
    this.#db = db;
  }

  async slots(): Promise<StoredSlot[]> {
    const rows = await this.#db.read.selectFrom('vault_slot').selectAll().orderBy('created_at').execute();
    return rows.map((row) => ({
      kind: row.kind,
      wrappedKey: row.wrapped_key,
      params: JSON.parse(row.params_json) as StoredSlot['params'],
      createdAt: row.created_at,
    }));
  }

  /** Adds a slot or replaces the one of its kind. */
  async saveSlot(slot: StoredSlot): Promise<void> {
    const row = slotRow(slot);
    await this.#db.write.insertInto('vault_slot').values(row).onConflict((on) => on.column('kind').doUpdateSet(row)).execute();
  }

  async removeSlot(kind: VaultSlotKind): Promise<void> {
    await this.#db.write.deleteFrom('vault_slot').where('kind', '=', kind).execute();
  }

  /** A new vault with one slot and these secrets; whatever was there before goes, in the same transaction. */
  async begin(slot: StoredSlot, secrets: readonly StoredSecret[]): Promise<void> {
    await this.#db.write.transaction().execute(async (trx) => {
      await trx.deleteFrom('vault_slot').execute();
      await trx.deleteFrom('secret').execute();
      await trx.insertInto('vault_slot').values(slotRow(slot)).execute();
      for (const secret of secrets) await trx.insertInto('secret').values(secretRow(secret)).execute();
    });
  }

  /** No slot and no stored secret any more. */
  async end(): Promise<void> {
    await this.#db.write.transaction().execute(async (trx) => {
      await trx.deleteFrom('vault_slot').execute();
      await trx.deleteFrom('secret').execute();
    });
  }

  async put(secret: StoredSecret): Promise<void> {
    const row = secretRow(secret);
    await this.#db.write
      .insertInto('secret').values(row).onConflict((on) => on.columns(['owner_kind', 'owner_id', 'name']).doUpdateSet(row)).execute();
  }

  async find(owner: SecretOwner, name: string): Promise<StoredSecret | null> {
    const row = await this.#db.read
      .selectFrom('secret').selectAll().where('owner_kind', '=', owner.kind).where('owner_id', '=', owner.id).where('name', '=', name).executeTakeFirst();
    if (row === undefined) return null;
    return { owner, name, nonce: row.nonce, ciphertext: row.ciphertext, tag: row.tag, createdAt: row.created_at };
  }

  async all(): Promise<StoredSecret[]> {
    const rows = await this.#db.read.selectFrom('secret').selectAll().execute();
    return rows.map(({ owner_kind, owner_id, name, nonce, ciphertext, tag, created_at }) => ({
      owner: { kind: owner_kind, id: owner_id }, name, nonce, ciphertext, tag, createdAt: created_at,
    }));
  }

  /** The names of an owner's secrets. */
  async names(owner: SecretOwner): Promise<string[]> {
    const rows = await this.#db.read
      .selectFrom('secret').select('name').where('owner_kind', '=', owner.kind).where('owner_id', '=', owner.id).execute();
    return rows.map(({ name }) => name);
  }

  /** @param name null = all of the owner's. */
  async remove(owner: SecretOwner, name: string | null): Promise<void> {
    let query = this.#db.write.deleteFrom('secret').where('owner_kind', '=', owner.kind).where('owner_id', '=', owner.id);
    if (name !== null) query = query.where('name', '=', name);
    await query.execute();
  }

  async count(): Promise<number> {
    const { total } = await this.#db.read
      .selectFrom('secret').select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
    return total;
  }
}
