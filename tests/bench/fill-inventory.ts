/** Fills a cache with image source VMs as a complete sync of one platform would have left it. */
import { noAttributes } from '../../src/shared/model/business-attributes.ts';
import { systemClock } from '../../src/main/clock.ts';
import type { PlatformId } from '../../src/shared/model/ids.ts';
import type { ImageRecord, SourceVmRecord } from '../../src/main/platforms/inventory-records.ts';
import { ImageRepository } from '../../src/main/store/repositories/image.repo.ts';
import { PlatformRepository } from '../../src/main/store/repositories/platform.repo.ts';
import { SourceVmRepository } from '../../src/main/store/repositories/source-vm.repo.ts';
import type { Store } from '../../src/main/store/store.ts';
import { unknownOs } from '../../src/shared/model/os.ts';

const batch = 500;
const gibibyte = 1024 ** 3;

function vmRecord(index: number): SourceVmRecord {
  // Some carry words too short for trigrams: what a Chinese office types.
  const name = `vm-${String(index).padStart(6, '0')}${index % 7 === 0 ? ' 财务' : ''}${index % 997 === 0 ? ' 图形' : ''}`;
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

function imageRecord(index: number): ImageRecord {
  const vm = vmRecord(index);
  return {
    externalId: `6f1c2e${index.toString(16).padStart(6, '0')}-7a51-4bd3-9c60-000000000000`,
    name: vm.name.replace('vm-', 'image-'),
    form: 'image',
    scope: index % 5 === 0 ? 'custom' : 'system',
    format: 'qcow2',
    virtualBytes: 64 * gibibyte,
    actualBytes: 12 * gibibyte,
    os: vm.os,
    bootMode: 'uefi',
    videoModel: 'virtio',
    instructions: [],
    diskPath: null,
    fingerprint: vm.fingerprint,
  };
}

const id = 'platform-bench' as PlatformId;
const name = 'Unplugged library';

/** @param count VMs, named `vm-000000` upwards, of one folder that is not there any more. */
export async function fillInventory(store: Store, count: number): Promise<void> {
  await new PlatformRepository(store.state).add({
    id, kind: 'local', name, config: { path: '/nowhere/library' }, environment: null, isReadOnly: false, isSample: false, createdAt: systemClock.now(),
  });
  const vms = new SourceVmRepository(store.cache);
  for (let from = 0; from < count; from += batch) {
    const changed = Array.from({ length: Math.min(batch, count - from) }, (_, offset) => {
      const vm = vmRecord(from + offset);
      return { record: vm, judgement: { findings: [], os: vm.os, bootMode: vm.bootMode, bootModeSource: 'platform' as const }, projectName: null, lastPublishedAt: null };
    });
    await vms.write({ id, name }, changed, [], { sync: 1, at: systemClock.now() });
  }
}

/** @param count VDI images, named `image-000000` upwards, of the same platform; every fifth is a tenant's. */
export async function fillImages(store: Store, count: number): Promise<void> {
  const images = new ImageRepository(store.cache);
  for (let from = 0; from < count; from += batch) {
    const changed = Array.from({ length: Math.min(batch, count - from) }, (_, offset) => {
      const image = imageRecord(from + offset);
      const assignment = image.scope === 'system' ? { scope: 'system' as const } : { scope: 'custom' as const, projectId: image.projectId ?? null };
      return {
        record: image, judgement: { findings: [], os: image.os, bootMode: image.bootMode, bootModeSource: 'platform' as const }, projectName: null,
        business: { attributes: noAttributes, assignment, assignedBy: 'platform' as const },
      };
    });
    await images.write({ id, name }, changed, [], { sync: 1, at: systemClock.now() });
  }
}
