/** What the simulated cloud holds, and how it moves: states pass from one look to the next, as they would over time on a real one. */
import { createHash, randomUUID } from 'node:crypto';

export interface SimImage {
  id: string;
  name: string;
  status: string;
  visibility: string;
  owner: string;
  disk_format: string | null;
  container_format: string | null;
  protected: boolean;
  bytes: Buffer | null;
  virtualBytes: number | null;
  properties: Record<string, string>;
  createdAt: number;
  updatedAt: number;
  /** Looks until it becomes active; the states on the way. */
  ahead: string[];
  /** What it will hold then. */
  coming: Buffer | null;
}

export interface SimServer {
  id: string;
  name: string;
  status: string;
  taskState: string | null;
  /** Null = boots from a volume. */
  image: string | null;
  volumes: string[];
  project: string;
  metadata: Record<string, string>;
  flavor: string;
  locked: boolean;
  disk: Buffer;
  createdAt: number;
  updatedAt: number;
  /** What it becomes at the next looks. */
  ahead: { status: string; taskState: string | null }[];
}

export interface SimVolume {
  id: string;
  name: string;
  status: string;
  sizeGib: number;
  bootable: boolean;
  server: string | null;
  device: string | null;
  imageMetadata: Record<string, string>;
  bytes: Buffer;
  ahead: string[];
}

export interface SimVolumeSnapshot {
  id: string;
  name: string;
  status: string;
  volume: string;
  bytes: Buffer;
  ahead: string[];
}

export interface SimFlavor {
  id: string;
  name: string;
  vcpus: number;
  ram: number;
  disk: number;
}

export const managementProject = 'a'.repeat(32);
export const tenantProject = 'b'.repeat(32);

export class CloudData {
  readonly images = new Map<string, SimImage>();
  readonly servers = new Map<string, SimServer>();
  readonly volumes = new Map<string, SimVolume>();
  readonly snapshots = new Map<string, SimVolumeSnapshot>();
  readonly flavors: SimFlavor[] = [
    { id: 'f1', name: 'm1.tiny', vcpus: 1, ram: 512, disk: 1 }, { id: 'f2', name: 'm1.small', vcpus: 2, ram: 2048, disk: 20 },
  ];
  /** Servers that were deleted: still told to who asks for changes. */
  readonly gone: SimServer[] = [];
  /** Grows with every change, so that lists have an order and changes a time. */
  #time = Date.parse('2026-01-01T00:00:00Z');

  now(): number {
    this.#time += 1000;
    return this.#time;
  }

  addImage(over: Partial<SimImage> = {}): SimImage {
    const at = this.now();
    const image: SimImage = {
      id: randomUUID(), name: 'image', status: 'active', visibility: 'public', owner: managementProject, disk_format: 'qcow2', container_format: 'bare',
      protected: false, bytes: Buffer.alloc(1024, 7), virtualBytes: 1024 ** 2, properties: {}, createdAt: at, updatedAt: at, ahead: [], coming: null, ...over,
    };
    this.images.set(image.id, image);
    return image;
  }

  addServer(over: Partial<SimServer> = {}): SimServer {
    const at = this.now();
    const server: SimServer = {
      id: randomUUID(), name: 'server', status: 'SHUTOFF', taskState: null, image: null, volumes: [], project: managementProject, metadata: {}, flavor: 'f1',
      locked: false, disk: Buffer.from(`disk of ${over.name ?? 'server'}`.repeat(100)), createdAt: at, updatedAt: at, ahead: [], ...over,
    };
    this.servers.set(server.id, server);
    return server;
  }

  addVolume(over: Partial<SimVolume> = {}): SimVolume {
    const volume: SimVolume = {
      id: randomUUID(), name: 'volume', status: 'in-use', sizeGib: 1, bootable: true, server: null, device: '/dev/vda', imageMetadata: {},
      bytes: Buffer.alloc(2048, 9), ahead: [], ...over,
    };
    this.volumes.set(volume.id, volume);
    return volume;
  }

  /** Time passes: what is under way goes one step on. */
  step(): void {
    for (const image of this.images.values()) {
      const next = image.ahead.shift();
      if (next === undefined) continue;
      image.status = next;
      image.updatedAt = this.now();
      if (next === 'active' && image.coming !== null) image.bytes = image.coming;
      // A cloud that fails to make an image takes it away again.
      if (next === 'deleted') this.images.delete(image.id);
    }
    for (const server of this.servers.values()) {
      const next = server.ahead.shift();
      if (next === undefined) continue;
      Object.assign(server, next);
      if (next.status === 'DELETED') {
        this.servers.delete(server.id);
        this.gone.push({ ...server, updatedAt: this.now() });
      }
    }
    for (const thing of [...this.volumes.values(), ...this.snapshots.values()]) thing.status = thing.ahead.shift() ?? thing.status;
  }
}

export const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex');
export const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
export const timeText = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
