/** Words for the values that the lists and dialogs of Images share. */
import type { Architecture } from '../../../shared/model/flavor.ts';
import type { DesktopImageVersion, FileType } from '../../../shared/model/desktop-image.ts';
import type { OsIdentity } from '../../../shared/model/os.ts';
import type { SourceVm } from '../../../shared/model/source-vm.ts';
import type { TextKey } from '../../i18n.ts';
import type { Texts } from '../../composables/use-text.ts';

export const architectures: readonly { value: Architecture; title: TextKey }[] = [
  { value: 'vdi', title: 'images.architecture.vdi' },
  { value: 'idv', title: 'images.architecture.idv' },
  { value: 'voi', title: 'images.architecture.voi' },
  { value: 'tci', title: 'images.architecture.tci' },
];

export const fileTypes: readonly { value: FileType; title: string }[] = [
  { value: 'qcow2', title: 'QCOW2' },
  { value: 'vhd', title: 'VHD' },
];

/** `Ubuntu 24.04.1 LTS`, or the family where no name is known. */
export function osText(os: Pick<OsIdentity, 'name' | 'family'>, { t }: Pick<Texts, 't'>): string {
  return os.name ?? t(`images.os.${os.family}`);
}

export function fileTypeText(version: Pick<DesktopImageVersion, 'fileType' | 'vhdVariant'>, { t }: Pick<Texts, 't'>): string {
  return version.fileType === 'qcow2' ? t('images.desktop.fileType.qcow2') : t(`images.desktop.fileType.vhd.${version.vhdVariant ?? 'dynamic'}`);
}

export function configureText(version: Pick<DesktopImageVersion, 'configure' | 'flavorName'>, { t }: Pick<Texts, 't'>): string {
  if (version.configure === null) return t('images.configure.none');
  if (version.configure.kind === 'general') return t('images.configure.general');
  return t('images.configure.dedicated', { flavor: version.flavorName ?? version.configure.flavorId });
}

/** `qcow2, vhd`: the formats of all disks, each once. */
export function diskFormats(vm: Pick<SourceVm, 'disks'>): string {
  return [...new Set(vm.disks.map(({ format }) => format ?? '?'))].join(', ');
}
