/** What is done in a world before the process is killed (as data a child can look up by name), and the work that it is killed in. */
import type { CommandInput, CommandName, CommandOutput } from '../../../src/shared/contract/commands.ts';
import type { DesktopImageId, DesktopImageVersionId, ImagePoolId, PlatformId, SourceVmId } from '../../../src/shared/model/ids.ts';
import type { WorkflowRequest } from '../../../src/shared/model/workflow-request.ts';
import { writeGuestByte } from './overlay-writer.ts';
import { filesBelow, settle, worldIn } from './world.ts';

/** A request as it can be kept between processes: a grant lives as long as its host, so the path stands for it. */
export type StoredRequest = WorkflowRequest;

export interface Setup {
  directory: string;
  vmId: SourceVmId;
  platformId: PlatformId;
  poolId: ImagePoolId;
  invoke<N extends CommandName>(name: N, input: CommandInput<N>): Promise<CommandOutput<N>>;
  /** Plans, starts and waits; fails unless it succeeds. */
  run(request: WorkflowRequest): Promise<void>;
}

export interface Scenario {
  /** Bytes of the VM's disk besides its file systems. */
  extraBytes?: number;
  request(setup: Setup): Promise<StoredRequest>;
}

export const snapshotName = 'After cloning';
const fields = { name: 'Gold 金', architecture: 'vdi', vhdVariant: 'dynamic', configure: null, osFamily: null } as const;

const clone = ({ vmId, poolId }: Setup, name: string | null): WorkflowRequest => ({ type: 'publish.clone', ...fields, vmId, poolId, fileType: 'qcow2', snapshotName: name });

async function publish(setup: Setup): Promise<{ imageId: DesktopImageId; versionId: DesktopImageVersionId }> {
  await setup.run(clone(setup, null));
  const [image] = (await setup.invoke('desktopImages.list', { offset: 0, limit: 10, filter: '', sort: null })).rows;
  if (image === undefined) throw new Error('Nothing was published.');
  return { imageId: image.id, versionId: image.current.id };
}

/** A VM with a snapshot, and guest bytes written since. */
async function snapshot(setup: Setup): Promise<string> {
  await setup.run({ type: 'snapshot.create', vmId: setup.vmId, name: snapshotName });
  const { library, disk, definition } = worldIn(setup.directory);
  const overlay = filesBelow(library).find((path) => path !== disk && path !== definition);
  if (overlay === undefined) throw new Error('The snapshot made no file.');
  await writeGuestByte(overlay);
  await settle(library);
  const [made] = (await setup.invoke('sourceVms.show', { id: setup.vmId })).snapshots;
  if (made === undefined) throw new Error('The snapshot is not listed.');
  return made.id;
}

export const scenarios = {
  'publish.clone': { request: (setup) => Promise.resolve(clone(setup, snapshotName)) },
  'publish.convert': { request: ({ vmId, poolId }) => Promise.resolve({ type: 'publish.convert', ...fields, vmId, poolId, fileType: 'vhd' }) },
  'publish.clone of a large disk': { extraBytes: 512 * 1024 ** 2, request: (setup) => Promise.resolve(clone(setup, null)) },
  'vm.edit': { request: ({ vmId }) => Promise.resolve({ type: 'vm.edit', vmId, change: { vcpus: 6 } }) },
  'snapshot.create': { request: ({ vmId }) => Promise.resolve({ type: 'snapshot.create', vmId, name: snapshotName }) },
  'snapshot.revert': { request: async (setup) => ({ type: 'snapshot.revert', vmId: setup.vmId, snapshotId: await snapshot(setup) }) },
  'snapshot.delete': { request: async (setup) => ({ type: 'snapshot.delete', vmId: setup.vmId, snapshotId: await snapshot(setup) }) },
  'desktop-image.new-source-vm': {
    request: async (setup) => ({ type: 'desktop-image.new-source-vm', versionId: (await publish(setup)).versionId, platformId: setup.platformId, name: 'Next 下一版' }),
  },
  'desktop-image.copy': {
    request: async (setup) => ({ type: 'desktop-image.copy', versionId: (await publish(setup)).versionId, target: worldIn(setup.directory).out as never }),
  },
  'desktop-image.delete': {
    request: async (setup) => ({ type: 'desktop-image.delete', desktopImageId: (await publish(setup)).imageId, versionId: null }),
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
