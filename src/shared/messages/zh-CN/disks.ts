import type { disksEn } from '../en/disks.ts';

export const disksZh: Record<keyof typeof disksEn, string> = {
  DISK_NOT_FOUND: '找不到磁盘文件 {path}。请检查所在驱动器是否已连接，以及文件是否已被移动。',
  DISK_NOT_READABLE: '没有读取磁盘文件 {path} 的权限（{reason}）。请为当前用户授予读取权限。',
  DISK_IN_USE: '磁盘文件 {path} 正被其他程序使用。请关闭该程序后重试。',
  DISK_READ_FAILED: '读取 {path} 失败（{reason}）。请检查所在驱动器。',
  DISK_NOT_A_FILE: '{path} 不是文件。请选择一个磁盘文件。',
  DISK_EMPTY: '磁盘文件 {path} 是空的。',
  DISK_TOO_LARGE: '磁盘 {path} 声称容量为 {sizeBytes}，超出本程序可处理的上限（64 TiB）。',
  DISK_TRUNCATED: '磁盘文件 {path} 不完整：位置 {position} 处的数据属于该磁盘，但不在文件中。文件很可能没有复制完整，请重新复制。',
  DISK_CHANGED: '读取过程中磁盘文件 {path} 发生了变化。请先关闭正在使用它的程序或虚拟机，然后重试。',
  DISK_NO_SPACE: '写入 {path} 的位置空间已满。请释放空间或选择其他位置。',
  DISK_TARGET_FILE_LIMIT: '该文件系统不允许像 {path} 这样大的文件（FAT32 的上限为 4 GiB）。请选择其他位置。',
  DISK_TARGET_EXISTS: '已存在名为 {path} 的文件，不会覆盖它。请换一个名称。',
  DISK_NOT_WRITABLE: '无法写入 {path}（{reason}）。请选择当前用户可写的位置。',
  DISK_TARGET_FOLDER_MISSING: '{path} 所在的文件夹不存在。请检查所在驱动器是否已连接。',
  DISK_WRITE_FAILED: '写入 {path} 失败（{reason}）。请检查所在驱动器。',
};
