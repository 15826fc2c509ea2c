/**
 * A simulator of a cloud whose disks cannot be read in their place: it makes copies of them when asked (as an OpenStack image of a server),
 * stops and starts VMs, and deletes them. No server: a folder, with faults that a test switches on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../src/shared/model/app-error.ts';
import { available, type Capabilities } from '../../src/shared/model/capability.ts';
import { roles } from '../../src/shared/model/role.ts';
import { unknownOs } from '../../src/shared/model/os.ts';
import type { DiskFile } from '../../src/main/disks/disk-engine.ts';
import type { AttributesRole, Connector, DeleterRole, DiskExportRole, ImageStoreRole, PlatformImage, PlatformIntent, PlatformOutcome, PowerRole, StagingRole } from '../../src/main/platforms/connector.ts';
import type { SourceVmRecord } from '../../src/main/platforms/inventory-records.ts';
import { CloudState, type Area, type Thing } from './cloud-state.ts';

/** A fault by the call it hits: an error to throw, or what `find` is to answer. */
export interface Faults {
  /** Thrown before the call does anything. */
  before?: Partial<Record<string, () => Error>>;
  /** Thrown after the call has done it: the answer is lost. */
  after?: Partial<Record<string, () => Error>>;
  find?: 'unknown' | 'failed';
  /** How many times `find` says that it still runs. */
  runningLooks?: number;
  /** Calls that take until they are aborted. */
  hangs?: readonly string[];
}

const gone = (id: string): AppError => new AppError('NOT_FOUND', { what: 'source-vm', id });

export class SimulatedCloud implements Connector {
  readonly kind = 'openstack';
  readonly state: CloudState;
  faults: Faults = {};
  /** Every changing call, in order. */
  readonly calls: string[] = [];

  constructor(directory: string) {
    this.state = new CloudState(directory);
  }

  /** @param disk a qcow2 file that becomes the VM's disk */
  addVm(name: string, disk: string, over: Partial<Thing> = {}): void {
    this.state.copyBytes(disk, 'vms', name);
    this.state.write('vms', { id: name, name, key: '', state: 'ready', powerState: 'stopped', bootMode: 'unknown', revision: 1, attributes: {}, ...over });
  }

  changeVm(name: string, change: Partial<Thing>): void {
    const vm = this.vm(name);
    this.state.write('vms', { ...vm, ...change, revision: vm.revision + 1 });
  }

  vm(id: string): Thing {
    const found = this.state.find('vms', id);
    if (found === null) throw gone(id);
    return found;
  }

  async act<T>(call: string, work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const failed = this.faults.before?.[call];
    if (failed !== undefined) throw failed();
    this.calls.push(call);
    if (this.faults.hangs?.includes(call) === true) await sleep(2 ** 30, undefined, signal === undefined ? {} : { signal });
    const result = await work();
    const lost = this.faults.after?.[call];
    if (lost !== undefined) throw lost();
    return result;
  }

  image(area: Area, { id }: Thing): PlatformImage {
    return { externalId: id, sizeBytes: this.state.sizeOf(area, id), virtualBytes: null, format: 'qcow2', hash: { algorithm: 'sha512', value: this.state.hashOf(area, id) } };
  }

  outcome<T>(area: Area, id: string, value: (thing: Thing) => T): PlatformOutcome<T> {
    if (this.faults.find === 'unknown') return { state: 'unknown' };
    const thing = this.state.find(area, id);
    if (thing === null) return { state: 'absent' };
    if (this.faults.find === 'failed' || thing.state === 'failed') return { state: 'failed', reason: new AppError('PLATFORM_WORK_STOPPED').asMessage };
    const looks = this.faults.runningLooks ?? 0;
    this.faults = { ...this.faults, runningLooks: Math.max(0, looks - 1) };
    if (looks > 0 || thing.state === 'running') return { state: 'running' };
    return { state: 'done', value: value(thing) };
  }

