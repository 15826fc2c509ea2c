/** A real library of a VM or two, a real pool, the real store, disk engine, connector and workflow engine: publishing as it is. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pino } from 'pino';
import { afterAll, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/main/clock.ts';
import { FileGrants } from '../../../src/main/contract/file-grants.ts';
import { WorkerDiskEngine, type DiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { EventBus } from '../../../src/main/events.ts';
import { Flavors } from '../../../src/main/flavors/flavors.ts';
import { ImagePools } from '../../../src/main/image-pools/image-pools.ts';
import { noPlatformStores, type PlatformStores } from '../../../src/main/image-pools/platform-stores.ts';
import { markerName } from '../../../src/main/image-pools/pool-marker.ts';
import type { Connector } from '../../../src/main/platforms/connector.ts';
import { LocalConnector } from '../../../src/main/platforms/local/local-connector.ts';
import { sourceVmIdOf } from '../../../src/main/platforms/resource-id.ts';
import { DesktopImageRepository } from '../../../src/main/store/repositories/desktop-image.repo.ts';
import { FlavorRepository } from '../../../src/main/store/repositories/flavor.repo.ts';
import { ImagePoolRepository } from '../../../src/main/store/repositories/image-pool.repo.ts';
import { WorkflowJournalRepository } from '../../../src/main/store/repositories/workflow-journal.repo.ts';
import { openStore, type Store } from '../../../src/main/store/store.ts';
import { desktopImageCopy } from '../../../src/main/workflows/desktop-image/copy.ts';
import { desktopImageDelete } from '../../../src/main/workflows/desktop-image/delete.ts';
import { desktopImageNewSourceVm } from '../../../src/main/workflows/desktop-image/new-source-vm.ts';
import { desktopImageVerify } from '../../../src/main/workflows/desktop-image/verify.ts';
import type { WorkflowDefinition } from '../../../src/main/workflows/engine/definition.ts';
import { WorkflowEngine } from '../../../src/main/workflows/engine/engine.ts';
import { Planner } from '../../../src/main/workflows/engine/planner.ts';
import { publishClone } from '../../../src/main/workflows/publish/clone.ts';
import { publishConvert } from '../../../src/main/workflows/publish/convert.ts';
import type { PublishDeps } from '../../../src/main/workflows/publish/deps.ts';
import { snapshotCreate } from '../../../src/main/workflows/snapshot/create.ts';
import { snapshotDelete } from '../../../src/main/workflows/snapshot/delete.ts';
import { snapshotRevert } from '../../../src/main/workflows/snapshot/revert.ts';
import { vmPower } from '../../../src/main/workflows/vm-power/power.ts';
import { imagePatch } from '../../../src/main/workflows/image-patch/patch.ts';
import { vmEdit } from '../../../src/main/workflows/vm-edit/edit.ts';
import { available } from '../../../src/shared/model/capability.ts';
import type { ImagePool } from '../../../src/shared/model/image-pool.ts';
import type { PlatformId, RunId, SourceVmId } from '../../../src/shared/model/ids.ts';
import { unknownOs } from '../../../src/shared/model/os.ts';
import type { Plan, RunStatus } from '../../../src/shared/model/task.ts';
import type { PublishRequest, WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';

export const platformId = 'platform-lib' as PlatformId;
export const diskBytes = 6 * 1024 * 1024;
const log = pino({ enabled: false });
const never = new AbortController().signal;

let engine: WorkerDiskEngine | null = null;
afterAll(async () => engine?.dispose());

export function sharedDiskEngine(): DiskEngine {
  engine ??= new WorkerDiskEngine();
  return engine;
}

/** A domain as virt-manager writes it, with what publishing looks at. */
export function domain(name: string, disks: { file: string; format: string }[], video = 'virtio'): string {
  const devices = disks.map(({ file, format }, index) =>
    `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${file}'/><target dev='vd${'abc'[index] ?? 'z'}' bus='virtio'/></disk>`);
  return `<domain type='kvm'><name>${name}</name><uuid>${randomUuid()}</uuid><memory unit='MiB'>4096</memory><vcpu>2</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${devices.join('')}<video><model type='${video}'/></video></devices></domain>`;
}

