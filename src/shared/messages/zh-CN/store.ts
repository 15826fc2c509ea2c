import type { storeEn } from '../en/store.ts';

export const storeZh: Record<keyof typeof storeEn, string> = {
};
