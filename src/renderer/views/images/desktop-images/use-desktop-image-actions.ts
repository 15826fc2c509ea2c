/** What can be done with one version of a desktop image, as actions with reasons. */
import { shallowRef, type ShallowRef } from 'vue';
import { useClient } from '../../../api/client.ts';
import { defineAction, type Action } from '../../../composables/use-action.ts';
import { useResource } from '../../../composables/use-resource.ts';
import { useText } from '../../../composables/use-text.ts';
import { useToasts } from '../../../stores/toasts.store.ts';
import type { DesktopImage, DesktopImageVersion } from '../../../../shared/model/desktop-image.ts';
import type { PlanRequest } from '../../plan/use-plan.ts';

export interface VersionContext {
  image: DesktopImage;
  version: DesktopImageVersion;
}

export type DesktopImageDialog = { kind: 'plan'; request: PlanRequest } | ({ kind: 'copy' | 'new-source-vm' } & VersionContext);

export interface DesktopImageActions {
  verify: Action<VersionContext>;
  copy: Action<VersionContext>;
  newSourceVm: Action<VersionContext>;
  reveal: Action<VersionContext>;
  copyId: Action<VersionContext>;
  removeVersion: Action<VersionContext>;
  removeImage: Action<VersionContext>;
  dialog: ShallowRef<DesktopImageDialog | null>;
}

export function useDesktopImageActions(): DesktopImageActions {
  const client = useClient();
  const toasts = useToasts();
  const { t, canRun } = useText();
  const dialog = shallowRef<DesktopImageDialog | null>(null);
  const info = useResource({ key: 'system.info', fetch: (caller, signal) => caller.call('system.info', {}, { signal }), refetchOn: ['system.changed'] });

  const plan = (request: PlanRequest) => {
    dialog.value = { kind: 'plan', request };
  };
  const remove = (id: string, title: 'images.desktop.delete' | 'images.desktop.deleteVersion', isWhole: boolean) =>
    defineAction<VersionContext>({
      id,
      title: () => t(title),
      isDanger: true,
      canRun: ({ image }) => canRun(image.actions.remove),
      run: ({ image, version }) => plan({ type: 'desktop-image.delete', desktopImageId: image.id, versionId: isWhole ? null : version.id }),
    });

  return {
    dialog,
    verify: defineAction<VersionContext>({
      id: 'desktopImage.verify',
      title: () => t('images.desktop.verify'),
      canRun: ({ image }) => canRun(image.actions.verify),
      run: ({ version }) => plan({ type: 'desktop-image.verify', versionId: version.id }),
    }),
    copy: defineAction<VersionContext>({
      id: 'desktopImage.copy',
      title: () => t('images.desktop.copy'),
      canRun: ({ image }) => canRun(image.actions.copy),
      run: (context) => {
        dialog.value = { kind: 'copy', ...context };
      },
    }),
    newSourceVm: defineAction<VersionContext>({
      id: 'desktopImage.newSourceVm',
      title: () => t('images.desktop.newSourceVm'),
      canRun: ({ image }) => canRun(image.actions.newSourceVm),
      run: (context) => {
        dialog.value = { kind: 'new-source-vm', ...context };
      },
    }),
    reveal: defineAction<VersionContext>({
      id: 'desktopImage.reveal',
      title: () => t('images.desktop.reveal'),
      canRun: () => info.data.value?.canReveal !== false || t('images.desktop.revealUnavailable'),
      run: ({ version }) => client.call('desktopImages.reveal', { versionId: version.id }),
    }),
    copyId: defineAction<VersionContext>({
      id: 'desktopImage.copyId',
      title: () => t('images.copyId'),
      canRun: () => true,
      run: async ({ image }) => {
        await navigator.clipboard.writeText(image.id);
        toasts.showOk(t('images.copied'));
      },
    }),
    removeVersion: remove('desktopImage.deleteVersion', 'images.desktop.deleteVersion', false),
    removeImage: remove('desktopImage.delete', 'images.desktop.delete', true),
  };
}
