/** Makes the record of a source VM from a Nova server and what stands behind it. */
import { createHash } from 'node:crypto';
import { AppError } from '../../../shared/model/app-error.ts';
import type { PowerState, VmDisk, VmSnapshot } from '../../../shared/model/source-vm.ts';
import type { SourceVmRecord } from '../inventory-records.ts';
import type { CinderVolume } from './cinder.ts';
import type { GlanceImage } from './glance.ts';
import { bootModeOf, osOf, timeOf, videoModelOf } from './image-facts.ts';
import { isOwnWork } from './image-records.ts';
import { imageIdOf, type NovaServer } from './nova.ts';
import { isVolume, type ServerFacts } from './server-facts.ts';

const gib = 1024 ** 3;
const mib = 1024 ** 2;

export function powerStateOf(server: NovaServer): PowerState {
  switch (server.status) {
    case 'ACTIVE': case 'PASSWORD': case 'VERIFY_RESIZE': return 'running';
    case 'SHUTOFF': return 'stopped';
    case 'PAUSED': return 'paused';
    case 'SUSPENDED': return 'suspended';
    default: return 'unknown';
  }
}

/** `SHUTOFF`, or `SHUTOFF (image_uploading)` while the cloud works on it. */
export function statusTextOf(server: NovaServer): string {
  const task = server['OS-EXT-STS:task_state'];
  return task === null ? server.status : `${server.status} (${task})`;
}

/** How a server's disks are named here: by device where the cloud tells it, else by what they are. */
export interface ServerDisk {
  key: string;
  kind: 'image' | 'volume';
  isSystem: boolean;
  volumeId: string | null;
  isDeletedWithServer: boolean;
}

/** The root disk first. */
export function disksOf(server: NovaServer, facts: ServerFacts): ServerDisk[] {
  const rootKey = deviceKey(server['OS-EXT-SRV-ATTR:root_device_name']) ?? 'root';
  const isImageBacked = imageIdOf(server) !== null;
  const attached = server['os-extended-volumes:volumes_attached'].map(({ id, delete_on_termination: isDeleted }) => {
    const found = facts.volume(id);
    const volume = isVolume(found) ? found : null;
    return { id, volume, device: deviceKey(volume?.attachments.find((item) => item.server_id === server.id)?.device ?? null), isDeleted: isDeleted ?? false };
  });
  // The one at the root's device; where nobody tells devices, the one that can boot; where nobody tells that, the first.
  const boot = isImageBacked ? undefined : (attached.find(({ device }) => device === rootKey) ?? attached.find(({ volume }) => volume?.bootable === true) ?? attached[0]);
  const volumes = attached.map((item): ServerDisk => ({
    key: item.device ?? item.id, kind: 'volume', isSystem: item === boot, volumeId: item.id, isDeletedWithServer: item.isDeleted,
  }));
  const root: ServerDisk[] = isImageBacked ? [{ key: rootKey, kind: 'image', isSystem: true, volumeId: null, isDeletedWithServer: true }] : [];
  return [...root, ...volumes].sort((a, b) => Number(b.isSystem) - Number(a.isSystem));
}

/** `/dev/vda` → `vda`. */
function deviceKey(device: string | null): string | null {
  const name = device?.replace(/^\/dev\//, '') ?? '';
  return /^[\w-]{1,30}$/.test(name) ? name : null;
}

export function bootVolumeOf(server: NovaServer, facts: ServerFacts): CinderVolume | null {
  const boot = disksOf(server, facts).find((disk) => disk.isSystem);
  const found = boot?.volumeId == null ? null : facts.volume(boot.volumeId);
  return found !== null && isVolume(found) ? found : null;
}

/** @param facts loaded for this server */
export async function serverRecord(server: NovaServer, facts: ServerFacts): Promise<SourceVmRecord> {
  const properties = facts.properties(server, bootVolumeOf(server, facts));
  const size = await facts.sizeOf(server);
  const disks = disksOf(server, facts).map((disk) => vmDisk(disk, { server, facts, size, bus: properties['hw_disk_bus'] ?? null }));
  const snapshots = snapshotsOf(await facts.snapshotsOf(server));
  return {
    externalId: server.id,
    name: server.name ?? server.id,
    definition: 'platform',
    os: osOf(properties),
    bootMode: bootModeOf(properties),
    videoModel: videoModelOf(properties),
    vcpus: size?.vcpus ?? null,
    memoryBytes: size === null ? null : size.ram * mib,
    powerState: powerStateOf(server),
    disks,
    snapshots,
    instructions: [],
    definitionText: null,
    projectId: server.tenant_id,
    addresses: Object.values(server.addresses).flat().map(({ addr }) => addr),
    status: statusTextOf(server),
    fingerprint: digest([server.id, server.name, server.status, server['OS-EXT-STS:task_state'], server.updated, size, disks, snapshots, properties, server.metadata]),
  };
}

interface DiskContext {
  server: NovaServer;
  facts: ServerFacts;
  size: { disk: number } | null;
  bus: string | null;
}

function vmDisk(disk: ServerDisk, { server, facts, size, bus }: DiskContext): VmDisk {
  const common = { key: disk.key, format: null, actualBytes: null, bus, isSystem: disk.isSystem, chainDepth: 0 };
  if (disk.volumeId === null) {
    // A size of 0 GiB means: as large as the image.
    const image = facts.image(server);
    const bytes = size !== null && size.disk > 0 ? size.disk * gib : (image?.virtual_size ?? null);
    return { ...common, location: imageIdOf(server) ?? server.id, virtualBytes: bytes, problem: null };
  }
  const found = facts.volume(disk.volumeId);
  return isVolume(found)
    ? { ...common, location: disk.volumeId, virtualBytes: found.size * gib, problem: null }
    : { ...common, location: disk.volumeId, virtualBytes: null, problem: found };
}

/** Images of the server that somebody made to keep; the newest is what it came from last. */
export function snapshotsOf(images: readonly GlanceImage[]): VmSnapshot[] {
  const kept = images.filter((image) => !isOwnWork(image)).map((image) => ({
    id: image.id, name: image.name ?? image.id, createdAt: timeOf(image.created_at), parentId: null, isCurrent: false,
  })).sort((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
  return kept.map((item, index) => ({ ...item, isCurrent: index === kept.length - 1 }));
}

export function digest(facts: unknown): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

/** The disk of that key. @throws `NOT_FOUND` */
export function diskOf(server: NovaServer, facts: ServerFacts, key: string): ServerDisk {
  const disk = disksOf(server, facts).find((item) => item.key === key);
  if (disk === undefined) throw new AppError('NOT_FOUND', { what: 'disk', id: key });
  return disk;
}