  readonly inventory = {
    sourceVms: async function* (this: SimulatedCloud): AsyncIterable<SourceVmRecord[]> {
      yield await Promise.resolve(this.state.list('vms').map((vm) => this.#record(vm)));
    }.bind(this),
  };

  current(id: string): Promise<SourceVmRecord> {
    return Promise.resolve().then(() => this.#record(this.vm(id)));
  }

  #record({ id, name, powerState, bootMode, revision }: Thing): SourceVmRecord {
    const disk = { key: 'root', location: `${id}/root`, format: null, virtualBytes: 6 * 1024 * 1024, actualBytes: null, bus: 'virtio', isSystem: true, chainDepth: 0, problem: null };
    return {
      externalId: id, name, definition: 'platform', os: unknownOs, bootMode, videoModel: 'virtio', vcpus: 1, memoryBytes: 2 ** 30, powerState,
      disks: [disk], snapshots: [], instructions: [], definitionText: null, fingerprint: `r${revision}`,
    };
  }

  readonly #staging: StagingRole = {
    prepare: (vm, _disk, key) => Promise.resolve({ key, data: { vm, id: CloudState.idOf(key) } }),
    create: (vm, { key, data }, report, signal) => this.act('stage', () => {
      const id = data['id'] ?? '';
      if (this.state.find('staged', id) !== null) throw new Error('The copy was asked for twice.');
      const thing: Thing = { ...this.vm(vm), id, name: `copy of ${vm}`, key, state: 'running' };
      this.state.write('staged', thing);
      this.state.copyBytes(this.state.bytesOf('vms', vm), 'staged', id);
      report({ doneBytes: 1, totalBytes: 1 });
      this.state.write('staged', { ...thing, state: 'ready' });
      // As on a real cloud: having been copied leaves a mark on the server.
      this.changeVm(vm, {});
      return this.image('staged', thing);
    }, signal),
    find: ({ data }) => Promise.resolve(this.outcome('staged', data['id'] ?? '', (thing) => this.image('staged', thing))),
    file: ({ externalId }) => Promise.resolve<DiskFile>({ path: this.state.bytesOf('staged', externalId), policy: { roots: [] } }),
    remove: ({ data }: PlatformIntent) => this.act('unstage', () => this.state.remove('staged', data['id'] ?? '')),
  };

  readonly diskExport: DiskExportRole = {
    diskFile: () => Promise.reject(new AppError('PUBLISH_NO_EXPORT')),
    staging: this.#staging,
    use: () => Promise.resolve({ state: 'free', detail: null }),
    dependants: () => Promise.resolve([]),
  };

  /** Copies only where a test says that it can; else the bytes are uploaded. */
  copyWay: 'copy' | 'upload' = 'upload';

  #storeImage(call: string, from: () => string, { key, data }: PlatformIntent, name: string, signal: AbortSignal): Promise<PlatformImage> {
    return this.act(call, () => {
      const id = data['id'] ?? '';
      if (this.state.find('store', id) !== null) throw new Error('The image was asked for twice.');
      const thing: Thing = { id, name, key, state: 'unpublished', powerState: 'stopped', bootMode: 'unknown', revision: 1, attributes: {} };
      this.state.copyBytes(from(), 'store', id);
      this.state.write('store', thing);
      return this.image('store', thing);
    }, signal);
  }

  readonly imageStore: ImageStoreRole = {
    copyObstacle: () => Promise.resolve(this.copyWay === 'copy' ? null : new AppError('PUBLISH_STORE_ELSEWHERE').asMessage),
    prepareCopy: (_vm, _disk, _spec, key) => Promise.resolve({ key, data: { id: CloudState.idOf(key) } }),
    copy: (vm, intent, _report, signal) => this.#storeImage('copy', () => this.state.bytesOf('vms', vm), intent, 'unpublished', signal),
    prepareUpload: (_spec, _size, key) => Promise.resolve({ key, data: { id: CloudState.idOf(key) } }),
    upload: (intent, path, _report, signal) => this.#storeImage('upload', () => path, intent, 'unpublished', signal),
    find: ({ data }) => Promise.resolve(this.outcome('store', data['id'] ?? '', (thing) => this.image('store', thing))),
    publish: ({ externalId }, _intent, { name }) => this.act('publish', () => {
      const thing = this.state.find('store', externalId);
      if (thing === null) throw gone(externalId);
      this.state.write('store', { ...thing, name, state: 'ready' });
      return externalId;
    }),
    current: (_pool, id) => Promise.resolve().then(() => {
      const thing = this.state.find('store', id);
      if (thing === null) throw gone(id);
      return this.image('store', thing);
    }),
    file: (_pool, id) => Promise.resolve<DiskFile>({ path: this.state.bytesOf('store', id), policy: { roots: [] } }),
    undo: ({ data }) => this.act('undo', () => {
      const thing = this.state.find('store', data['id'] ?? '');
      if (thing?.state === 'unpublished') this.state.remove('store', thing.id);
    }),
    remove: (_pool, id) => this.act('remove', () => this.state.remove('store', id)),
  };

  readonly deleter: DeleterRole = {
    manifest: (vm) => Promise.resolve({ items: [{ path: vm, kind: 'definition', fingerprint: `r${this.vm(vm).revision}` }], fingerprint: `r${this.vm(vm).revision}` }),
    remove: (vm) => this.act('delete', () => this.state.remove('vms', vm)),
  };

  readonly power: PowerRole = {
    start: (vm) => this.act('start', () => {
      if (this.vm(vm).powerState !== 'running') this.changeVm(vm, { powerState: 'running' });
    }),
    stop: (vm, how) => this.act(`stop ${how}`, () => {
      if (this.vm(vm).powerState !== 'stopped') this.changeVm(vm, { powerState: 'stopped' });
    }),
  };

  /** Over the attributes of VMs, standing for images of the platform. */
  readonly attributes: AttributesRole = {
    patch: (id, change) => this.act('patch', () => {
      const { attributes } = this.vm(id);
      const next = Object.entries({ ...attributes, ...change }).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
      this.changeVm(id, { attributes: Object.fromEntries(next) });
    }),
    read: (id) => {
      const { attributes } = this.vm(id);
      const one = <T extends string>(key: string, known: readonly T[]): T | null => known.find((item) => item === attributes[key]) ?? null;
      return Promise.resolve({
        bootMode: one('bootMode', ['bios', 'uefi']), osType: one('osType', ['linux', 'windows']), videoModel: attributes['videoModel'] ?? null,
        osDistro: attributes['osDistro'] ?? null, adminUser: attributes['adminUser'] ?? null,
      });
    },
  };

  probe(): Promise<{ version: string | null; capabilities: Capabilities; steps: [] }> {
    return Promise.resolve({ version: 'simulator', capabilities: Object.fromEntries(roles.map((role) => [role, available])), steps: [] });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}
