/** What the command palette offers: pages always, actions of the shown page while it is shown. */
import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { Action } from '../composables/use-action.ts';

export interface ActionGroup {
  group: () => string;
  actions: readonly Action[];
}

export const useCommandRegistry = defineStore('command-registry', () => {
  const groups = shallowReactive(new Set<ActionGroup>());
  return {
    groups,
    /** Returns what takes the group out again. */
    add(group: ActionGroup): () => void {
      groups.add(group);
      return () => groups.delete(group);
    },
  };
});
