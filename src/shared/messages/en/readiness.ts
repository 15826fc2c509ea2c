/** Sentences about whether a VM's image would boot where it is published to, and what to do when not. */
export const readinessEn = {
  READY_SOURCE_DISK: 'Found on the system disk',
  READY_SOURCE_DISK_FILE: 'The disk {disk}',
  READY_SOURCE_DEFINITION: 'The VM’s definition',
  READY_SOURCE_BOOT: 'The VM’s definition and the boot loaders on its disk',

  READY_RUNNING: 'The VM is running or suspended. A disk that is in use cannot be published: what is read would not fit together.',
  READY_POWER_UNKNOWN: 'It is not known whether the VM is running. The disk is watched for changes while it is read.',
  READY_FIX_SHUT_DOWN: 'Shut the VM down from inside its operating system, then refresh.',

  READY_NO_SYSTEM_DISK: 'The VM has no disk to boot from, so there is nothing to publish.',
  READY_FIX_ATTACH_DISK: 'Attach the system disk to the VM and refresh.',
  READY_NOT_INSPECTED: 'The disk has not been looked into yet, so it is not known whether it boots.',
  READY_FIX_CHECK: 'Check the VM: its disk is then read and judged.',
  READY_FURTHER_DISK: 'The disk {disk} is a further disk. Publishing takes the system disk only.',

  READY_BOOT_MODE_UNKNOWN: 'Neither the VM nor its disk tells whether it boots with BIOS or UEFI. A desktop with the other mode would not boot.',
  READY_BOOT_MODE_FROM_DISK: 'The VM does not say its boot mode. Its disk boots with {mode} only, so that is what is published.',
  READY_BOOT_MODE_MISMATCH: 'The VM is set to {mode}, but its disk boots with {diskMode} only. Desktops made from it would not boot.',
  READY_DISK_DOES_NOT_BOOT: 'Nothing was found on the disk that boots with {mode}. Desktops made from it may not boot.',
  READY_NO_FALLBACK_LOADER: 'The disk starts with {loader}, which only this VM’s firmware remembers. Without /EFI/BOOT/BOOTX64.EFI it may not start elsewhere.',
  READY_FIX_SET_BOOT_MODE: 'Set the VM to {mode}',
  READY_FIX_SET_BOOT_MODE_BY_HAND: 'Set the VM’s boot mode to {mode} on its platform. Where the platform cannot change it, create a VM with {mode} from this disk and save that one.',
  READY_FIX_SAY_BOOT_MODE: 'Read the instructions that came with the image, and set the boot mode in the VM’s definition.',
  READY_FIX_CHECK_BOOT_LOADER: 'Start the VM once to see whether it boots, and repair its boot loader if it does not.',
  READY_FIX_FALLBACK_LOADER: 'In the VM, copy the boot loader to /EFI/BOOT/BOOTX64.EFI on the EFI system partition (Linux: grub-install --removable; Windows: bcdboot).',

  READY_VIDEO_CIRRUS: 'The video card is cirrus, which is not allowed: desktops would be slow, and some would show no picture.',
  READY_VIDEO_OTHER: 'The video card is {model}. Images must be set to virtio.',
  READY_VIDEO_UNKNOWN: 'The video card is not known. Images must be set to virtio.',
  READY_FIX_SET_VIDEO: 'Set the video card to virtio',
  READY_FIX_SET_VIDEO_BY_HAND: 'Set the VM’s video card to virtio on its platform.',

  READY_BITLOCKER: 'The disk is encrypted with BitLocker. An image made from it cannot be unlocked on another machine.',
  READY_LUKS: 'The disk is encrypted with LUKS. An image made from it would ask for its passphrase at every start, and cannot be checked.',
  READY_FORMAT_ENCRYPTED: 'The disk file itself is encrypted and cannot be read.',
  READY_FIX_DECRYPT: 'Remove the encryption inside the VM, wait until it has ended, shut the VM down, and check again.',
  READY_NO_VIRTIO_STORAGE: 'Windows on this disk has no virtio storage driver that loads at start. On platforms with virtio disks it stops with a blue screen (INACCESSIBLE_BOOT_DEVICE).',
  READY_VIRTIO_STORAGE_UNKNOWN: 'It could not be told whether Windows on this disk loads a virtio storage driver at start.',
  READY_FIX_VIRTIO_STORAGE: 'Install the virtio drivers (viostor or vioscsi) in the VM, start it once from a virtio disk, and shut it down.',
  READY_INTERNAL_SNAPSHOTS: 'The disk file holds {count} snapshots inside. The present state is published, without them.',

  READY_BARE_DISK: 'There is only a disk file and no description of a VM. What is shown was found on the disk.',
  READY_OS_UNKNOWN: 'The operating system could not be told. It decides the file type for VOI.',
  READY_FIX_SAY_OS: 'Say in the publish dialog which operating system it is.',
};
