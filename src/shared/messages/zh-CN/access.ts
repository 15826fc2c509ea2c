import type { accessEn } from '../en/access.ts';

export const accessZh: Record<keyof typeof accessEn, string> = {
};
