/** Seed: image-publishing.txt, “Configure”. */
import { describe, expect, it } from 'vitest';
import { configureProblem, dedicatedFlavors, isConfigureAsked } from '../../../src/shared/rules/configure.ts';
import { judgeFlavorFit } from '../../../src/shared/rules/flavor-fit.ts';
import { builtInFlavors } from '../../../src/main/flavors/built-in-flavors.ts';
import { flavorFields, type Flavor } from '../../../src/shared/model/flavor.ts';
import type { FlavorId } from '../../../src/shared/model/ids.ts';

const flavors: Flavor[] = builtInFlavors.map((flavor) => ({ ...flavor, isBuiltIn: true, inUseCount: 0 }));
const voi = flavors.find((flavor) => flavor.architecture === 'voi')!;
const dedicated = { kind: 'dedicated', flavorId: voi.id } as const;

describe('configure', () => {
  it.each([
    ['“Dedicated: System-default VOI configuration …”', 'voi', dedicated, voi, null],
    ['“General: Suitable for different endpoint configurations …”', 'voi', { kind: 'general' }, null, null],
    ['a choice is needed', 'voi', null, null, 'CONFIGURE_NEEDED'],
    ['the flavor has gone', 'voi', dedicated, null, 'CONFIGURE_FLAVOR_GONE'],
    ['a VOI flavor for TCI', 'tci', dedicated, voi, 'CONFIGURE_FLAVOR_OTHER'],
    ['VDI has no Configure', 'vdi', null, null, null],
    ['VDI has no Configure, and refuses one', 'vdi', { kind: 'general' }, null, 'CONFIGURE_NOT_FOR_VDI'],
  ] as const)('%s (%s)', (_sentence, architecture, configure, flavor, code) => {
    expect(configureProblem(architecture, configure, flavor)?.code ?? null).toBe(code);
  });

  it('offers the flavors of the architecture only, and none for VDI', () => {
    expect(isConfigureAsked('vdi')).toBe(false);
    expect(dedicatedFlavors('vdi', flavors)).toEqual([]);
    for (const architecture of ['voi', 'tci', 'idv'] as const) {
      const offered = dedicatedFlavors(architecture, flavors);
      expect(offered.map((flavor) => flavor.architecture)).toEqual(offered.map(() => architecture));
      expect(offered.flatMap((flavor) => flavor.endpointModels)).toEqual(expect.arrayContaining(['C106V', 'C200V', 'C201V']));
    }
  });
});

describe('built-in flavors', () => {
  it('are valid, and no two share a name or an id', () => {
    for (const { id, ...fields } of builtInFlavors) expect(flavorFields.safeParse(fields).error, id).toBeUndefined();
    expect(new Set(builtInFlavors.map((flavor) => flavor.name.toLowerCase())).size).toBe(builtInFlavors.length);
    expect(new Set<FlavorId>(builtInFlavors.map((flavor) => flavor.id)).size).toBe(builtInFlavors.length);
  });

  it('have VDI low, medium and high', () => {
    expect(builtInFlavors.filter((flavor) => flavor.architecture === 'vdi').map((flavor) => flavor.name)).toEqual(['VDI Low', 'VDI Medium', 'VDI High']);
  });
});

describe('flavor fit', () => {
  it('takes a disk of exactly the system disk’s size and not a byte more', () => {
    expect(judgeFlavorFit(voi, voi.systemDiskBytes)).toEqual([]);
    expect(judgeFlavorFit(voi, voi.systemDiskBytes + 1)).toMatchObject([{ id: 'flavor-fit', severity: 'error' }]);
  });
});
