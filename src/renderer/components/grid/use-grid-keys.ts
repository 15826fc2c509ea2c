/** Keyboard and mouse on the rows: the row has the focus, arrows move it, Right and Left step into the row's buttons. */
import { nextTick, type Ref } from 'vue';
import type { GridSelection } from './use-grid-selection.ts';
import type { WindowSource } from './use-window-source.ts';

export interface GridKeysOptions<T> {
  rows: WindowSource<T>;
  selection: GridSelection<T>;
  scroller: Readonly<Ref<HTMLElement | null>>;
  isSelectable: () => boolean;
  rowHeight: number;
  scrollTo: (index: number) => void;
  open: (row: T) => void;
}

export interface GridKeys {
  onKey: (event: KeyboardEvent) => void;
  onClick: (event: MouseEvent) => void;
  onDoubleClick: (event: MouseEvent) => void;
  focusRow: (index: number) => void;
}

const interactive = 'a, button, input:not(.select)';

function rowOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[role="row"]') : null;
}

export function useGridKeys<T>(options: GridKeysOptions<T>): GridKeys {
  const { rows, selection, scroller } = options;

  function focusRow(index: number): void {
    selection.activeIndex.value = index;
    options.scrollTo(index);
    void nextTick(() => scroller.value?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }));
  }

  /** Steps through the row itself and what can be pressed in it. */
  function stepInside(row: HTMLElement, direction: 1 | -1): void {
    const stops = [row, ...row.querySelectorAll<HTMLElement>(interactive)];
    const at = stops.findIndex((stop) => stop === document.activeElement);
    stops[Math.min(stops.length - 1, Math.max(0, at + direction))]?.focus();
  }

  function move(event: KeyboardEvent): boolean {
    const pageRows = Math.max(1, Math.floor((scroller.value?.clientHeight ?? 0) / options.rowHeight) - 2);
    const to = selection.target(event.key, pageRows);
    if (to === null) return false;
    focusRow(to);
    if (event.shiftKey && options.isSelectable()) void selection.extendTo(to);
    return true;
  }

  function onRow(event: KeyboardEvent): boolean {
    const index = selection.activeIndex.value;
    if (event.key === 'Enter') {
      const row = rows.rows.value.get(index);
      if (row !== undefined) options.open(row);
      return true;
    }
    if (!options.isSelectable()) return false;
    if (event.key === ' ') selection.toggle(index);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) void selection.selectAll();
    else if (event.key === 'Escape' && selection.selected.value.size > 0) selection.clear();
    else return false;
    return true;
  }

  function onKey(event: KeyboardEvent): void {
    const row = rowOf(event.target);
    if (row === null || event.altKey) return;
    let isDone = false;
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      stepInside(row, event.key === 'ArrowRight' ? 1 : -1);
      isDone = true;
    } else if (event.target === row) {
      isDone = onRow(event) || move(event);
    } else if (event.key === 'Escape') {
      row.focus();
      isDone = true;
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      isDone = event.target instanceof HTMLElement && event.target.getAttribute('aria-haspopup') === null && move(event);
    }
    if (isDone) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  function indexOf(event: MouseEvent): number | null {
    const text = rowOf(event.target)?.dataset['index'];
    return text === undefined ? null : Number(text);
  }

  return {
    focusRow,
    onKey,
    onClick: (event) => {
      const index = indexOf(event);
      if (index === null) return;
      const isOnControl = event.target instanceof Element && event.target.closest(interactive) !== null;
      if (!isOnControl && options.isSelectable() && event.shiftKey) void selection.extendTo(index);
      else if (!isOnControl && options.isSelectable() && (event.ctrlKey || event.metaKey)) selection.toggle(index);
      selection.activeIndex.value = index;
      if (!isOnControl) focusRow(index);
    },
    onDoubleClick: (event) => {
      const index = indexOf(event);
      const row = index === null ? undefined : rows.rows.value.get(index);
      const isOnControl = event.target instanceof Element && event.target.closest(`${interactive}, input`) !== null;
      if (row !== undefined && !isOnControl) options.open(row);
    },
  };
}
