/** Which columns a grid shows, in which order and how wide: the list's defaults under the person's choices. */
import { computed, ref, type ComputedRef } from 'vue';
import { useSettings } from '../../stores/settings.store.ts';
import type { GridColumn } from './grid-types.ts';

interface ColumnChoice {
  key: string;
  width: number | null;
  isVisible: boolean;
}

export interface ShownColumn<T> extends GridColumn<T> {
  isVisible: boolean;
  shownWidth: number;
  /** `left` or `right` in pixels while pinned. */
  pinOffset: number;
}

export interface GridColumns<T> {
  /** All columns in the person's order, for the chooser. */
  all: ComputedRef<ShownColumn<T>[]>;
  visible: ComputedRef<ShownColumn<T>[]>;
  /** For `grid-template-columns`. */
  template: ComputedRef<string>;
  minWidth: ComputedRef<number>;
  setVisible: (key: string, isVisible: boolean) => void;
  /** Moves a column one place towards the start (-1) or the end (+1). */
  move: (key: string, direction: -1 | 1) => void;
  /** `isFinal` false while the edge is still being dragged. */
  setWidth: (key: string, width: number, isFinal: boolean) => void;
  reset: () => void;
}

export const selectColumnWidth = 36;
const minColumnWidth = 56;
const maxColumnWidth = 1200;

/** The stored choice, as far as it can be read: it comes from a file that a person can edit. */
function parseChoice(stored: unknown): ColumnChoice[] {
  if (typeof stored !== 'object' || stored === null || !('columns' in stored) || !Array.isArray(stored.columns)) return [];
  return stored.columns.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null || !('key' in item) || typeof item.key !== 'string') return [];
    const width = 'width' in item && typeof item.width === 'number' ? item.width : null;
    return [{ key: item.key, width, isVisible: !('isVisible' in item) || item.isVisible !== false }];
  });
}

/** The person's order; a column that is new since then stays beside the one it follows by default. */
function ordered<T>(columns: readonly GridColumn<T>[], choices: readonly ColumnChoice[]): GridColumn<T>[] {
  const result = choices.flatMap(({ key }) => columns.filter((column) => column.key === key));
  columns.forEach((column, index) => {
    if (result.includes(column)) return;
    const before = columns[index - 1];
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, column);
  });
  const place = (column: GridColumn<T>) => (column.pin === 'start' ? 0 : column.pin === 'end' ? 2 : 1);
  return result.sort((a, b) => place(a) - place(b));
}

export function useGridColumns<T>(gridId: () => string, columns: () => readonly GridColumn<T>[], hasSelection: () => boolean): GridColumns<T> {
  const settings = useSettings();
  const dragged = ref<{ key: string; width: number } | null>(null);
  const choices = computed(() => parseChoice(settings.grids[gridId()]));

  const all = computed(() =>
    ordered(columns(), choices.value).map((column): ShownColumn<T> => {
      const choice = choices.value.find(({ key }) => key === column.key);
      const width = dragged.value?.key === column.key ? dragged.value.width : choice?.width;
      return {
        ...column,
        // A width that the person set stays: it does not grow any more.
        grow: width === null || width === undefined ? (column.grow ?? 0) : 0,
        shownWidth: width ?? column.width,
        isVisible: column.isRequired === true || (choice?.isVisible ?? column.isHiddenByDefault !== true),
        pinOffset: 0,
      };
    }),
  );

  const visible = computed(() => {
    const shown = all.value.filter((column) => column.isVisible);
    let left = hasSelection() ? selectColumnWidth : 0;
    for (const column of shown.filter(({ pin }) => pin === 'start')) {
      column.pinOffset = left;
      left += column.shownWidth;
    }
    let right = 0;
    for (const column of shown.filter(({ pin }) => pin === 'end').reverse()) {
      column.pinOffset = right;
      right += column.shownWidth;
    }
    // Somebody has to take the width that is left over.
    if (shown.every((column) => column.grow === 0)) {
      const last = shown.findLast(({ pin }) => pin !== 'end');
      if (last !== undefined) last.grow = 1;
    }
    return shown;
  });

  function save(next: readonly ShownColumn<T>[]): void {
    const widths = new Map(choices.value.map(({ key, width }) => [key, width]));
    if (dragged.value !== null) widths.set(dragged.value.key, dragged.value.width);
    settings.setGrid(gridId(), { columns: next.map(({ key, isVisible }) => ({ key, isVisible, width: widths.get(key) ?? null })) });
    dragged.value = null;
  }

  return {
    all,
    visible,
    template: computed(() =>
      [
        ...(hasSelection() ? [`${selectColumnWidth}px`] : []),
        ...visible.value.map(({ shownWidth, grow }) => (grow ? `minmax(${shownWidth}px, ${grow}fr)` : `${shownWidth}px`)),
      ].join(' '),
    ),
    minWidth: computed(() => visible.value.reduce((sum, { shownWidth }) => sum + shownWidth, hasSelection() ? selectColumnWidth : 0)),
    setVisible: (key, isVisible) => save(all.value.map((column) => (column.key === key ? { ...column, isVisible } : column))),
    move: (key, direction) => {
      const next = [...all.value];
      const from = next.findIndex((column) => column.key === key);
      const [column] = next.splice(from, 1);
      if (column === undefined) return;
      next.splice(from + direction, 0, column);
      save(next);
    },
    setWidth: (key, width, isFinal) => {
      dragged.value = { key, width: Math.round(Math.min(maxColumnWidth, Math.max(minColumnWidth, width))) };
      if (isFinal) save(all.value);
    },
    reset: () => {
      dragged.value = null;
      settings.setGrid(gridId(), { columns: [] });
    },
  };
}
