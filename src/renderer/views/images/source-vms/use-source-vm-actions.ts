/** What can be done with one image source VM, as actions with reasons; the open dialog is state of the page that uses them. */
import { DocumentCopy, Edit, Refresh } from '@element-plus/icons-vue';
import { shallowRef, type ShallowRef } from 'vue';
import { useClient } from '../../../api/client.ts';
import { defineAction, type Action } from '../../../composables/use-action.ts';
import { useText } from '../../../composables/use-text.ts';
import { useToasts } from '../../../stores/toasts.store.ts';
import type { SourceVm } from '../../../../shared/model/source-vm.ts';

export type SourceVmDialog = { kind: 'clone' | 'convert' | 'edit' | 'snapshot'; vm: SourceVm };

export interface SourceVmActions {
  clone: Action<SourceVm>;
  convert: Action<SourceVm>;
  edit: Action<SourceVm>;
  /** For the row's menu. */
  more: readonly Action<SourceVm>[];
  snapshot: Action<SourceVm>;
  check: Action<SourceVm>;
  dialog: ShallowRef<SourceVmDialog | null>;
}

export function useSourceVmActions(): SourceVmActions {
  const client = useClient();
  const toasts = useToasts();
  const { t, canRun } = useText();
  const dialog = shallowRef<SourceVmDialog | null>(null);
  const open = (kind: SourceVmDialog['kind']) => (vm: SourceVm) => {
    dialog.value = { kind, vm };
  };

  const clone = defineAction<SourceVm>({
    id: 'sourceVm.clone', title: () => t('images.sourceVm.clone'), canRun: (vm) => canRun(vm.actions.clone), run: open('clone'),
  });
  const convert = defineAction<SourceVm>({
    id: 'sourceVm.convert', title: () => t('images.sourceVm.convert'), canRun: (vm) => canRun(vm.actions.convert), run: open('convert'),
  });
  const edit = defineAction<SourceVm>({
    id: 'sourceVm.edit', title: () => t('images.edit'), icon: Edit, canRun: (vm) => canRun(vm.actions.edit), run: open('edit'),
  });
  const snapshot = defineAction<SourceVm>({
    id: 'sourceVm.snapshot', title: () => t('images.snapshot.create'), canRun: (vm) => canRun(vm.actions.snapshot), run: open('snapshot'),
  });
  const check = defineAction<SourceVm>({
    id: 'sourceVm.check',
    title: () => t('images.sourceVm.check'),
    icon: Refresh,
    canRun: () => true,
    run: async (vm) => {
      await client.call('sourceVms.check', { id: vm.id });
      toasts.showOk(t('images.sourceVm.checked', { name: vm.name }));
    },
  });
  const copyId = defineAction<SourceVm>({
    id: 'sourceVm.copyId',
    title: () => t('images.copyId'),
    icon: DocumentCopy,
    canRun: () => true,
    run: async (vm) => {
      await navigator.clipboard.writeText(vm.id);
      toasts.showOk(t('images.copied'));
    },
  });
  return { clone, convert, edit, snapshot, check, more: [snapshot, check, copyId], dialog };
}
