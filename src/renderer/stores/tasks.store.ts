/** The live tasks of the core, for the status bar and every page that shows one: a snapshot plus progress deltas. */
import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import type { ErrorView } from '../../shared/model/error-view.ts';
import type { RunId } from '../../shared/model/ids.ts';
import type { Progress, RunStatus, Task } from '../../shared/model/task.ts';
import { useClient } from '../api/client.ts';
import { toErrorView } from '../api/error-view.ts';

/** A person has to do something before these go on. */
const waitingStatuses: readonly RunStatus[] = ['waiting', 'needs-attention', 'interrupted'];

const maxLive = 200;

export const useTasks = defineStore('tasks', () => {
  const client = useClient();
  const live = shallowRef<readonly Task[]>([]);
  const error = shallowRef<ErrorView | null>(null);
  let isLoading = false;
  let isAskedAgain = false;

  /** Reads the live tasks again; calls while reading become one more read. */
  async function refresh(): Promise<void> {
    if (isLoading) {
      isAskedAgain = true;
      return;
    }
    isLoading = true;
    try {
      do {
        isAskedAgain = false;
        live.value = (await client.call('tasks.list', { isLiveOnly: true, limit: maxLive })).rows;
        error.value = null;
      } while (isAskedAgain as boolean);
    } catch (failure) {
      error.value = toErrorView(failure);
    } finally {
      isLoading = false;
    }
  }

  client.on('tasks.changed', () => void refresh());
  client.on('task.progress', ({ runId, progress }) => {
    live.value = live.value.map((task) => (task.id === runId ? { ...task, progress } : task));
  });
  client.onResync(() => void refresh());

  const running = computed(() => live.value.filter((task) => !waitingStatuses.includes(task.status)));
  const waiting = computed(() => live.value.filter((task) => waitingStatuses.includes(task.status)));
  /** 0 … 1 over all running tasks that know their progress; null when none does. */
  const overallFraction = computed(() => {
    const known = running.value.flatMap((task) => (task.progress?.fraction === null || task.progress === null ? [] : [task.progress.fraction]));
    return known.length === 0 ? null : known.reduce((sum, fraction) => sum + fraction, 0) / known.length;
  });

  return {
    live,
    running,
    waiting,
    error,
    overallFraction,
    refresh,
    progressOf: (id: RunId): Progress | null => live.value.find((task) => task.id === id)?.progress ?? null,
  };
});
