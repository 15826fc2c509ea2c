/**
 * Configure of a desktop image. Seed (image-publishing): "Configure: VOI configuration that applies to the desktop image.
 * Options include Dedicated and General. Dedicated: System-default VOI configuration or a self-defined VOI configuration
 * defined in Flavors. General: Suitable for different endpoint configurations or non-official scenarios."
 */
import { say, type Message } from '../model/message.ts';
import type { Configure } from '../model/desktop-image.ts';
import type { Architecture, Flavor } from '../model/flavor.ts';

/** VDI desktops take their size from their platform, so there is nothing to configure. */
export function isConfigureAsked(architecture: Architecture): boolean {
  return architecture !== 'vdi';
}

/** The flavors that Dedicated may name. */
export function dedicatedFlavors(architecture: Architecture, flavors: readonly Flavor[]): Flavor[] {
  return isConfigureAsked(architecture) ? flavors.filter((flavor) => flavor.architecture === architecture) : [];
}

/**
 * Null when the choice fits the architecture, else why not.
 * @param flavor the one that Dedicated names; null when there is none of that id.
 */
export function configureProblem(architecture: Architecture, configure: Configure | null, flavor: Flavor | null): Message | null {
  if (!isConfigureAsked(architecture)) return configure === null ? null : say('CONFIGURE_NOT_FOR_VDI');
  if (configure === null) return say('CONFIGURE_NEEDED');
  if (configure.kind === 'general') return null;
  if (flavor === null) return say('CONFIGURE_FLAVOR_GONE');
  if (flavor.architecture !== architecture) {
    return say('CONFIGURE_FLAVOR_OTHER', { flavor: flavor.name, flavorArchitecture: flavor.architecture.toUpperCase(), architecture: architecture.toUpperCase() });
  }
  return null;
}
