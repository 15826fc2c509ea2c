import type { accessEn } from '../en/access.ts';

export const accessZh: Record<keyof typeof accessEn, string> = {
  FILE_GRANT_UNKNOWN: '该文件选择已失效。请重新选择文件。',
};
