/** Platforms with many VMs and images, made page by page as they are asked for: nothing but the page that is told lies in memory. */
import { z } from 'zod';
import { available } from '../../../src/shared/model/capability.ts';
import { say } from '../../../src/shared/model/message.ts';
import type { ConnectorFactory } from '../../../src/main/platforms/connector.ts';
import type { ImageRecord, SourceVmRecord } from '../../../src/main/platforms/inventory-records.ts';
import { imageRecord, vmRecord } from '../../fixtures/scripted-platform.ts';

const pageSize = 250;
const gib = 2 ** 30;
const systems = ['Ubuntu 24.04 LTS', 'Windows 11 Pro', 'UOS 统信桌面 20', 'Debian GNU/Linux 12'];

function vm(platform: number, index: number): SourceVmRecord {
  const isWindows = index % 4 === 1;
  return vmRecord(`vm-${String(platform)}-${String(index)}`, {
    name: `desktop-${String(index).padStart(6, '0')}-销售`, projectId: `project-${String(index % 20)}`, addresses: [`10.${String(platform)}.${String((index >> 8) & 255)}.${String(index & 255)}`],
    status: 'ACTIVE', os: { family: isWindows ? 'windows' : 'linux', distro: null, name: systems[index % 4] ?? null, version: null, architecture: 'x86_64', source: 'platform' },
    disks: [{ key: 'vda', location: `volume-${String(index)}`, format: 'qcow2', virtualBytes: 60 * gib, actualBytes: 21 * gib, bus: 'virtio', isSystem: true, chainDepth: 0, problem: null }],
  });
}

function image(platform: number, index: number): ImageRecord {
  return imageRecord(`image-${String(platform)}-${String(index)}`, {
    name: `gold-${String(index).padStart(6, '0')}`, projectId: `project-${String(index % 20)}`, status: 'active', visibility: index % 3 === 0 ? 'private' : 'public',
    scope: index % 3 === 0 ? 'custom' : 'system', updatedAt: 1_700_000_000_000 + index, properties: { hw_firmware_type: 'uefi', hw_video_model: 'virtio', os_type: 'linux' },
  });
}

async function* pages<T>(count: number, make: (index: number) => T, signal: AbortSignal): AsyncIterable<T[]> {
  for (let from = 0; from < count; from += pageSize) {
    signal.throwIfAborted();
    yield await Promise.resolve(Array.from({ length: Math.min(pageSize, count - from) }, (_, offset) => make(from + offset)));
  }
}

/** @param size of each platform */
export function bigInventory(size: { vms: number; images: number }): ConnectorFactory<{ number: number }> {
  return {
    kind: 'manifest', title: say('KIND_LOCAL'), description: say('KIND_LOCAL'), fields: [], settingsSchema: z.strictObject({ number: z.number() }),
    create: ({ number }) => ({
      kind: 'manifest',
      probe: () => Promise.resolve({ version: '1', clockOffsetMs: 0, capabilities: { sourceVms: available, images: available }, steps: [] }),
      inventory: {
        projects: (signal) => pages(20, (index) => ({ externalId: `project-${String(index)}`, name: `Project ${String(index)}`, isManagement: index === 0 }), signal),
        sourceVms: (signal) => pages(size.vms, (index) => vm(number, index), signal),
        images: (signal) => pages(size.images, (index) => image(number, index), signal),
        changedSourceVms: (_since, signal) => pages(0, (index) => vm(number, index), signal),
        changedImages: (_since, signal) => pages(0, (index) => image(number, index), signal),
      },
      current: (id) => Promise.resolve(vm(number, Number(id.split('-').at(-1)))),
      dispose: () => Promise.resolve(),
    }),
  };
}
