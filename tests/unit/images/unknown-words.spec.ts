/** Unknown enum values from a platform are shown as they are and judged unknown, never guessed. */
import { describe, expect, it } from 'vitest';
import { bootModeOf, bootModeWordOf } from '../../../src/main/platforms/openstack/image-facts.ts';

describe('the boot mode of a cloud’s image', () => {
  it.each<[string | undefined, string, string | null]>([
    ['uefi', 'uefi', null], ['BIOS', 'bios', null], [undefined, 'unknown', null], ['', 'unknown', null], ['OpenFirmware', 'unknown', 'OpenFirmware'],
  ])('%j', (said, mode, word) => {
    const properties: Record<string, string> = said === undefined ? {} : { hw_firmware_type: said };
    expect([bootModeOf(properties), bootModeWordOf(properties)]).toEqual([mode, word]);
  });
});
