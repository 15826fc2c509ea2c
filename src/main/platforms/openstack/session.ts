/** What the roles of one connector share once it has been opened. */
import type { Cloud } from './cloud.ts';
import type { OpenStackInventory } from './inventory.ts';
import type { OpenStackServices } from './server-facts.ts';
import type { Waiter } from './waiting.ts';

export interface OpenStackSession extends OpenStackServices {
  cloud: Cloud;
  inventory: OpenStackInventory;
  waiter: Waiter;
}

/** Reads the settings at the first call; later ones share it. */
export type OpenSession = () => Promise<OpenStackSession>;
