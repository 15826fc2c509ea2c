import type { inspectionEn } from '../en/inspection.ts';

export const inspectionZh: Record<keyof typeof inspectionEn, string> = {
};
