/** Keys that work everywhere. None fires while a person types. */
import { onMounted, onUnmounted } from 'vue';

/** True where keys are meant as text. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'range'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** True while a dialog has the keyboard: what lies behind it is not meant. */
export function isDialogOpen(): boolean {
  return [...document.querySelectorAll('[role="dialog"][aria-modal="true"]')].some((dialog) => dialog.checkVisibility());
}

/** Calls back for each key press on the page, for as long as the component lives. */
export function useShortcuts(onKey: (event: KeyboardEvent) => void): void {
  onMounted(() => window.addEventListener('keydown', onKey));
  onUnmounted(() => window.removeEventListener('keydown', onKey));
}
