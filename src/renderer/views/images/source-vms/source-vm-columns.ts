/** Columns of the image source VMs. */
import type { SourceVm } from '../../../../shared/model/source-vm.ts';
import { isoTime, type GridColumn } from '../../../components/grid/grid-types.ts';
import type { Texts } from '../../../composables/use-text.ts';
import { diskFormats, osText } from '../labels.ts';

/** The first columns, up to the disks, fit beside the actions at 1280 px. */
export function sourceVmColumns(texts: Texts): GridColumn<SourceVm>[] {
  const { t, bytes, time } = texts;
  return [
    { key: 'name', title: t('images.name'), width: 204, grow: 2, isSortable: true, isRequired: true, pin: 'start', isReusable: true, text: (vm) => vm.name },
    { key: 'verdict', title: t('images.verdict'), width: 118, isSortable: true, isReusable: true, value: (vm) => vm.verdict },
    { key: 'platform', title: t('images.platform'), width: 98, isSortable: true, text: (vm) => vm.platformName },
    { key: 'os', title: t('images.os'), width: 146, grow: 1, isSortable: true, text: (vm) => osText(vm.os, texts) },
    { key: 'bootMode', title: t('images.bootMode'), width: 94, isSortable: true, text: (vm) => t(`images.bootMode.${vm.bootMode}`) },
    { key: 'videoModel', title: t('images.video'), width: 98, isSortable: true, text: (vm) => vm.videoModel ?? t('images.video.unknown') },
    { key: 'disks', title: t('images.disks'), width: 66, isSortable: true, text: diskFormats },
    {
      key: 'virtualBytes',
      title: t('images.size'),
      width: 150,
      isSortable: true,
      align: 'end',
      value: (vm) => vm.virtualBytes,
      text: (vm) =>
        vm.virtualBytes === null ? '–' : t('images.disks.actual', { actual: vm.actualBytes === null ? '–' : bytes(vm.actualBytes), virtual: bytes(vm.virtualBytes) }),
    },
    { key: 'powerState', title: t('images.power'), width: 90, isSortable: true, text: (vm) => t(`images.power.${vm.powerState}`) },
    { key: 'snapshots', title: t('images.snapshots'), width: 96, isSortable: true, align: 'end', text: (vm) => String(vm.snapshots.length) },
    {
      key: 'lastPublishedAt',
      title: t('images.lastPublished'),
      width: 150,
      isSortable: true,
      value: (vm) => isoTime(vm.lastPublishedAt),
      text: (vm) => (vm.lastPublishedAt === null ? t('images.lastPublished.never') : time(vm.lastPublishedAt)),
    },
    { key: 'project', title: t('images.project'), width: 120, isSortable: true, isHiddenByDefault: true, text: (vm) => vm.projectName ?? '–' },
    { key: 'status', title: t('images.status'), width: 110, isSortable: true, isHiddenByDefault: true, text: (vm) => vm.status ?? '–' },
    { key: 'addresses', title: t('images.addresses'), width: 130, isSortable: true, isHiddenByDefault: true, text: (vm) => vm.addresses.join(', ') || '–' },
    { key: 'vcpus', title: t('images.vcpus'), width: 70, align: 'end', isHiddenByDefault: true, text: (vm) => String(vm.vcpus ?? '–') },
    { key: 'memoryBytes', title: t('images.memory'), width: 90, align: 'end', isHiddenByDefault: true, value: (vm) => vm.memoryBytes, text: (vm) => (vm.memoryBytes === null ? '–' : bytes(vm.memoryBytes)) },
    { key: 'seenAt', title: t('images.seen'), width: 110, isSortable: true, isReusable: true, value: (vm) => isoTime(vm.seenAt) },
    { key: 'actions', title: t('images.actions'), width: 196, isRequired: true, isReusable: true, pin: 'end' },
  ];
}
