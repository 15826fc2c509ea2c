/**
 * Which rows of a long list are on the page: those in sight and some around them. All rows are equally high, so that a row's place is
 * a multiplication and nothing is ever measured. What is read of the page is read once per scroll event, before anything is written.
 */
import { computed, onBeforeUnmount, ref, watch, type ComputedRef, type Ref } from 'vue';

export const rowHeight = 36;
/** The header keeps its place over the rows. */
const headHeight = 32;
/** Rows made ready beyond the edge; a turn of the wheel is about three rows. */
const overscan = 6;
/** Before the page has been laid out. */
const assumedHeight = 600;

export interface GridWindow {
  /** Indexes of the rows to show, in order. */
  indexes: ComputedRef<number[]>;
  /** The first and the last row in sight. */
  inSight: ComputedRef<{ first: number; last: number }>;
  totalHeight: ComputedRef<number>;
  /** Scrolls as little as needed to have the row in sight. */
  scrollTo: (index: number) => void;
}

export function useGridWindow(scroller: Readonly<Ref<HTMLElement | null>>, count: () => number, initialTop: number): GridWindow {
  const firstInSight = ref(Math.floor(initialTop / rowHeight));
  const rowsInSight = ref(Math.ceil(assumedHeight / rowHeight));

  const onScroll = (event: Event): void => {
    firstInSight.value = Math.floor((event.currentTarget as HTMLElement).scrollTop / rowHeight);
  };
  const resized = new ResizeObserver(([entry]) => {
    if (entry !== undefined) rowsInSight.value = Math.ceil((entry.contentRect.height - headHeight) / rowHeight);
  });
  const stop = (element: HTMLElement | null | undefined): void => {
    element?.removeEventListener('scroll', onScroll);
    resized.disconnect();
  };
  watch(
    scroller,
    (element, before) => {
      stop(before);
      element?.addEventListener('scroll', onScroll, { passive: true });
      if (element !== null) resized.observe(element);
    },
    { flush: 'post' },
  );
  onBeforeUnmount(() => stop(scroller.value));

  const lastIndex = (): number => Math.max(0, count() - 1);
  const inSight = computed(() => {
    const first = Math.min(firstInSight.value, lastIndex());
    return { first, last: Math.min(first + rowsInSight.value, lastIndex()) };
  });
  return {
    inSight,
    indexes: computed(() => {
      if (count() === 0) return [];
      const from = Math.max(0, inSight.value.first - overscan);
      const to = Math.min(lastIndex(), inSight.value.last + overscan);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    }),
    totalHeight: computed(() => count() * rowHeight),
    scrollTo: (index) => {
      const element = scroller.value;
      if (element === null) return;
      const top = index * rowHeight;
      const height = element.clientHeight - headHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowHeight > element.scrollTop + height) element.scrollTop = top + rowHeight - height;
    },
  };
}

export interface PlacedRow {
  index: number;
  /** Names the element that shows the row. */
  slot: number;
}

/**
 * Rows keep their element while they are shown, and a row that comes into sight takes one that has become free: changing the words of
 * an element costs a fraction of making it.
 */
export function useRowSlots(indexes: () => readonly number[]): ComputedRef<PlacedRow[]> {
  const slots = new Map<number, number>();
  let free: number[] = [];
  let slotCount = 0;
  return computed(() => {
    const shown = new Set(indexes());
    for (const [index, slot] of slots) {
      if (shown.has(index)) continue;
      slots.delete(index);
      free.push(slot);
    }
    for (const index of shown) {
      if (slots.has(index)) continue;
      slots.set(index, free.pop() ?? slotCount);
      slotCount = Math.max(slotCount, (slots.get(index) ?? 0) + 1);
    }
    // An element that nobody needs now is gone from the page.
    free = [];
    // In the order of the elements: none is ever moved.
    return [...slots].map(([index, slot]) => ({ index, slot })).sort((a, b) => a.slot - b.slot);
  });
}
