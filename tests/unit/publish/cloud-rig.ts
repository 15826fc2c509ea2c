/** The rig over a simulated cloud with one stopped VM, whose disk can only be read from a copy. */
import { join } from 'node:path';
import { SimulatedCloud } from '../../simulators/simulated-cloud.ts';
import { imagePoolIdOf } from '../../../src/main/platforms/resource-id.ts';
import { platformId, rig, sharedDiskEngine, type Rig, type RigOptions } from './rig.ts';

/** The store of the simulated cloud, as an image pool. */
export const storePoolId = imagePoolIdOf(platformId, 'store-1');

export interface CloudRig extends Rig {
  cloud: SimulatedCloud;
}

export async function cloudRig(options: RigOptions = {}): Promise<CloudRig> {
  let cloud: SimulatedCloud | null = null;
  const r = await rig({
    ...options,
    stores: () => ({
      list: () => Promise.resolve([{
        platformId, platformName: 'Cloud', isReadOnly: false, seenAt: 1,
        record: { externalId: 'store-1', name: 'images', location: null, freeBytes: null, totalBytes: null, fileTypes: ['qcow2'], problem: null },
      }]),
    }),
    platform: (directory) => {
      cloud = new SimulatedCloud(join(directory, 'cloud'));
      return cloud;
    },
  });
  const made = cloud as SimulatedCloud | null;
  if (made === null) throw new Error('The rig made no cloud.');
  const disk = join(r.directory, 'gold.qcow2');
  await sharedDiskEngine().convert({
    source: { path: join(r.library, 'gold.raw'), policy: { roots: [] } }, targetPath: disk, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null,
  }, () => undefined);
  made.addVm('gold', disk);
  return { ...r, cloud: made };
}
