import type { systemEn } from '../en/system.ts';

export const systemZh: Record<keyof typeof systemEn, string> = {
  INTERNAL: 'Goldpress 内部出错。日志中以 {correlationId} 记录了详情。',
  INPUT_INVALID: '请求格式不正确：{problems}',
  COMMAND_UNKNOWN: '没有命令“{command}”。可用 `goldpress commands` 列出全部命令。',
  NOT_FOUND: '{what}“{id}”已不存在，或从未存在。请刷新列表。',
  AMBIGUOUS: '“{name}”对应多个对象：{candidates}。请使用 ID。',
  ABORTED: '已按要求停止。',
  TIMED_OUT: '{what}在 {limitSeconds} 内没有响应。',
  INPUT_TOO_LARGE: '请求超过 Goldpress 可读取的上限（1 MiB），或嵌套过深。请分次发送。',
  QUIT_RUNNING: '有任务正在运行：{count}',
  QUIT_RUNNING_DETAIL: '两种选择都不会丢失任何内容：暂停的任务会在下次启动时从中断处继续。',
  QUIT_KEEP_RUNNING: '关闭窗口，继续运行',
  QUIT_PAUSE: '暂停并退出',
  QUIT_CANCEL: '取消',
};
