/** All platforms with their health: shown on every page as names, ages and environment labels. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { ErrorView } from '../../shared/model/error-view.ts';
import type { Platform } from '../../shared/model/platform.ts';
import { useClient } from '../api/client.ts';
import { toErrorView } from '../api/error-view.ts';

export const usePlatforms = defineStore('platforms', () => {
  const client = useClient();
  const platforms = shallowRef<readonly Platform[]>([]);
  const status = ref<'loading' | 'ready' | 'error'>('loading');
  const error = shallowRef<ErrorView | null>(null);
  let isLoading = false;
  let isAskedAgain = false;

  async function refresh(): Promise<void> {
    if (isLoading) {
      isAskedAgain = true;
      return;
    }
    isLoading = true;
    try {
      do {
        isAskedAgain = false;
        platforms.value = await client.call('platforms.list', {});
        status.value = 'ready';
        error.value = null;
      } while (isAskedAgain as boolean);
    } catch (failure) {
      error.value = toErrorView(failure);
      status.value = 'error';
    } finally {
      isLoading = false;
    }
  }

  client.on('platforms.changed', () => void refresh());
  client.onResync(() => void refresh());

  const byId = computed(() => new Map(platforms.value.map((platform) => [platform.id as string, platform])));
  return {
    platforms,
    status,
    error,
    byId,
    refresh,
    /** Rows of this platform could not be refreshed: its last listing failed. */
    isStale: (id: string): boolean => byId.value.get(id)?.health.status === 'failing',
    failing: computed(() => platforms.value.filter((platform) => platform.health.status === 'failing')),
    syncing: computed(() => platforms.value.filter((platform) => platform.health.isSyncing)),
  };
});
