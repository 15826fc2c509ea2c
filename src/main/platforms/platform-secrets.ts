/** Secrets of platforms in the vault: one entry for each secret field of the connector's form. */
import type { PlatformId } from '../../shared/model/ids.ts';
import type { Vault } from '../secrets/vault.ts';
import type { PlatformRepository } from '../store/repositories/platform.repo.ts';
import type { PlatformSecrets } from './platform-connectors.ts';
import type { ConnectorRegistry } from './registry.ts';

export class VaultPlatformSecrets implements PlatformSecrets {
  readonly #vault: Vault;
  readonly #registry: ConnectorRegistry;
  readonly #platforms: PlatformRepository;

  constructor(vault: Vault, registry: ConnectorRegistry, platforms: PlatformRepository) {
    this.#vault = vault;
    this.#registry = registry;
    this.#platforms = platforms;
  }

  /** Those that are set. Fails while the vault is locked, but only for platforms that have secrets. */
  async read(platform: PlatformId): Promise<Record<string, string>> {
    const stored = await this.#platforms.find(platform);
    const secrets: Record<string, string> = {};
    if (stored === null) return secrets;
    for (const field of this.#registry.factory(stored.kind).fields) {
      const value = field.type === 'secret' ? await this.#vault.get({ kind: 'platform', id: platform }, field.key) : null;
      if (value !== null) secrets[field.key] = value;
    }
    return secrets;
  }

  async write(platform: PlatformId, secrets: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(secrets)) await this.#vault.put({ kind: 'platform', id: platform }, name, value);
  }

  async remove(platform: PlatformId, name?: string): Promise<void> {
    await this.#vault.clear({ kind: 'platform', id: platform }, name ?? null);
  }
}
