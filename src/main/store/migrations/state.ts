/** The steps of `state.sqlite`, oldest first. A released step never changes; a new one goes to the end, ten higher. */
import type { Migration } from '../migrate.ts';
import { stateInitial } from './state/0010-initial.ts';
import { businessAttributesOfState } from './state/0020-business-attributes.ts';
import { platformPools } from './state/0030-platform-pools.ts';

export const stateMigrations: readonly Migration[] = [stateInitial, businessAttributesOfState, platformPools];
