/**
 * When a tip is shown: a moment after the pointer came, at once for the keyboard. What shows it is made only then: a list has
 * hundreds of places with a tip, and a tip's own component costs more than the row it hangs on.
 */
import { onBeforeUnmount, ref, type Ref } from 'vue';

const tipDelayMs = 300;

export interface HoverTip {
  isShown: Ref<boolean>;
  /** `delayMs` 0 shows it in the next turn. */
  show: (delayMs?: number) => void;
  hide: () => void;
}

export function useHoverTip(): HoverTip {
  const isShown = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hide = (): void => {
    clearTimeout(timer);
    isShown.value = false;
  };
  onBeforeUnmount(() => clearTimeout(timer));
  return {
    isShown,
    hide,
    show: (delayMs = tipDelayMs) => {
      clearTimeout(timer);
      timer = setTimeout(() => (isShown.value = true), delayMs);
    },
  };
}
