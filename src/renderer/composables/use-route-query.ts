/** State of a list in the address (`?q=win&sort=-name`), so that back, a deep link and a remembered view are one thing. */
import { computed, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/**
 * One text of the route's query; '' removes it.
 * @param isStep true where going back should undo the change (a tab); false for what is typed
 */
export function useRouteQuery(name: string, isStep = false): WritableComputedRef<string> {
  const route = useRoute();
  const router = useRouter();
  return computed({
    get: () => {
      const value = route.query[name];
      return typeof value === 'string' ? value : '';
    },
    set: (value) => {
      const query = { ...route.query };
      if (value === '') delete query[name];
      else query[name] = value;
      void (isStep ? router.push({ query }) : router.replace({ query }));
    },
  });
}
