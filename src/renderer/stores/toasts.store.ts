/** Short notices in the corner: one place, one notice a key, errors stay until closed. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { ErrorView } from '../../shared/model/error-view.ts';

export interface Toast {
  key: string;
  kind: 'ok' | 'info' | 'error';
  /** Words to show; with `error`, its sentence is shown instead. */
  text: string;
  error: ErrorView | null;
  /** A page that shows more. */
  link: { text: string; to: string } | null;
}

const shownMs = 5000;
const maxShown = 4;

export const useToasts = defineStore('toasts', () => {
  const toasts = shallowRef<Toast[]>([]);

  function close(key: string): void {
    toasts.value = toasts.value.filter((toast) => toast.key !== key);
  }
  function show(toast: Toast): void {
    toasts.value = [...toasts.value.filter((other) => other.key !== toast.key), toast].slice(-maxShown);
    if (toast.kind !== 'error') setTimeout(() => close(toast.key), shownMs);
  }
  return {
    toasts,
    close,
    showError: (error: ErrorView, key: string) => show({ key, kind: 'error', text: '', error, link: null }),
    showOk: (text: string, link: Toast['link'] = null) => show({ key: text, kind: 'ok', text, error: null, link }),
    showInfo: (text: string, link: Toast['link'] = null) => show({ key: text, kind: 'info', text, error: null, link }),
  };
});
