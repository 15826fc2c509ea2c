/** Fills a cache with image source VMs as a complete sync of one platform would have left it. */
import { systemClock } from '../../src/main/clock.ts';
import type { PlatformId } from '../../src/shared/model/ids.ts';
import type { SourceVmRecord } from '../../src/main/platforms/connector.ts';
import { PlatformRepository } from '../../src/main/store/repositories/platform.repo.ts';
import { SourceVmRepository } from '../../src/main/store/repositories/source-vm.repo.ts';
import type { Store } from '../../src/main/store/store.ts';
import { unknownOs } from '../../src/shared/model/os.ts';

const batch = 500;
const gibibyte = 1024 ** 3;

function record(index: number): SourceVmRecord {
  const name = `vm-${String(index).padStart(6, '0')}`;
  return {
    externalId: `${name}.xml`,
    name,
    definition: 'libvirt-xml',
    os: { ...unknownOs, family: index % 2 === 0 ? 'windows' : 'linux', name: index % 2 === 0 ? 'Windows 11' : 'Ubuntu 24.04', source: 'platform' },
    bootMode: 'uefi',
    videoModel: 'virtio',
    vcpus: 4,
    memoryBytes: 8 * gibibyte,
    powerState: 'stopped',
    disks: [{ key: 'vda', location: `${name}.qcow2`, format: 'qcow2', virtualBytes: 64 * gibibyte, actualBytes: 12 * gibibyte, bus: 'virtio', isSystem: true, chainDepth: 0, problem: null }],
    snapshots: [],
    instructions: [],
    definitionText: null,
    fingerprint: `f${String(index)}`,
  };
}

/** @param count VMs, named `vm-000000` upwards, of one folder that is not there any more. */
export async function fillInventory(store: Store, count: number): Promise<void> {
  const id = 'platform-bench' as PlatformId;
  const name = 'Unplugged library';
  await new PlatformRepository(store.state).add({
    id, kind: 'local', name, config: { path: '/nowhere/library' }, environment: null, isReadOnly: false, isSample: false, createdAt: systemClock.now(),
  });
  const vms = new SourceVmRepository(store.cache);
  for (let from = 0; from < count; from += batch) {
    const changed = Array.from({ length: Math.min(batch, count - from) }, (_, offset) => {
      const vm = record(from + offset);
      return { record: vm, judgement: { findings: [], os: vm.os, bootMode: vm.bootMode, bootModeSource: 'platform' as const }, projectName: null, lastPublishedAt: null };
    });
    await vms.write({ id, name }, changed, [], { sync: 1, at: systemClock.now() });
  }
}
