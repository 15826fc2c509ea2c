/** Where the person was: each page's last filter and sort, so that the navigation leads back to it. */
import { defineStore } from 'pinia';
import type { LocationQuery, RouteLocationRaw } from 'vue-router';

export const usePlaces = defineStore('places', () => {
  const queries = new Map<string, LocationQuery>();
  return {
    remember: (name: string, query: LocationQuery): void => {
      queries.set(name, query);
    },
    /** The page as it was left. */
    to: (name: string): RouteLocationRaw => ({ name, query: queries.get(name) ?? {} }),
  };
});
