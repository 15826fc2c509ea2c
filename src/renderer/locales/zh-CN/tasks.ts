/** 任务页面和任务面板的文字。 */
import type { tasks as en } from '../en/tasks.ts';

export const tasks: Record<keyof typeof en, string> = {
  'tasks.bytes': '{done} / {total}',
  'tasks.cancel': '取消任务',
  'tasks.left': '剩余 {time}',
  'tasks.rate': '{rate}/秒',
  'tasks.resume': '继续',
  'tasks.status.cancelled': '已取消',
  'tasks.status.cancelling': '正在取消',
  'tasks.status.compensating': '正在撤销',
  'tasks.status.failed': '失败',
  'tasks.status.interrupted': '已中断',
  'tasks.status.needs-attention': '需要处理',
  'tasks.status.queued': '排队中',
  'tasks.status.running': '运行中',
  'tasks.status.succeeded': '成功',
  'tasks.status.waiting': '等待您的决定',
};
