import type { storeEn } from '../en/store.ts';

export const storeZh: Record<keyof typeof storeEn, string> = {
  STORE_CORRUPT: '数据库 {path} 已损坏，其内容未作任何更改。请关闭 Goldpress，保留此文件，并用旁边“backups”文件夹中最新的副本替换它。',
  STORE_CACHE_CORRUPT: '本地清单 {path} 已损坏。请重新启动 Goldpress：它会把该文件移到一旁，并重新从各平台读取清单，其他数据不会丢失。',
  STORE_CACHE_REBUILT: '本地清单无法使用，已移到 {path} 旁边。在重新同步各平台之前，清单为空。',
  STORE_FROM_FUTURE: '数据库 {path} 由更新版本的 Goldpress 写入（版本 {found}，当前程序最高支持 {known}）。请安装更新的 Goldpress，或选择其他数据目录。未作任何更改。',
  STORE_NOT_OURS: '文件 {path} 是数据库，但不是 Goldpress 的数据库，其内容未作任何更改。请移走该文件或选择其他数据目录。',
  STORE_DISK_FULL: '{path} 所在磁盘没有剩余空间，最近一次更改未保存。请释放空间后重试。',
  STORE_READ_ONLY: '无法写入数据库 {path}：文件或其所在磁盘为只读。请将其设为可写，或选择其他数据目录。',
  STORE_NO_ACCESS: '无法打开数据库 {path}。请确认文件夹存在且您有读写权限，或选择其他数据目录。',
  STORE_DISK_FAILED: '读写 {path} 时磁盘报告错误，最近一次更改未保存。请检查磁盘。',
  STORE_BUSY: '数据库正在进行另一项更改，请稍后重试。',
  STORE_CONFLICT: '此更改与已保存的内容冲突：内容已存在，或仍被其他内容引用。请刷新列表后重试。',
  STORE_SORT_UNKNOWN: '此列表不能按“{key}”排序。可用的排序项：{keys}。',
  STORE_FILTER_NOT_A_NUMBER: '筛选条件“{key}:{value}”需要数字，例如 {key}:40 或 {key}:>20GiB。',
  STORE_RUN_GONE: '数据库中已没有任务 {runId}，请刷新列表。',
  STORE_STOPPED: '数据库已关闭，请重新启动 Goldpress。',
};
