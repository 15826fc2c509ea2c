/**
 * The live connectors: one per configured platform, made when first needed and kept until the platform is changed or removed. Answers
 * what may be done on a platform now.
 */
import { AppError } from '../../shared/model/app-error.ts';
import type { Availability } from '../../shared/model/capability.ts';
import type { Role } from '../../shared/model/role.ts';
import type { PlatformId } from '../../shared/model/ids.ts';
import type { PlatformHealthRepository } from '../store/repositories/platform-health.repo.ts';
import type { PlatformRepository, StoredPlatform } from '../store/repositories/platform.repo.ts';
import { roleAvailability } from './capabilities.ts';
import type { Connector } from './connector.ts';
import type { ConnectorRegistry } from './registry.ts';

/** Where platforms' secrets lie; the vault implements it. */
export interface PlatformSecrets {
  read(platform: PlatformId): Promise<Record<string, string>>;
  write(platform: PlatformId, secrets: Readonly<Record<string, string>>): Promise<void>;
  /** @param name one of them; all where absent */
  remove(platform: PlatformId, name?: string): Promise<void>;
}

export interface PlatformConnectorsDeps {
  registry: ConnectorRegistry;
  platforms: PlatformRepository;
  health: PlatformHealthRepository;
  secrets: PlatformSecrets;
}

export class PlatformConnectors {
  readonly #deps: PlatformConnectorsDeps;
  readonly #live = new Map<PlatformId, Promise<Connector>>();

  constructor(deps: PlatformConnectorsDeps) {
    this.#deps = deps;
  }

  /** @throws `NOT_FOUND` */
  async platform(id: PlatformId): Promise<StoredPlatform> {
    const stored = await this.#deps.platforms.find(id);
    if (stored === null) throw new AppError('NOT_FOUND', { what: 'platform', id });
    return stored;
  }

  /** @throws `NOT_FOUND`, `PLATFORM_KIND_UNKNOWN`, `PLATFORM_SETTINGS_INVALID` */
  connector(id: PlatformId): Promise<Connector> {
    const known = this.#live.get(id);
    if (known !== undefined) return known;
    const made = this.#make(id);
    this.#live.set(id, made);
    // A failure is not kept: the next call tries again.
    made.catch(() => {
      if (this.#live.get(id) === made) this.#live.delete(id);
    });
    return made;
  }

  async #make(id: PlatformId): Promise<Connector> {
    const stored = await this.platform(id);
    return this.#deps.registry.create(stored.kind, stored.config, await this.#deps.secrets.read(id));
  }

  /** Whether a role may be used: the connector has it, the probe says so, and the platform is not read-only here. */
  async roleOf(id: PlatformId, role: Role): Promise<Availability> {
    return roleAvailability(role, (await this.#deps.health.find(id)).capabilities, await this.platform(id));
  }

  /** Ends the connector of a platform that was changed or removed. */
  async drop(id: PlatformId): Promise<void> {
    const connector = this.#live.get(id);
    this.#live.delete(id);
    if (connector === undefined) return;
    // One that could not be made has told its caller so; there is nothing of it to end.
    const made = await connector.catch(() => null);
    await made?.dispose();
  }

  async dispose(): Promise<void> {
    const ended = await Promise.allSettled([...this.#live.keys()].map((id) => this.drop(id)));
    for (const result of ended) if (result.status === 'rejected') throw result.reason;
  }
}
