/** Seed: image-management.txt (two places, two powers); the rule of each platform is in the product's words. */
import { describe, expect, it } from 'vitest';
import type { Assignment, ConsoleScope } from '../../../src/shared/model/business-attributes.ts';
import { systemConsole } from '../../../src/shared/model/system-console.ts';
import { editsImage, effectiveAssignment, platformAssignment, seesImage, seesVm, type OwnershipFacts } from '../../../src/shared/rules/tenant-scope.ts';

const system: Assignment = { scope: 'system' };
const of = (projectId: string | null): Assignment => ({ scope: 'custom', projectId });
const tenant: ConsoleScope = { kind: 'tenant', platformId: 'p1', projectId: 'acme' };

describe('whose an image is by its platform', () => {
  const openstack = '“OpenStack public/community (or owned by the management project) = system, private/shared = custom of its owner project”';
  const zstack = '“ZStack shared-to-public or admin-owned = system, else custom of the owning account”';
  const rest = '“CloudTower, libvirt, local, manifest = system”';
  it.each<[string, Partial<OwnershipFacts>, Assignment]>([
    [openstack, { visibility: 'public' }, system],
    [openstack, { visibility: 'community' }, system],
    [openstack, { visibility: 'private', isOwnedByManagement: true }, system],
    [openstack, { visibility: 'private' }, of('acme')],
    [openstack, { visibility: 'shared' }, of('acme')],
    ['a visibility that is not known is not offered to all', { visibility: 'galactic' }, of('acme')],
    [zstack, { kind: 'zstack', visibility: 'public' }, system],
    [zstack, { kind: 'zsphere', visibility: null, isOwnedByManagement: true }, system],
    [zstack, { kind: 'zstack', visibility: null }, of('acme')],
    [rest, { kind: 'smartx', visibility: 'private' }, system],
    [rest, { kind: 'libvirt' }, system],
    [rest, { kind: 'local' }, system],
    [rest, { kind: 'manifest' }, system],
    ['“… unless a manifest … assigns a tenant”', { kind: 'manifest', said: 'custom' }, of('acme')],
  ])('%s', (_rule, change, expected) => {
    expect(platformAssignment({ kind: 'openstack', said: 'system', visibility: null, projectId: 'acme', isOwnedByManagement: false, ...change })).toEqual(expected);
  });

  it('gives way to what a person assigned', () => {
    expect(effectiveAssignment(of('acme'), system)).toEqual({ assignment: of('acme'), source: 'person' });
    expect(effectiveAssignment(null, system)).toEqual({ assignment: system, source: 'platform' });
  });
});

describe('who sees and who edits', () => {
  it.each<[string, ConsoleScope, string, Assignment, boolean, boolean]>([
    ['“System Console -> … -> System Images”', systemConsole, 'p1', system, true, true],
    ['custom images are edited in “Tenant Console -> … -> Custom Images”', systemConsole, 'p1', of('acme'), true, false],
    ['“Tenant Console -> … -> Custom Images”', tenant, 'p1', of('acme'), true, true],
    ['a custom image of nobody in particular has no tenant console', systemConsole, 'p1', of(null), true, true],
    ['another tenant’s image', tenant, 'p1', of('other'), false, false],
    ['the same project id on another platform is another tenant', tenant, 'p2', of('acme'), false, false],
    ['system images are not the tenant’s', tenant, 'p1', system, false, false],
    ['a custom image of nobody in particular', tenant, 'p1', of(null), false, false],
  ])('%s', (_sentence, scope, platformId, assignment, sees, edits) => {
    expect(seesImage(scope, { platformId, assignment })).toBe(sees);
    expect(editsImage(scope, { platformId, assignment })).toBe(edits);
  });

  it('a tenant sees the VMs of its project', () => {
    expect(seesVm(tenant, { platformId: 'p1', projectId: 'acme' })).toBe(true);
    expect(seesVm(tenant, { platformId: 'p1', projectId: null })).toBe(false);
    expect(seesVm(tenant, { platformId: 'p2', projectId: 'acme' })).toBe(false);
    expect(seesVm(systemConsole, { platformId: 'p2', projectId: null })).toBe(true);
  });
});
