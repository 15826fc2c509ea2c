/**
 * The rows of a grid, by windows: fetched where they are looked at, kept while they are fetched again. Knows nothing of
 * columns or the screen.
 */
import { computed, onScopeDispose, ref, shallowRef, triggerRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import { isAbort, toErrorView } from '../../api/error-view.ts';
import type { ErrorView } from '../../../shared/model/error-view.ts';
import type { GridSort, GridSource } from './grid-types.ts';

export const windowSize = 100;
/** The most that one call may ask for; see `listQuery`. */
const maxCall = 500;
/** Selecting a range reads its rows; nobody means more than this by one key. */
export const maxRange = 5000;

export interface WindowQuery {
  filter: string;
  sort: GridSort | null;
}

export interface WindowMemory<T> {
  rows: Map<number, T>;
  total: number;
  fetchedAt: number | null;
}

export interface WindowSource<T> {
  rows: ShallowRef<Map<number, T>>;
  /** Null until the first answer. */
  total: Ref<number | null>;
  isFetching: ComputedRef<boolean>;
  error: ShallowRef<ErrorView | null>;
  fetchedAt: Ref<number | null>;
  /** Tells which rows are in sight. */
  show: (first: number, last: number) => void;
  /** Fetches again what is in sight; the rest when it comes into sight. */
  refresh: () => void;
  /** All rows of a range, for selecting; fetches what is missing. */
  range: (first: number, last: number) => Promise<T[]>;
}

export function useWindowSource<T>(source: () => GridSource<T>, query: () => WindowQuery, memory: WindowMemory<T> | undefined): WindowSource<T> {
  const rows = shallowRef(memory?.rows ?? new Map<number, T>());
  const total = ref<number | null>(memory?.total ?? null);
  const error = shallowRef<ErrorView | null>(null);
  const fetchedAt = ref<number | null>(memory?.fetchedAt ?? null);
  const pendingCount = ref(0);

  const fresh = new Set<number>();
  const pending = new Map<number, AbortController>();
  let isForOtherRows = false;
  let isRefreshWanted = false;
  let inSight = { first: 0, last: 0 };

  function accept(offset: number, answer: { total: number; rows: readonly T[] }): void {
    if (isForOtherRows) rows.value = new Map();
    isForOtherRows = false;
    answer.rows.forEach((row, index) => rows.value.set(offset + index, row));
    for (const index of rows.value.keys()) if (index >= answer.total) rows.value.delete(index);
    total.value = answer.total;
    error.value = null;
    fetchedAt.value = Date.now();
    triggerRef(rows);
  }

  async function fetchWindow(number: number): Promise<void> {
    const abort = new AbortController();
    pending.set(number, abort);
    pendingCount.value = pending.size;
    try {
      const offset = number * windowSize;
      const answer = await source()({ ...query(), offset, limit: windowSize }, abort.signal);
      if (abort.signal.aborted) return;
      fresh.add(number);
      accept(offset, answer);
    } catch (failure) {
      if (!abort.signal.aborted && !isAbort(failure)) {
        error.value = toErrorView(failure);
        // Not asked again by scrolling alone: a broken source would be asked without end.
        fresh.add(number);
      }
    } finally {
      if (pending.get(number) === abort) {
        pending.delete(number);
        pendingCount.value = pending.size;
        if (isRefreshWanted && pending.size === 0) refresh();
      }
    }
  }

  function fetchInSight(): void {
    const lastWindow = Math.floor(inSight.last / windowSize);
    for (let number = Math.floor(inSight.first / windowSize); number <= lastWindow; number += 1) {
      const isBeyond = number > 0 && total.value !== null && number * windowSize >= total.value;
      if (!isBeyond && !fresh.has(number) && !pending.has(number)) void fetchWindow(number);
    }
  }

  function abortAll(): void {
    for (const abort of pending.values()) abort.abort();
    pending.clear();
    pendingCount.value = 0;
  }

  function refresh(): void {
    // Under a storm of changes each fetch is let to its end, then one more follows.
    if (pending.size > 0) {
      isRefreshWanted = true;
      return;
    }
    isRefreshWanted = false;
    fresh.clear();
    fetchInSight();
  }

  watch(
    () => [source(), query().filter, query().sort?.key, query().sort?.isDescending],
    () => {
      abortAll();
      isRefreshWanted = false;
      isForOtherRows = true;
      fresh.clear();
      inSight = { first: 0, last: 0 };
      fetchInSight();
    },
  );
  onScopeDispose(abortAll);
  fetchInSight();

  return {
    rows,
    total,
    error,
    fetchedAt,
    isFetching: computed(() => pendingCount.value > 0),
    show: (first, last) => {
      inSight = { first, last };
      fetchInSight();
    },
    refresh,
    range: async (first, last) => {
      const end = Math.min(last, first + maxRange - 1);
      for (let offset = first; offset <= end; offset += maxCall) {
        const limit = Math.min(maxCall, end - offset + 1);
        const indexes = Array.from({ length: limit }, (_, index) => offset + index);
        if (indexes.every((index) => rows.value.has(index))) continue;
        accept(offset, await source()({ ...query(), offset, limit }, new AbortController().signal));
      }
      const found: T[] = [];
      for (let index = first; index <= end; index += 1) {
        const row = rows.value.get(index);
        if (row !== undefined) found.push(row);
      }
      return found;
    },
  };
}
