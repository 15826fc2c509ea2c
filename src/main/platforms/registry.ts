/** The kinds of platform that this version can talk to. The only place that knows all connectors. */
import { AppError } from '../../shared/model/app-error.ts';
import type { PlatformKind } from '../../shared/model/platform.ts';
import type { Connector, ConnectorFactory } from './connector.ts';

export class ConnectorRegistry {
  readonly #factories: ReadonlyMap<PlatformKind, ConnectorFactory>;

  constructor(factories: readonly ConnectorFactory[]) {
    this.#factories = new Map(factories.map((factory) => [factory.kind, factory]));
  }

  /** In the order they are offered. */
  list(): ConnectorFactory[] {
    return [...this.#factories.values()];
  }

  /** @throws `PLATFORM_KIND_UNKNOWN` */
  factory(kind: PlatformKind): ConnectorFactory {
    const factory = this.#factories.get(kind);
    if (factory === undefined) throw new AppError('PLATFORM_KIND_UNKNOWN', { kind });
    return factory;
  }

  /**
   * @param settings as stored; of a directory field, the path
   * @throws `PLATFORM_SETTINGS_INVALID` with the fields that are missing or wrong, never their values
   */
  create(kind: PlatformKind, settings: unknown, secrets: Readonly<Record<string, string>>): Connector {
    const factory = this.factory(kind);
    const parsed = factory.settingsSchema.safeParse(settings);
    if (!parsed.success) {
      const fields = new Set(parsed.error.issues.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.'))));
      throw new AppError('PLATFORM_SETTINGS_INVALID', { fields: [...fields].join(', ') });
    }
    return factory.create(parsed.data, secrets);
  }
}