const randomUuid = (): string => randomBytes(16).toString('hex').replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, '$1-$2-4$3-a$4-$5');

/** Random data at the start, zeros after it: a small disk with something to copy and something to skip. */
export function writeDisk(path: string, bytes = diskBytes): void {
  const content = Buffer.alloc(bytes);
  randomBytes(3 * 1024 * 1024).copy(content);
  writeFileSync(path, content);
}

export interface Rig {
  directory: string;
  library: string;
  pool: ImagePool;
  deps: PublishDeps;
  store: Store;
  engine: WorkflowEngine;
  planner: Planner;
  journal: WorkflowJournalRepository;
  connector: LocalConnector;
  flavors: Flavors;
  vmId(name: string): Promise<SourceVmId>;
  clone(name: string, over?: Partial<Extract<PublishRequest, { type: 'publish.clone' }>>, vm?: string): Promise<PublishRequest>;
  convert(name: string, over?: Partial<Extract<PublishRequest, { type: 'publish.convert' }>>, vm?: string): Promise<PublishRequest>;
  plan(request: WorkflowRequest): Promise<Plan>;
  /** Acknowledges every finding and types what is to be typed. */
  start(plan: Plan): Promise<RunId>;
  until(id: RunId, ...statuses: RunStatus[]): Promise<RunStatus>;
  /** Plans, starts, and waits for the end (or a question). */
  run(request: WorkflowRequest): Promise<{ id: RunId; status: RunStatus; code: string | null }>;
  /** Everything below the pool but its marker, as relative paths. */
  poolFiles(): string[];
}

export interface RigOptions {
  /** Wraps the disk engine, to change the world in the middle of its work. */
  disks?: (real: DiskEngine) => DiskEngine;
  poolPath?: string;
  /** Another platform than the local library; the library is there all the same. */
  platform?: (directory: string) => Connector;
  /** Stores of that platform. */
  stores?: (platform: Connector) => PlatformStores;
}

const settled: RunStatus[] = ['succeeded', 'failed', 'cancelled', 'waiting', 'needs-attention', 'interrupted'];

function definitionsOf(deps: PublishDeps): WorkflowDefinition[] {
  return [
    publishClone(deps), publishConvert(deps), vmEdit(deps), snapshotCreate(deps), snapshotRevert(deps), snapshotDelete(deps), desktopImageVerify(deps),
    desktopImageCopy(deps), desktopImageNewSourceVm(deps), desktopImageDelete(deps), vmPower(deps), imagePatch(deps),
  ];
}

