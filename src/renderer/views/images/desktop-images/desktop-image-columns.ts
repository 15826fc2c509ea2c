/** Columns of the desktop images: the image and its current version. */
import type { DesktopImage } from '../../../../shared/model/desktop-image.ts';
import type { GridColumn } from '../../../components/grid/grid-types.ts';
import type { Texts } from '../../../composables/use-text.ts';
import { configureText, fileTypeText, osText } from '../labels.ts';

export function desktopImageColumns(texts: Texts): GridColumn<DesktopImage>[] {
  const { t, bytes, time } = texts;
  return [
    { key: 'name', title: t('images.name'), width: 220, grow: 2, isSortable: true, isRequired: true, pin: 'start', text: (row) => row.name },
    { key: 'version', title: t('images.desktop.version'), width: 84, isSortable: true, align: 'end', text: (row) => String(row.current.number) },
    { key: 'architecture', title: t('images.architecture'), width: 124, isSortable: true, text: (row) => t(`images.architecture.${row.architecture}`) },
    { key: 'fileType', title: t('images.desktop.fileType'), width: 124, isSortable: true, text: (row) => fileTypeText(row.current, texts) },
    { key: 'configure', title: t('images.configure'), width: 150, grow: 1, text: (row) => configureText(row.current, texts) },
    { key: 'os', title: t('images.os'), width: 160, grow: 1, text: (row) => osText(row.current.os, texts) },
    { key: 'pool', title: t('images.pool'), width: 130, isSortable: true, text: (row) => row.poolName },
    {
      key: 'actualBytes',
      title: t('images.size'),
      width: 150,
      isSortable: true,
      align: 'end',
      text: ({ current }) => t('images.disks.actual', { actual: bytes(current.actualBytes), virtual: bytes(current.virtualBytes) }),
    },
    { key: 'source', title: t('images.desktop.sourceVm'), width: 150, text: (row) => row.current.source.vmName },
    { key: 'publishedBy', title: t('images.desktop.publishedBy'), width: 90, isSortable: true, text: (row) => row.current.publishedBy },
    { key: 'publishedAt', title: t('images.desktop.publishedAt'), width: 150, isSortable: true, text: (row) => time(row.current.publishedAt) },
    { key: 'actions', title: t('images.actions'), width: 84, isRequired: true, pin: 'end' },
  ];
}
