import type { inspectionEn } from '../en/inspection.ts';

export const inspectionZh: Record<keyof typeof inspectionEn, string> = {
  SAMPLE_SITE_FAILED: '无法在 {directory} 中创建示例站点。请确认该文件夹可写且有 100 MB 可用空间，然后重试。',
  SAMPLE_SITE_NOT_REMOVED: '未能完全删除 {directory} 中的示例站点。请关闭正在使用其中文件的程序，然后再次删除。',
};
