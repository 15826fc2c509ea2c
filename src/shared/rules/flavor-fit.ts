/** Whether an image fits the flavor it is dedicated to: its disk has to fit the system disk that the flavor gives. */
import { say } from '../model/message.ts';
import type { Finding } from '../model/finding.ts';
import type { FlavorFields } from '../model/flavor.ts';

/** @param virtualBytes the size of the published disk as its guest sees it. */
export function judgeFlavorFit(flavor: Pick<FlavorFields, 'name' | 'systemDiskBytes'>, virtualBytes: number): Finding[] {
  if (virtualBytes <= flavor.systemDiskBytes) return [];
  return [{
    id: 'flavor-fit',
    severity: 'error',
    reason: say('FLAVOR_DISK_TOO_SMALL', { flavor: flavor.name, virtualBytes, systemDiskBytes: flavor.systemDiskBytes }),
    source: say('PUBLISH_SOURCE_FLAVOR', { flavor: flavor.name }),
    fix: { kind: 'written-step', label: say('FLAVOR_FIX_LARGER') },
  }];
}
