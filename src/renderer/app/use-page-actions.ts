/** The pages and the window's own choices, as actions of the palette. */
import { useRouter } from 'vue-router';
import { defineAction, usePaletteActions } from '../composables/use-action.ts';
import { useText } from '../composables/use-text.ts';
import type { TextKey } from '../i18n.ts';
import { usePlaces } from '../stores/places.store.ts';
import { useSettings } from '../stores/settings.store.ts';

const pages: readonly [string, TextKey, string][] = [
  ['images.vdi', 'app.nav.vdiImages', 'G V'],
  ['images.desktop', 'app.nav.desktopImages', 'G D'],
  ['images.source-vms', 'app.nav.sourceVms', 'G S'],
  ['images.pools', 'app.nav.imagePools', 'G O'],
  ['images.flavors', 'app.nav.flavors', 'G F'],
  ['platforms', 'app.nav.platforms', 'G P'],
  ['disks.inspect', 'disks.title', 'G I'],
  ['tasks', 'app.nav.tasks', 'G T'],
  ['settings', 'app.nav.settings', 'G ,'],
];

export function usePageActions(): void {
  const { t } = useText();
  const router = useRouter();
  const places = usePlaces();
  const settings = useSettings();

  usePaletteActions(
    () => t('app.palette.pages'),
    pages.map(([name, title, shortcut]) =>
      defineAction({ id: `page.${name}`, title: () => t(title), canRun: () => true, run: () => router.push(places.to(name)), shortcut }),
    ),
  );
  const themes = ['system', 'light', 'dark'] as const;
  usePaletteActions(
    () => t('app.palette.window'),
    [
      ...themes.map((theme) =>
        defineAction({
          id: `theme.${theme}`,
          title: () => t('app.palette.theme', { theme: t(`settings.theme.${theme}`) }),
          canRun: () => settings.theme !== theme || t('app.palette.alreadyChosen'),
          run: () => settings.setTheme(theme),
        }),
      ),
      defineAction({ id: 'locale.en', title: () => 'English', canRun: () => true, run: () => settings.setLocale('en') }),
      defineAction({ id: 'locale.zh', title: () => '简体中文', canRun: () => true, run: () => settings.setLocale('zh-CN') }),
    ],
  );
}
