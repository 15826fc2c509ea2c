import type { publishEn } from '../en/publish.ts';

export const publishZh: Record<keyof typeof publishEn, string> = {
};
