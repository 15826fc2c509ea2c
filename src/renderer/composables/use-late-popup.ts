/**
 * A popup whose code is fetched, and whose component is made, only once its button is near to being pressed. From then on it listens
 * to the button itself; a press that came before it is made up for.
 */
import { ref, type Ref } from 'vue';

export interface LatePopup {
  /** The popup has to be there. */
  isWanted: Ref<boolean>;
  /** The button was pressed before the popup was there: it opens at once. */
  isOpenAtOnce: Ref<boolean>;
  /** The pointer or the focus is on the button. */
  want: () => void;
  press: () => void;
  /** The popup listens to the button now. */
  ready: () => void;
}

export function useLatePopup(): LatePopup {
  const isWanted = ref(false);
  const isOpenAtOnce = ref(false);
  let isReady = false;
  return {
    isWanted,
    isOpenAtOnce,
    want: () => (isWanted.value = true),
    press: () => {
      if (isReady) return;
      isWanted.value = true;
      isOpenAtOnce.value = true;
    },
    ready: () => (isReady = true),
  };
}
