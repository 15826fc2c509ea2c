/** Secrets that live as long as the host runs: in memory, nowhere else. */
import type { SecretOwner } from '../store/repositories/secret.repo.ts';

export interface SessionSecret {
  owner: SecretOwner;
  name: string;
  value: string;
}

function keyOf(owner: SecretOwner, name: string): string {
  return JSON.stringify([owner.kind, owner.id, name]);
}

export class SessionSecrets {
  readonly #secrets = new Map<string, SessionSecret>();

  get count(): number {
    return this.#secrets.size;
  }

  put(owner: SecretOwner, name: string, value: string): void {
    this.#secrets.set(keyOf(owner, name), { owner, name, value });
  }

  get(owner: SecretOwner, name: string): string | null {
    return this.#secrets.get(keyOf(owner, name))?.value ?? null;
  }

  /** @param name null = all of the owner's. */
  clear(owner: SecretOwner, name: string | null): void {
    for (const [key, secret] of this.#secrets) {
      const isOwners = secret.owner.kind === owner.kind && secret.owner.id === owner.id;
      if (isOwners && (name === null || secret.name === name)) this.#secrets.delete(key);
    }
  }

  all(): SessionSecret[] {
    return [...this.#secrets.values()];
  }

  clearAll(): void {
    this.#secrets.clear();
  }
}
