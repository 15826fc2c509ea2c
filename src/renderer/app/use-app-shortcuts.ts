/** The keys of the whole window. The help page (`?`) shows this same list. */
import { useRouter } from 'vue-router';
import { isDialogOpen, isTyping, useShortcuts } from '../composables/use-shortcuts.ts';
import type { TextKey } from '../i18n.ts';
import { usePlaces } from '../stores/places.store.ts';
import { useSettings } from '../stores/settings.store.ts';

/** After `g`, a second key within this time opens a page. */
const chordMs = 1200;

const pages: Record<string, string> = {
  v: 'images.vdi', d: 'images.desktop', s: 'images.source-vms', o: 'images.pools', f: 'images.flavors', p: 'platforms', i: 'disks.inspect', t: 'tasks', ',': 'settings',
};

export const shortcutHelp: readonly { group: TextKey; keys: readonly { keys: readonly string[]; text: TextKey }[] }[] = [
  {
    group: 'app.shortcuts.window',
    keys: [
      { keys: ['Ctrl', 'K'], text: 'app.palette.open' },
      { keys: ['/'], text: 'app.shortcuts.filter' },
      { keys: ['Ctrl', '+'], text: 'app.shortcuts.zoomIn' },
      { keys: ['Ctrl', '−'], text: 'app.shortcuts.zoomOut' },
      { keys: ['Ctrl', '0'], text: 'app.shortcuts.zoomReset' },
      { keys: ['?'], text: 'app.shortcuts.title' },
    ],
  },
  {
    group: 'app.shortcuts.pages',
    keys: [
      { keys: ['G', 'V'], text: 'app.nav.vdiImages' },
      { keys: ['G', 'D'], text: 'app.nav.desktopImages' },
      { keys: ['G', 'S'], text: 'app.nav.sourceVms' },
      { keys: ['G', 'O'], text: 'app.nav.imagePools' },
      { keys: ['G', 'F'], text: 'app.nav.flavors' },
      { keys: ['G', 'P'], text: 'app.nav.platforms' },
      { keys: ['G', 'I'], text: 'disks.title' },
      { keys: ['G', 'T'], text: 'app.nav.tasks' },
      { keys: ['G', ','], text: 'app.nav.settings' },
    ],
  },
  {
    group: 'app.shortcuts.lists',
    keys: [
      { keys: ['↑', '↓'], text: 'app.shortcuts.rows' },
      { keys: ['→', '←'], text: 'app.shortcuts.cells' },
      { keys: ['Enter'], text: 'app.shortcuts.open' },
      { keys: ['Space'], text: 'app.shortcuts.select' },
      { keys: ['Shift', '↓'], text: 'app.shortcuts.range' },
      { keys: ['Ctrl', 'A'], text: 'app.grid.selectAll' },
      { keys: ['Esc'], text: 'app.shortcuts.escape' },
    ],
  },
];

export function useAppShortcuts(open: { openPalette: () => void; openHelp: () => void }): void {
  const settings = useSettings();
  const router = useRouter();
  const places = usePlaces();
  let chordAt = 0;

  function withControl(event: KeyboardEvent): boolean {
    if (event.key.toLowerCase() === 'k') open.openPalette();
    else if (['+', '='].includes(event.key) || event.code === 'NumpadAdd') settings.stepZoom(1);
    else if (['-', '_'].includes(event.key) || event.code === 'NumpadSubtract') settings.stepZoom(-1);
    else if (event.key === '0' || event.code === 'Numpad0') settings.stepZoom(0);
    else return false;
    return true;
  }

  function alone(event: KeyboardEvent): boolean {
    if (isTyping(event.target) || isDialogOpen()) return false;
    const page = pages[event.key.toLowerCase()];
    if (Date.now() - chordAt < chordMs && page !== undefined) {
      chordAt = 0;
      void router.push(places.to(page));
      return true;
    }
    chordAt = event.key.toLowerCase() === 'g' ? Date.now() : 0;
    if (event.key !== '?') return chordAt > 0;
    open.openHelp();
    return true;
  }

  useShortcuts((event) => {
    if (event.defaultPrevented || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) ? withControl(event) : alone(event)) event.preventDefault();
  });
}