export async function rig(options: RigOptions = {}): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'goldpress-publish-'));
  const library = join(directory, 'library 库');
  const poolPath = options.poolPath ?? join(directory, 'pool');
  mkdirSync(library);
  mkdirSync(poolPath, { recursive: true });
  writeDisk(join(library, 'gold.raw'));
  writeFileSync(join(library, 'gold.xml'), domain('gold', [{ file: 'gold.raw', format: 'raw' }]));

  const store = await openStore(join(directory, 'data'), { log, clock: systemClock });
  const disks = options.disks?.(sharedDiskEngine()) ?? sharedDiskEngine();
  const connector = new LocalConnector({ path: library }, { engine: sharedDiskEngine(), clock: systemClock, settleMs: 0 });
  const platform = options.platform?.(directory) ?? connector;
  const events = new EventBus();
  const images = new DesktopImageRepository(store.state);
  const flavorRows = new FlavorRepository(store.state);
  const flavors = new Flavors(flavorRows, events);
  await flavors.start();
  const pools = new ImagePools({ pools: new ImagePoolRepository(store.state), stores: options.stores?.(platform) ?? noPlatformStores, events, clock: systemClock });
  const pool = await pools.add({ name: 'Main', path: poolPath, isSample: false });

  const vms = async (): Promise<{ externalId: string; name: string }[]> => {
    const found = [];
    for await (const page of platform.inventory.sourceVms(never)) found.push(...page);
    return found;
  };
  const deps: PublishDeps = {
    disks, pools, images, flavors: flavorRows, events, clock: systemClock, grants: new FileGrants(), workDirectory: join(directory, 'work'),
    platforms: { connector: () => Promise.resolve(platform), roleOf: () => Promise.resolve(available) },
    platformImages: { find: () => Promise.resolve(null), refresh: () => Promise.resolve() },
    sourceVms: {
      find: async (id) => {
        const vm = (await vms()).find((candidate) => sourceVmIdOf(platformId, candidate.externalId) === id);
        return vm === undefined ? null : { id, platformId, platformName: 'Library', externalId: vm.externalId, name: vm.name, os: unknownOs };
      },
      isNameTaken: async (_platform, name) => (await vms()).some((vm) => vm.name.toLowerCase() === name.toLowerCase()),
      refresh: () => Promise.resolve(),
    },
  };
  const journal = new WorkflowJournalRepository(store.state);
  const definitions = definitionsOf(deps);
  const workflows = new WorkflowEngine({ journal, definitions, events, clock: systemClock, log });
  const planner = new Planner({ journal, definitions, engine: workflows, clock: systemClock });
  await workflows.start();
  onTestFinished(async () => {
    await workflows.dispose(2000);
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const vmId = async (name: string): Promise<SourceVmId> => {
    const vm = (await vms()).find((candidate) => candidate.name === name);
    if (vm === undefined) throw new Error(`no VM ${name}`);
    return sourceVmIdOf(platformId, vm.externalId);
  };
  const fields = async (name: string, vm: string) => ({
    vmId: await vmId(vm), name, architecture: 'vdi', fileType: 'qcow2', vhdVariant: 'dynamic', poolId: pool.id, configure: null, osFamily: null,
  } as const);
  const until: Rig['until'] = (id, ...statuses) => new Promise((resolve, reject) => {
    const finish = (status: RunStatus): void => {
      stop();
      resolve(status);
    };
    const stop = events.subscribe((event) => {
      if (event.topic === 'tasks.changed' && event.payload.runId === id && statuses.includes(event.payload.status)) finish(event.payload.status);
    });
    journal.findRun(id).then((run) => { if (run !== null && statuses.includes(run.status)) finish(run.status); }, reject);
  });
  const plan: Rig['plan'] = (request) => planner.plan(request, 'tester', never);
  const start: Rig['start'] = (made) =>
    planner.start({ planId: made.id, acknowledged: made.findings.map((finding) => finding.id), typedName: made.typedName }, 'tester', never);
  return {
    directory, library, pool, deps, store, engine: workflows, planner, journal, connector, flavors, vmId, plan, start, until,
    clone: async (name, over = {}, vm = 'gold') => ({ type: 'publish.clone', ...(await fields(name, vm)), snapshotName: null, ...over }),
    convert: async (name, over = {}, vm = 'gold') => ({ type: 'publish.convert', ...(await fields(name, vm)), ...over }),
    run: async (request) => {
      const id = await start(await plan(request));
      const status = await until(id, ...settled);
      return { id, status, code: (await journal.findRun(id))?.error?.reason.code ?? null };
    },
    poolFiles: () => readdirSync(poolPath, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== markerName).map((entry) => relative(poolPath, join(entry.parentPath, entry.name)).replaceAll('\\', '/')).sort(),
  };
}

/** The disk engine with some of its calls replaced. */
export function changed(real: DiskEngine, over: Partial<DiskEngine>): DiskEngine {
  const bound = (name: keyof DiskEngine): unknown => (over[name] ?? real[name]).bind(over[name] === undefined ? real : over);
  return {
    chain: bound('chain'), members: bound('members'), map: bound('map'), inspect: bound('inspect'), convert: bound('convert'), identify: bound('identify'), checkStructure: bound('checkStructure'),
    firstDifference: bound('firstDifference'), createOverlay: bound('createOverlay'), fingerprint: bound('fingerprint'), dispose: bound('dispose'),
  } as DiskEngine;
}

