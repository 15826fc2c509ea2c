import type { readinessEn } from '../en/readiness.ts';

export const readinessZh: Record<keyof typeof readinessEn, string> = {
};
