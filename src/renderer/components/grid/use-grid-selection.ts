/** Which row has the focus and which rows are selected; keys and clicks as in any list of a desktop. */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import type { WindowSource } from './use-window-source.ts';

export interface SelectionMemory<T> {
  activeIndex: number;
  selected: Map<string, T>;
}

export interface GridSelection<T> {
  activeIndex: Ref<number>;
  selected: ShallowRef<Map<string, T>>;
  selectedRows: ComputedRef<T[]>;
  isAllSelected: ComputedRef<boolean>;
  toggle: (index: number) => void;
  /** From the anchor (the last single choice) to here. */
  extendTo: (index: number) => Promise<void>;
  selectAll: () => Promise<void>;
  clear: () => void;
  /** Where a movement key leads, or null for other keys. */
  target: (key: string, pageRows: number) => number | null;
}

export function useGridSelection<T extends { id: string }>(source: WindowSource<T>, memory: SelectionMemory<T> | undefined): GridSelection<T> {
  const activeIndex = ref(memory?.activeIndex ?? 0);
  const selected = shallowRef(memory?.selected ?? new Map<string, T>());
  let anchor = activeIndex.value;

  const lastIndex = () => Math.max(0, (source.total.value ?? 0) - 1);

  // Rows that were fetched again replace their selected copies; what a row can do now decides about bulk actions.
  watch(source.rows, (rows) => {
    if (selected.value.size === 0) return;
    const next = new Map(selected.value);
    for (const row of rows.values()) if (next.has(row.id)) next.set(row.id, row);
    selected.value = next;
  });
  watch(source.total, () => {
    activeIndex.value = Math.min(activeIndex.value, lastIndex());
  });

  function add(rows: readonly T[], base: Map<string, T>): void {
    const next = new Map(base);
    for (const row of rows) next.set(row.id, row);
    selected.value = next;
  }

  return {
    activeIndex,
    selected,
    selectedRows: computed(() => [...selected.value.values()]),
    isAllSelected: computed(() => (source.total.value ?? 0) > 0 && selected.value.size === source.total.value),
    toggle: (index) => {
      const row = source.rows.value.get(index);
      if (row === undefined) return;
      const next = new Map(selected.value);
      if (!next.delete(row.id)) next.set(row.id, row);
      selected.value = next;
      anchor = index;
    },
    extendTo: async (index) => {
      const [first, last] = anchor < index ? [anchor, index] : [index, anchor];
      add(await source.range(first, last), new Map());
    },
    selectAll: async () => {
      add(await source.range(0, lastIndex()), selected.value);
    },
    clear: () => {
      selected.value = new Map();
    },
    target: (key, pageRows) => {
      const moves: Record<string, number> = {
        ArrowDown: activeIndex.value + 1,
        ArrowUp: activeIndex.value - 1,
        PageDown: activeIndex.value + pageRows,
        PageUp: activeIndex.value - pageRows,
        Home: 0,
        End: lastIndex(),
      };
      const to = moves[key];
      return to === undefined ? null : Math.min(lastIndex(), Math.max(0, to));
    },
  };
}
