/** What can be done with a platform, for its row, its page and the palette. */
import { CircleClose, Connection, Delete, Edit, Refresh } from '@element-plus/icons-vue';
import type { CommandOutput } from '../../../shared/contract/commands.ts';
import type { Platform } from '../../../shared/model/platform.ts';
import { useClient } from '../../api/client.ts';
import { defineAction, type Action } from '../../composables/use-action.ts';
import { useText } from '../../composables/use-text.ts';
import { usePlatforms } from '../../stores/platforms.store.ts';
import { useToasts } from '../../stores/toasts.store.ts';

/** The dialogs that some actions open: what `PlatformDialogs` exposes to its page. */
export interface PlatformDialogOpeners {
  edit: (platform: Platform) => unknown;
  test: (platform: Platform) => unknown;
  remove: (platform: Platform) => unknown;
}

export interface PlatformActions {
  sync: Action<Platform>;
  cancelSync: Action<Platform>;
  test: Action<Platform>;
  edit: Action<Platform>;
  remove: Action<Platform>;
  syncAll: Action;
  createSample: Action;
}

/** Only inside `setup`. */
export function usePlatformActions(dialogs: PlatformDialogOpeners): PlatformActions {
  const { t } = useText();
  const client = useClient();
  const toasts = useToasts();
  const platforms = usePlatforms();

  function tell(results: CommandOutput<'platforms.sync'>): void {
    const sum = (key: 'seen' | 'added' | 'changed' | 'missing') => results.reduce((total, result) => total + result[key], 0);
    const bad = results.filter(({ status }) => status !== 'ok').length;
    if (bad > 0) toasts.showInfo(t('platforms.syncIncomplete', { count: bad }), { text: t('app.nav.platforms'), to: '/platforms' });
    else toasts.showOk(t('platforms.syncDone', { seen: sum('seen'), added: sum('added'), changed: sum('changed'), missing: sum('missing') }));
  }

  return {
    sync: defineAction<Platform>({
      id: 'platforms.sync',
      title: () => t('platforms.sync'),
      icon: Refresh,
      canRun: ({ health }) => !health.isSyncing || t('platforms.isSyncing'),
      run: async ({ id }) => tell(await client.call('platforms.sync', { id })),
    }),
    cancelSync: defineAction<Platform>({
      id: 'platforms.cancelSync',
      title: () => t('platforms.cancelSync'),
      icon: CircleClose,
      canRun: ({ health }) => health.isSyncing || t('platforms.isNotSyncing'),
      run: ({ id }) => client.call('platforms.cancelSync', { id }),
    }),
    test: defineAction<Platform>({ id: 'platforms.test', title: () => t('platforms.test'), icon: Connection, canRun: () => true, run: dialogs.test }),
    edit: defineAction<Platform>({ id: 'platforms.edit', title: () => t('platforms.edit'), icon: Edit, canRun: () => true, run: dialogs.edit }),
    remove: defineAction<Platform>({
      id: 'platforms.remove',
      title: ({ isSample }) => t(isSample ? 'platforms.removeSample' : 'platforms.remove'),
      icon: Delete,
      canRun: () => true,
      run: dialogs.remove,
      isDanger: true,
    }),
    syncAll: defineAction({
      id: 'platforms.syncAll',
      title: () => t('platforms.syncAll'),
      icon: Refresh,
      canRun: () => platforms.platforms.length > 0 || t('platforms.noneToSync'),
      run: async () => tell(await client.call('platforms.sync', { id: null })),
    }),
    createSample: defineAction({
      id: 'sampleSite.create',
      title: () => t('platforms.createSample'),
      canRun: () => !platforms.platforms.some(({ isSample }) => isSample) || t('platforms.hasSample'),
      run: async () => {
        await client.call('sampleSite.create', {});
        toasts.showOk(t('platforms.sampleCreated'));
      },
    }),
  };
}
