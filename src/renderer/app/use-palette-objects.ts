/**
 * Objects by typing in the palette: VMs, VDI images, desktop images and tasks from the core, platforms from what the window has. Asked
 * a moment after the last key; what was asked before is cancelled, and its results stay until the new ones are there.
 */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue';
import { useRouter } from 'vue-router';
import { isAbort } from '../api/error-view.ts';
import { useClient } from '../api/client.ts';
import { defineAction, type Action } from '../composables/use-action.ts';
import { useText } from '../composables/use-text.ts';
import { usePlatforms } from '../stores/platforms.store.ts';

export interface PaletteObjects {
  group: string;
  actions: Action[];
}

/** Of each kind; the lists show more. */
const shownOfEach = 5;
const typingPauseMs = 40;
/** One letter is in nearly every name. A Chinese character is a word. */
const isSearchable = (text: string): boolean => text.length > 1 || /\p{Script=Han}/u.test(text);

/** @param text what is typed; empty while the palette is closed */
export function usePaletteObjects(text: () => string): ShallowRef<readonly PaletteObjects[]> {
  const { t, say } = useText();
  const client = useClient();
  const router = useRouter();
  const platforms = usePlatforms();
  const found = shallowRef<readonly PaletteObjects[]>([]);
  let asked = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = (route: string, id: string, title: string): Action =>
    defineAction({ id: `${route}.open ${id}`, title: () => title, canRun: () => true, run: () => router.push({ name: route, params: { id } }) });

  async function search(filter: string, signal: AbortSignal): Promise<void> {
    const query = { filter, limit: shownOfEach };
    const words = filter.toLowerCase().split(/\s+/);
    const named = platforms.platforms.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word))).slice(0, shownOfEach);
    // One list that cannot be read leaves the others: the palette is no place for an error.
    const rowsOf = async <T>(answer: Promise<{ rows: readonly T[] }>): Promise<readonly T[]> =>
      answer.then(({ rows }) => rows, (failure: unknown) => {
        if (!isAbort(failure)) console.error(failure);
        return [];
      });
    const [vms, images, desktopImages, tasks] = await Promise.all([
      rowsOf(client.call('sourceVms.list', query, { signal })),
      rowsOf(client.call('images.list', { ...query, scope: 'all' }, { signal })),
      rowsOf(client.call('desktopImages.list', query, { signal })),
      rowsOf(client.call('tasks.list', query, { signal })),
    ]);
    if (signal.aborted) return;
    const groups: PaletteObjects[] = [
      { group: t('app.nav.sourceVms'), actions: vms.map(({ id, name }) => open('images.source-vm', id, name)) },
      { group: t('app.nav.vdiImages'), actions: images.map(({ id, name }) => open('images.vdi-image', id, name)) },
      { group: t('app.nav.desktopImages'), actions: desktopImages.map(({ id, name }) => open('images.desktop-image', id, name)) },
      { group: t('app.nav.platforms'), actions: named.map(({ id, name }) => open('platform', id, name)) },
      { group: t('app.nav.tasks'), actions: tasks.map(({ id, title }) => open('task', id, say(title))) },
    ];
    found.value = groups.filter(({ actions }) => actions.length > 0);
  }

  watch(text, (typed) => {
    clearTimeout(timer);
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    const filter = typed.trim();
    if (!isSearchable(filter)) found.value = [];
    else timer = setTimeout(() => void search(filter, signal), typingPauseMs);
  });
  onScopeDispose(() => {
    clearTimeout(timer);
    asked.abort();
  });
  return found;
}
