/**
 * Where the services of a cloud are, from the catalog that came with the token. Addresses in catalogs come with and without versions;
 * what is asked for here always has one.
 */
import { z } from 'zod';
import { AppError } from '../../../shared/model/app-error.ts';
import type { CloudAccess } from './settings.ts';

export type ServiceKind = 'identity' | 'compute' | 'image' | 'volume' | 'network';

export const catalogEntries = z.array(z.object({
  type: z.string(),
  endpoints: z.array(z.object({ interface: z.string(), url: z.string(), region_id: z.string().nullish(), region: z.string().nullish() })).default([]),
})).default([]);
export type CatalogEntries = z.infer<typeof catalogEntries>;

/** Official types and the aliases that clouds use; the first that is there counts. */
const types: Record<ServiceKind, readonly string[]> = {
  identity: ['identity'],
  compute: ['compute'],
  image: ['image'],
  volume: ['block-storage', 'volumev3', 'block-store'],
  network: ['network'],
};

/** What is put behind an address without a version. */
function versioned(kind: ServiceKind, path: string, projectId: string): string {
  switch (kind) {
    case 'identity': return /\/v3$/.test(path) ? path : `${path.replace(/\/v2\.0$/, '')}/v3`;
    case 'image': return `${path.replace(/\/v[12](?:\.\d+)?$/, '')}/v2`;
    case 'compute': return /\/v2(?:\.\d+)?(?:\/[^/]+)?$/.test(path) ? path : `${path}/v2.1`;
    case 'volume': return /\/v3\/[^/]+$/.test(path) ? path : /\/v3$/.test(path) ? `${path}/${projectId}` : `${path}/v3/${projectId}`;
    case 'network': return /\/v2\.0$/.test(path) ? path : `${path}/v2.0`;
  }
}

export class ServiceCatalog {
  readonly #entries: CatalogEntries;
  readonly #access: Pick<CloudAccess, 'region' | 'interface'>;
  readonly #projectId: string;

  constructor(entries: CatalogEntries, access: Pick<CloudAccess, 'region' | 'interface'>, projectId: string) {
    this.#entries = entries;
    this.#access = access;
    this.#projectId = projectId;
  }

  /** Every region that has a compute or image service. */
  get regions(): string[] {
    const ours = this.#entries.filter((entry) => [...types.compute, ...types.image].includes(entry.type));
    return [...new Set(ours.flatMap((entry) => entry.endpoints.map(regionOf)))].sort();
  }

  /** The region that counts. @throws `OPENSTACK_REGION_NEEDED`, `OPENSTACK_REGION_UNKNOWN` */
  get region(): string {
    const { region } = this.#access;
    const { regions } = this;
    if (region !== null) {
      if (!regions.includes(region)) throw new AppError('OPENSTACK_REGION_UNKNOWN', { region, regions: regions.join(', ') });
      return region;
    }
    if (regions.length > 1) throw new AppError('OPENSTACK_REGION_NEEDED', { regions: regions.join(', ') });
    return regions[0] ?? '';
  }

  /** Without a slash at its end; null where the cloud has no such service. */
  find(kind: ServiceKind): URL | null {
    const { region } = this;
    for (const type of types[kind]) {
      for (const entry of this.#entries.filter((item) => item.type === type)) {
        const endpoint = entry.endpoints.find((item) => item.interface === this.#access.interface && regionOf(item) === region);
        if (endpoint !== undefined && URL.canParse(endpoint.url) && /^https?:$/.test(new URL(endpoint.url).protocol)) return this.#base(kind, new URL(endpoint.url));
      }
    }
    return null;
  }

  /** @throws `OPENSTACK_SERVICE_MISSING` */
  endpoint(kind: ServiceKind): URL {
    const found = this.find(kind);
    if (found === null) throw new AppError('OPENSTACK_SERVICE_MISSING', { service: types[kind][0] ?? kind, region: this.region, interface: this.#access.interface });
    return found;
  }

  #base(kind: ServiceKind, url: URL): URL {
    const base = new URL(url.origin);
    base.pathname = versioned(kind, url.pathname.replace(/\/+$/, ''), this.#projectId);
    return base;
  }
}

const regionOf = (endpoint: CatalogEntries[number]['endpoints'][number]): string => endpoint.region_id ?? endpoint.region ?? '';
