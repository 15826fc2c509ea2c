/**
 * The one place where it is decided what can be done on a platform: the connector has the role, the probe says so, and the platform is
 * not set to read-only here. The switch is enforced through this, not by the window.
 */
import { unavailable, type Availability, type Capabilities } from '../../shared/model/capability.ts';
import { roles, type Role } from '../../shared/model/role.ts';
import { say } from '../../shared/model/message.ts';
import type { Connector } from './connector.ts';

/** Roles that change something on the platform. */
const changing: ReadonlySet<Role> = new Set(['hardware', 'snapshots', 'deleter', 'creator', 'imageStore', 'attributes', 'power']);

function hasRole(connector: Connector, role: Role): boolean {
  switch (role) {
    case 'sourceVms': return true;
    case 'images': return connector.inventory.images !== undefined;
    case 'hardware': case 'snapshots': case 'deleter': case 'diskExport': case 'imageStore': case 'attributes': case 'power': case 'agent':
      return connector[role] !== undefined;
    case 'creator': return connector.creator !== undefined || connector.remoteCreator !== undefined;
    case 'console': return false;
  }
}

/** What the platform itself can do: the roles that the connector has, as its probe found them. */
export function probedCapabilities(connector: Connector, probed: Capabilities): Capabilities {
  const result: Capabilities = {};
  for (const role of roles) result[role] = hasRole(connector, role) ? (probed[role] ?? unavailable(say('CAPABILITY_NOT_PROBED'))) : unavailable(say('CAPABILITY_NOT_OFFERED'));
  return result;
}

/** What can be done from here: the platform's capabilities under its read-only switch. */
export function roleAvailability(role: Role, probed: Capabilities, platform: { name: string; isReadOnly: boolean }): Availability {
  const found = probed[role] ?? unavailable(say('CAPABILITY_NOT_PROBED'));
  return found.isAvailable && platform.isReadOnly && changing.has(role) ? unavailable(say('PLATFORM_READ_ONLY', { name: platform.name })) : found;
}

/** All roles at once. */
export function effectiveCapabilities(probed: Capabilities, platform: { name: string; isReadOnly: boolean }): Capabilities {
  const result: Capabilities = {};
  for (const role of roles) result[role] = roleAvailability(role, probed, platform);
  return result;
}

