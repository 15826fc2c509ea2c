/**
 * Whose an image is, and who sees it. Seed (image-management): *VDI Images* is "a list of all system VDI images from all cloud
 * platforms (excluding tenant custom images)"; custom images are edited in the tenant console. A tenant is one project on one
 * platform. A person's assignment wins over the platform's rule.
 */
import type { Assignment, ConsoleScope } from '../model/business-attributes.ts';
import type { PlatformKind } from '../model/platform.ts';

export interface OwnershipFacts {
  kind: PlatformKind;
  /** What the platform's own listing (a manifest) calls it. */
  said: 'system' | 'custom';
  /** `public`, `community`, `shared`, `private`, as the platform says it; null where it has no such thing. */
  visibility: string | null;
  /** The project or account that owns it. */
  projectId: string | null;
  /** The owner is the project (or account) that the platform is managed from. */
  isOwnedByManagement: boolean;
}

const system: Assignment = { scope: 'system' };

/** By the platform's rule. What a platform says in words that are not known is nobody's in particular: not offered to all. */
export function platformAssignment({ kind, said, visibility, projectId, isOwnedByManagement }: OwnershipFacts): Assignment {
  const custom: Assignment = { scope: 'custom', projectId };
  const seen = visibility?.trim().toLowerCase() ?? null;
  switch (kind) {
    case 'openstack':
      return seen === 'public' || seen === 'community' || isOwnedByManagement ? system : custom;
    case 'zstack': case 'zsphere':
      return seen === 'public' || isOwnedByManagement ? system : custom;
    case 'smartx': case 'libvirt': case 'local': case 'manifest':
      return said === 'custom' ? custom : system;
  }
}

/** @param person null = nothing said */
export function effectiveAssignment(person: Assignment | null, platform: Assignment): { assignment: Assignment; source: 'person' | 'platform' } {
  return person === null ? { assignment: platform, source: 'platform' } : { assignment: person, source: 'person' };
}

export interface OwnedSubject {
  platformId: string;
  assignment: Assignment;
}

/** The system console sees everything; a tenant's console its own custom images, and nothing that is offered to all or to others. */
export function seesImage(scope: ConsoleScope, { platformId, assignment }: OwnedSubject): boolean {
  if (scope.kind === 'system') return true;
  return assignment.scope === 'custom' && assignment.projectId === scope.projectId && platformId === scope.platformId;
}

/**
 * Whether the business attributes of an image may be changed here. Seed (image-management 2 and 3.1): "These two attributes can only
 * be modified on … System Console → … System Images; Tenant Console → … Custom Images." A custom image of no project that is known has
 * no tenant console, so the system's is the place.
 */
export function editsImage(scope: ConsoleScope, subject: OwnedSubject): boolean {
  if (scope.kind === 'tenant') return seesImage(scope, subject);
  return subject.assignment.scope === 'system' || subject.assignment.projectId === null;
}

/** A VM belongs to the project that the platform says; nobody reassigns it. */
export function seesVm(scope: ConsoleScope, vm: { platformId: string; projectId: string | null }): boolean {
  return scope.kind === 'system' || (vm.platformId === scope.platformId && vm.projectId === scope.projectId);
}
