/** The rig over a simulated cloud with one stopped VM, whose disk can only be read from a copy. */
import { join } from 'node:path';
import { SimulatedCloud } from '../../simulators/simulated-cloud.ts';
import { rig, sharedDiskEngine, type Rig, type RigOptions } from './rig.ts';

export interface CloudRig extends Rig {
  cloud: SimulatedCloud;
}

export async function cloudRig(options: RigOptions = {}): Promise<CloudRig> {
  let cloud: SimulatedCloud | null = null;
  const r = await rig({
    ...options,
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
