/** The simulated block storage service, v3. */
import { randomUUID } from 'node:crypto';
import type { CloudData, SimVolume, SimVolumeSnapshot } from './cloud-data.ts';
import { pageOf, Refusal, type SimAnswer, type SimRequest } from './http-kit.ts';

export class CinderService {
  readonly #data: CloudData;
  uploadStatuses: string[] = ['saving', 'active'];

  constructor(data: CloudData) {
    this.#data = data;
  }

  handle(request: SimRequest, path: string): SimAnswer {
    const { volumes, snapshots } = this.#data;
    const name = request.url.searchParams.get('name');
    if (path === '/volumes/detail') {
      const { items } = pageOf([...volumes.values()].filter((volume) => name === null || volume.name === name), request.url.searchParams, 1000);
      return { status: 200, json: { volumes: items.map(volumeView) } };
    }
    if (path === '/snapshots/detail') return { status: 200, json: { snapshots: [...snapshots.values()].filter((item) => name === null || item.name === name).map(snapshotView) } };
    if (path === '/snapshots') return this.#createSnapshot(request);
    if (path === '/volumes') return this.#createVolume(request);
    const [, kind, id = '', action] = /^\/(volumes|snapshots)\/([^/]+)(\/action)?$/.exec(path) ?? [];
    if (kind === 'snapshots') return this.#snapshot(request, id);
    const volume = volumes.get(id);
    if (volume === undefined) throw new Refusal(404, `Volume ${id} could not be found.`);
    if (action !== undefined) return this.#upload(request, volume);
    if (request.method !== 'DELETE') return { status: 200, json: { volume: volumeView(volume) } };
    if (volume.status !== 'available') throw new Refusal(400, `Volume status must be available, but is ${volume.status}`);
    volumes.delete(id);
    return { status: 202 };
  }

  #snapshot(request: SimRequest, id: string): SimAnswer {
    const found = this.#data.snapshots.get(id);
    if (found === undefined) throw new Refusal(404, `Snapshot ${id} could not be found.`);
    if (request.method !== 'DELETE') return { status: 200, json: { snapshot: snapshotView(found) } };
    if (found.status !== 'available') throw new Refusal(400, `Snapshot status must be available, but is ${found.status}`);
    this.#data.snapshots.delete(id);
    return { status: 202 };
  }

  #createSnapshot(request: SimRequest): SimAnswer {
    const { snapshot } = request.json() as { snapshot: { volume_id: string; name: string; force: boolean } };
    const volume = this.#data.volumes.get(snapshot.volume_id);
    if (volume === undefined) throw new Refusal(404, 'Volume could not be found.');
    if (volume.status === 'in-use' && !snapshot.force) throw new Refusal(400, 'Volume is in use');
    const made: SimVolumeSnapshot = { id: randomUUID(), name: snapshot.name, status: 'creating', volume: volume.id, bytes: volume.bytes, ahead: ['available'] };
    this.#data.snapshots.set(made.id, made);
    return { status: 202, json: { snapshot: snapshotView(made) } };
  }

  #createVolume(request: SimRequest): SimAnswer {
    const { volume } = request.json() as { volume: { snapshot_id: string; size: number; name: string } };
    const source = this.#data.snapshots.get(volume.snapshot_id);
    if (source?.status !== 'available') throw new Refusal(400, 'Snapshot is not available');
    const made = this.#data.addVolume({ name: volume.name, status: 'creating', sizeGib: volume.size, device: null, bytes: source.bytes, ahead: ['available'] });
    return { status: 202, json: { volume: volumeView(made) } };
  }

  #upload(request: SimRequest, volume: SimVolume): SimAnswer {
    const body = request.json()['os-volume_upload_image'] as { image_name: string; disk_format: string; force: boolean };
    if (volume.status !== 'available' && !body.force) throw new Refusal(400, `Invalid volume: Volume ${volume.id} status must be available`);
    const image = this.#data.addImage({
      name: body.image_name, status: 'queued', visibility: 'private', disk_format: body.disk_format, bytes: null, coming: volume.bytes,
      ahead: [...this.uploadStatuses], properties: { ...volume.imageMetadata },
    });
    volume.status = 'uploading';
    volume.ahead = [...this.uploadStatuses.map(() => 'uploading'), 'available'];
    return { status: 202, json: { 'os-volume_upload_image': { image_id: image.id, status: 'uploading' } } };
  }
}

function volumeView(volume: SimVolume): unknown {
  const { id, name, status, sizeGib, bootable, server, device, imageMetadata } = volume;
  return {
    id, name, status, size: sizeGib, bootable: String(bootable), metadata: {}, volume_image_metadata: imageMetadata,
    attachments: server === null ? [] : [{ server_id: server, device, volume_id: id }],
  };
}

function snapshotView({ id, name, status, volume }: SimVolumeSnapshot): unknown {
  return { id, name, status, volume_id: volume };
}
