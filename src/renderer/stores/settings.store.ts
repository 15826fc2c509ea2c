/** The person's choices for the window: language, theme, zoom, columns. The core keeps them; this mirrors and applies them. */
import { defineStore } from 'pinia';
import { inject, ref, shallowRef, watchEffect } from 'vue';
import type { CommandOutput } from '../../shared/contract/commands.ts';
import { useClient } from '../api/client.ts';
import { toErrorView } from '../api/error-view.ts';
import { composerKey, systemLocale } from '../i18n.ts';
import { useToasts } from './toasts.store.ts';

export type WindowSettings = CommandOutput<'settings.get'>;

export const zoomSteps = [0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3] as const;

const saveDelayMs = 400;

/** The last address is kept beside the column choices: the contract has one place for what the window remembers. */
const placeKey = 'window.place';

export const useSettings = defineStore('settings', () => {
  const client = useClient();
  const toasts = useToasts();
  const composer = inject(composerKey);

  const locale = ref<WindowSettings['locale']>('system');
  const theme = ref<WindowSettings['theme']>('system');
  const zoom = ref(1);
  const hasNotices = ref(true);
  const grids = shallowRef<WindowSettings['grids']>({});
  const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
  const isSystemDark = ref(systemDark.matches);
  systemDark.addEventListener('change', (event) => (isSystemDark.value = event.matches));

  let pending: Partial<WindowSettings> = {};
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function load(): Promise<void> {
    const settings = await client.call('settings.get', {});
    locale.value = settings.locale;
    theme.value = settings.theme;
    zoom.value = settings.zoom;
    hasNotices.value = settings.hasNotices;
    grids.value = settings.grids;
  }

  async function flush(): Promise<void> {
    timer = null;
    const changes = pending;
    pending = {};
    try {
      await client.call('settings.set', changes);
    } catch (error) {
      toasts.showError(toErrorView(error), 'settings.set');
    }
  }

  /** Applied at once, saved a moment later: dragging a column edge is one write. */
  function save(changes: Partial<WindowSettings>): void {
    pending = { ...pending, ...changes, ...(changes.grids === undefined ? {} : { grids: { ...pending.grids, ...changes.grids } }) };
    timer ??= setTimeout(() => void flush(), saveDelayMs);
  }

  function setZoom(value: number): void {
    zoom.value = Math.min(3, Math.max(0.5, value));
    save({ zoom: zoom.value });
  }

  watchEffect(() => {
    const language = locale.value === 'system' ? systemLocale() : locale.value;
    if (composer !== undefined) composer.locale.value = language;
    document.documentElement.lang = language;
  });
  watchEffect(() => {
    const isDark = theme.value === 'dark' || (theme.value === 'system' && isSystemDark.value);
    document.documentElement.classList.toggle('dark', isDark);
  });
  watchEffect(() => {
    document.body.style.setProperty('zoom', String(zoom.value));
    document.documentElement.style.setProperty('--gp-zoom', String(zoom.value));
  });
  client.on('settings.changed', () => {
    // Our own unsaved choices are newer than what the core has.
    if (timer === null) void load().catch((error: unknown) => toasts.showError(toErrorView(error), 'settings.get'));
  });

  return {
    locale,
    theme,
    zoom,
    hasNotices,
    grids,
    load,
    setZoom,
    /** One step in (+1) or out (-1), or back to 100 % (0). */
    stepZoom(direction: -1 | 0 | 1): void {
      if (direction === 0) setZoom(1);
      else if (direction > 0) setZoom(zoomSteps.find((step) => step > zoom.value + 0.001) ?? zoom.value);
      else setZoom(zoomSteps.findLast((step) => step < zoom.value - 0.001) ?? zoom.value);
    },
    setLocale(value: WindowSettings['locale']): void {
      locale.value = value;
      save({ locale: value });
    },
    setTheme(value: WindowSettings['theme']): void {
      theme.value = value;
      save({ theme: value });
    },
    setNotices(value: boolean): void {
      hasNotices.value = value;
      save({ hasNotices: value });
    },
    /** The address that the window was left at, or null. */
    lastPlace(): string | null {
      const stored = grids.value[placeKey];
      return typeof stored === 'string' && stored.startsWith('/') ? stored : null;
    },
    setPlace(path: string): void {
      if (grids.value[placeKey] === path) return;
      grids.value = { ...grids.value, [placeKey]: path };
      save({ grids: { [placeKey]: path } });
    },
    setGrid(gridId: string, choice: WindowSettings['grids'][string]): void {
      grids.value = { ...grids.value, [gridId]: choice };
      save({ grids: { [gridId]: choice } });
    },
  };
});
