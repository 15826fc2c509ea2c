/**
 * Data of one view: fetched once a key however many components show it, shown stale while it is fetched again, fetched
 * again on the core's invalidations, aborted when nobody shows it any more.
 */
import { computed, onScopeDispose, shallowReactive, toValue, watch, type ComputedRef, type MaybeRefOrGetter } from 'vue';
import { useClient, type Client } from '../api/client.ts';
import { isAbort, toErrorView } from '../api/error-view.ts';
import type { EventMessage, EventTopic } from '../../shared/contract/events.ts';
import type { ErrorView } from '../../shared/model/error-view.ts';

/** `idle` = no key, nothing to fetch; `error` keeps the data that was there before. */
export type ResourceStatus = 'idle' | 'loading' | 'ready' | 'error';

interface Entry {
  data: unknown;
  status: ResourceStatus;
  isFetching: boolean;
  error: ErrorView | null;
  fetchedAt: number | null;
}

interface Shared {
  entry: Entry;
  users: number;
  abort: AbortController | null;
  stop: (() => void)[];
  refetch: () => Promise<void>;
}

export interface ResourceOptions<T> {
  /** Names the data (`platforms.show:p1`); resources with the same key share it. Null = fetch nothing for now. */
  key: MaybeRefOrGetter<string | null>;
  fetch: (client: Client, signal: AbortSignal) => Promise<T>;
  /** Topics after which it is fetched again. */
  refetchOn?: readonly EventTopic[];
  /** Narrows `refetchOn`: false for events about something else. */
  isAbout?: (event: Pick<EventMessage, 'topic' | 'payload'>) => boolean;
}

export interface Resource<T> {
  data: ComputedRef<T | undefined>;
  status: ComputedRef<ResourceStatus>;
  /** True also while data is shown and only refreshed. */
  isFetching: ComputedRef<boolean>;
  error: ComputedRef<ErrorView | null>;
  fetchedAt: ComputedRef<number | null>;
  refetch: () => Promise<void>;
}

const sharedByClient = new WeakMap<Client, Map<string, Shared>>();

function start<T>(client: Client, options: ResourceOptions<T>): Shared {
  const entry = shallowReactive<Entry>({ data: undefined, status: 'loading', isFetching: false, error: null, fetchedAt: null });
  let isAskedAgain = false;
  const run = async (abort: AbortController) => {
    try {
      entry.data = await options.fetch(client, abort.signal);
      entry.status = 'ready';
      entry.error = null;
      entry.fetchedAt = Date.now();
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) return;
      entry.error = toErrorView(error);
      entry.status = 'error';
    }
  };
  const shared: Shared = {
    entry,
    users: 0,
    abort: null,
    stop: [],
    refetch: async () => {
      // A change that arrives while fetching may not be in the answer: fetch once more afterwards.
      if (shared.abort !== null) {
        isAskedAgain = true;
        return;
      }
      do {
        isAskedAgain = false;
        shared.abort = new AbortController();
        entry.isFetching = true;
        await run(shared.abort);
      } while ((isAskedAgain as boolean) && !shared.abort.signal.aborted);
      entry.isFetching = false;
      shared.abort = null;
    },
  };
  for (const topic of options.refetchOn ?? []) {
    shared.stop.push(
      client.on(topic, (payload) => {
        if (options.isAbout?.({ topic, payload }) ?? true) void shared.refetch();
      }),
    );
  }
  shared.stop.push(client.onResync(() => void shared.refetch()));
  return shared;
}

/** Shows and keeps fresh what `fetch` answers; only inside `setup`. */
export function useResource<T>(options: ResourceOptions<T>): Resource<T> {
  const client = useClient();
  const all = sharedByClient.get(client) ?? new Map<string, Shared>();
  sharedByClient.set(client, all);

  const held = shallowReactive<{ key: string | null; shared: Shared | null }>({ key: null, shared: null });
  const release = () => {
    const { key, shared } = held;
    if (key === null || shared === null) return;
    shared.users -= 1;
    if (shared.users > 0) return;
    shared.abort?.abort();
    for (const stop of shared.stop) stop();
    all.delete(key);
  };

  watch(
    () => toValue(options.key),
    (key) => {
      release();
      held.key = key;
      held.shared = null;
      if (key === null) return;
      let shared = all.get(key);
      if (shared === undefined) {
        shared = start(client, options);
        all.set(key, shared);
        void shared.refetch();
      }
      shared.users += 1;
      held.shared = shared;
    },
    { immediate: true },
  );
  onScopeDispose(release);

  return {
    data: computed(() => held.shared?.entry.data as T | undefined),
    status: computed(() => held.shared?.entry.status ?? 'idle'),
    isFetching: computed(() => held.shared?.entry.isFetching ?? false),
    error: computed(() => held.shared?.entry.error ?? null),
    fetchedAt: computed(() => held.shared?.entry.fetchedAt ?? null),
    refetch: async () => {
      await held.shared?.refetch();
    },
  };
}
