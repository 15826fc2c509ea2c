import type { accessEn } from '../en/access.ts';

export const accessZh: Record<keyof typeof accessEn, string> = {
  FILE_GRANT_UNKNOWN: '该文件选择已失效。请重新选择文件。',
  HOST_UNREACHABLE: 'Goldpress 没有响应。请确认它仍在运行；本页面会自动重新连接。',
};
