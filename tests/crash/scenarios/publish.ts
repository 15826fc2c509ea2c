/**
 * Publishing for real: a library with one VM on a qcow2 disk, a pool, the disk engine in its threads, the store in its own. Only the
 * list of known VMs is a stand-in of one entry, because no sync runs here.
 */
import { copyFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/main/clock.ts';
import { FileGrants } from '../../../src/main/contract/file-grants.ts';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { ImagePools } from '../../../src/main/image-pools/image-pools.ts';
import type { Connector, DeletionManifest } from '../../../src/main/platforms/connector.ts';
import { LocalConnector } from '../../../src/main/platforms/local/local-connector.ts';
import { sourceVmIdOf } from '../../../src/main/platforms/resource-id.ts';
import { domainXml } from '../../../src/main/sample-site/domain-xml.ts';
import { unpackFileSystems } from '../../../src/main/sample-site/file-system-pack.ts';
import storedFileSystems from '../../../src/main/sample-site/file-systems.json' with { type: 'json' };
import { sampleDisks } from '../../../src/main/sample-site/sample-disks.ts';
import { sampleVms, type SampleVm } from '../../../src/main/sample-site/sample-vms.ts';
import { writeScratchVhd } from '../../../src/main/sample-site/sparse-files.ts';
import { DesktopImageRepository } from '../../../src/main/store/repositories/desktop-image.repo.ts';
import { FlavorRepository } from '../../../src/main/store/repositories/flavor.repo.ts';
import { ImagePoolRepository } from '../../../src/main/store/repositories/image-pool.repo.ts';
import { publishClone } from '../../../src/main/workflows/publish/clone.ts';
import { publishConvert } from '../../../src/main/workflows/publish/convert.ts';
import type { PublishDeps } from '../../../src/main/workflows/publish/deps.ts';
import { unavailable } from '../../../src/shared/model/capability.ts';
import type { PlatformId } from '../../../src/shared/model/ids.ts';
import { say } from '../../../src/shared/model/message.ts';
import { unknownOs } from '../../../src/shared/model/os.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';
import type { Scenario } from './scenario.ts';

const platformId = 'platform-crash' as PlatformId;
const signal = new AbortController().signal;

export const worldIn = (directory: string) => {
  const library = join(directory, 'library');
  const folder = join(library, vm.name);
  return { library, pool: join(directory, 'pool'), disk: join(folder, vm.diskFile), definition: join(folder, `${vm.name}.xml`), externalId: `${vm.name}/${vm.name}.xml` };
};

function theVm(): SampleVm {
  const found = sampleVms.find((item) => item.disk === 'debian-12');
  if (found === undefined) throw new Error('The sample site has no VM on the disk “debian-12”.');
  return found;
}
export const vm = theVm();

/** The VM's disk as it was made, to compare with whatever became of it. Made once a process, outside every world. */
export async function writePristine(path: string): Promise<void> {
  const engine = new WorkerDiskEngine();
  const scratch = `${path}.scratch.vhd`;
  await writeScratchVhd(scratch, sampleDisks(unpackFileSystems(storedFileSystems))[vm.disk]);
  await engine.convert(
    { source: { path: scratch, policy: { roots: [] } }, targetPath: path, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null },
    () => undefined,
    signal,
  );
  await rm(scratch);
  await engine.dispose();
}

let pristine: Promise<string> | null = null;

/** @param directory where to make it the first time. */
export function pristineDisk(directory: string): Promise<string> {
  pristine ??= (async () => {
    await mkdir(directory, { recursive: true });
    const path = join(directory, 'pristine.qcow2');
    await writePristine(path);
    return path;
  })();
  return pristine;
}

/** Kills the process after the first file of the VM has gone: the moment that the manifest was written for. */
function dyingHalfWay(connector: Connector): Connector {
  const { deleter } = connector;
  if (process.env['GOLDPRESS_CRASH_HALF_DELETED'] !== '1' || deleter === undefined) return connector;
  const half = {
    manifest: (id: string) => deleter.manifest(id),
    remove: async (id: string, manifest: DeletionManifest, abort: AbortSignal): Promise<void> => {
      await deleter.remove(id, { ...manifest, items: manifest.items.slice(0, 1) }, abort);
      process.kill(process.pid, 'SIGKILL');
      await new Promise<never>(() => undefined);
    },
  };
  return new Proxy(connector, {
    get: (target, name) => {
      if (name === 'deleter') return half;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function publishScenario(request: (vmAndPool: Pick<WorkflowRequest & { type: 'publish.convert' }, 'vmId' | 'poolId'>) => WorkflowRequest): Scenario {
  return {
    async prepare(directory) {
      const { library, pool, disk, definition } = worldIn(directory);
      await mkdir(join(library, vm.name), { recursive: true });
      await mkdir(pool);
      await copyFile(await pristineDisk(join(directory, '..', `goldpress-crash-pristine-${process.pid}`)), disk);
      await writeFile(definition, domainXml(vm, disk));
      // A disk that was written a moment ago is looked at twice; this one has been at rest for long.
      const longAgo = new Date('2024-01-01T00:00:00Z');
      for (const path of [disk, definition]) await utimes(path, longAgo, longAgo);
    },
    async open(directory, store, events) {
      const { library, pool, externalId } = worldIn(directory);
      const clock = systemClock;
      const disks = new WorkerDiskEngine();
      const connector = dyingHalfWay(new LocalConnector({ path: library }, { engine: disks, clock }));
      const { capabilities } = await connector.probe(signal);
      const pools = new ImagePools({ pools: new ImagePoolRepository(store.state), events, clock });
      const poolId = ((await pools.list())[0] ?? (await pools.add({ name: 'Pool', path: pool, isSample: false }))).id;
      const vmId = sourceVmIdOf(platformId, externalId);
      const deps: PublishDeps = {
        disks, pools, events, clock,
        platforms: {
          connector: () => Promise.resolve(connector),
          roleOf: (_id, role) => Promise.resolve(capabilities[role] ?? unavailable(say('CAPABILITY_NOT_OFFERED'))),
        },
        sourceVms: {
          find: (id) => Promise.resolve(id === vmId ? { id: vmId, platformId, platformName: 'Library', externalId, name: vm.name, os: unknownOs } : null),
          refresh: () => Promise.resolve(),
        },
        images: new DesktopImageRepository(store.state),
        flavors: new FlavorRepository(store.state),
        grants: new FileGrants(),
      };
      return {
        definitions: [publishClone(deps), publishConvert(deps)],
        request: request({ vmId, poolId }),
        dispose: async () => {
          await connector.dispose();
          await disks.dispose();
        },
      };
    },
  };
}

const fields = { name: 'Gold 金', architecture: 'vdi', vhdVariant: 'dynamic', configure: null, osFamily: null } as const;

export const cloneScenario = publishScenario((ids) => ({ type: 'publish.clone', ...fields, ...ids, fileType: 'qcow2', snapshotName: 'After cloning' }));
export const convertScenario = publishScenario((ids) => ({ type: 'publish.convert', ...fields, ...ids, fileType: 'vhd' }));
