import type { readinessEn } from '../en/readiness.ts';

export const readinessZh: Record<keyof typeof readinessEn, string> = {
  READY_SOURCE_DISK: '在系统磁盘上发现',
  READY_SOURCE_DISK_FILE: '磁盘 {disk}',
  READY_SOURCE_DEFINITION: '虚拟机的定义',
  READY_SOURCE_BOOT: '虚拟机的定义及其磁盘上的引导程序',

  READY_RUNNING: '虚拟机正在运行或处于挂起状态。正在使用的磁盘无法发布：读出的数据会前后不一致。',
  READY_POWER_UNKNOWN: '无法得知虚拟机是否正在运行。读取磁盘时会留意其是否发生变化。',
  READY_FIX_SHUT_DOWN: '请在虚拟机的操作系统内正常关机，然后刷新。',

  READY_NO_SYSTEM_DISK: '虚拟机没有可引导的磁盘，因此没有可发布的内容。',
  READY_FIX_ATTACH_DISK: '请为虚拟机挂载系统磁盘，然后刷新。',
  READY_NOT_INSPECTED: '尚未检查该磁盘，因此不知道它能否启动。',
  READY_FIX_CHECK: '请检查该虚拟机：检查时会读取并评估其磁盘。',
  READY_FURTHER_DISK: '磁盘 {disk} 是附加磁盘。发布时只包含系统磁盘。',

  READY_BOOT_MODE_UNKNOWN: '虚拟机及其磁盘都没有说明使用 BIOS 还是 UEFI 启动。若云桌面使用另一种模式，将无法启动。',
  READY_BOOT_MODE_FROM_DISK: '虚拟机没有说明启动模式。其磁盘只能以 {mode} 启动，因此将按此模式发布。',
  READY_BOOT_MODE_MISMATCH: '虚拟机设置为 {mode}，但其磁盘只能以 {diskMode} 启动。由此创建的云桌面将无法启动。',
  READY_DISK_DOES_NOT_BOOT: '磁盘上没有找到可以用 {mode} 启动的内容。由此创建的云桌面可能无法启动。',
  READY_NO_FALLBACK_LOADER: '磁盘通过 {loader} 启动，而只有这台虚拟机的固件记得它。缺少 /EFI/BOOT/BOOTX64.EFI 时，在其他机器上可能无法启动。',
  READY_FIX_SET_BOOT_MODE: '将虚拟机设为 {mode}',
  READY_FIX_SET_BOOT_MODE_BY_HAND: '请在平台上将虚拟机的启动模式设为 {mode}。若平台无法修改，请用此磁盘创建一台 {mode} 虚拟机并另存。',
  READY_FIX_SAY_BOOT_MODE: '请阅读随镜像提供的创建说明，并在虚拟机的定义中设置启动模式。',
  READY_FIX_CHECK_BOOT_LOADER: '请启动一次虚拟机，确认能否引导；若不能，请修复其引导程序。',
  READY_FIX_FALLBACK_LOADER: '请在虚拟机内将引导程序复制到 EFI 系统分区的 /EFI/BOOT/BOOTX64.EFI（Linux：grub-install --removable；Windows：bcdboot）。',

  READY_VIDEO_CIRRUS: '显卡为 cirrus，这是禁止使用的：云桌面会很慢，有些甚至没有画面。',
  READY_VIDEO_OTHER: '显卡为 {model}。镜像的显卡必须设为 virtio。',
  READY_VIDEO_UNKNOWN: '显卡未知。镜像的显卡必须设为 virtio。',
  READY_FIX_SET_VIDEO: '将显卡设为 virtio',
  READY_FIX_SET_VIDEO_BY_HAND: '请在平台上将虚拟机的显卡设为 virtio。',

  READY_BITLOCKER: '磁盘已用 BitLocker 加密。由此制作的镜像在其他机器上无法解锁。',
  READY_LUKS: '磁盘已用 LUKS 加密。由此制作的镜像每次启动都会要求输入密码，也无法检查。',
  READY_FORMAT_ENCRYPTED: '磁盘文件本身已加密，无法读取。',
  READY_FIX_DECRYPT: '请在虚拟机内解除加密，等待完成后关机，再重新检查。',
  READY_NO_VIRTIO_STORAGE: '此磁盘上的 Windows 没有随系统启动加载的 virtio 存储驱动。在使用 virtio 磁盘的平台上会蓝屏（INACCESSIBLE_BOOT_DEVICE）。',
  READY_VIRTIO_STORAGE_UNKNOWN: '无法判断此磁盘上的 Windows 是否会在启动时加载 virtio 存储驱动。',
  READY_FIX_VIRTIO_STORAGE: '请在虚拟机内安装 virtio 驱动（viostor 或 vioscsi），从 virtio 磁盘启动一次，然后关机。',
  READY_INTERNAL_SNAPSHOTS: '磁盘文件内部含有 {count} 个快照。发布的是当前状态，不包含这些快照。',

  READY_BARE_DISK: '这里只有一个磁盘文件，没有虚拟机的描述。显示的内容来自对磁盘的检查。',
  READY_OS_UNKNOWN: '无法判断操作系统。它决定 VOI 的文件类型。',
  READY_FIX_SAY_OS: '请在发布对话框中指明操作系统。',
};
