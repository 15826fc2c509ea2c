import type { disksEn } from '../en/disks.ts';

export const disksZh: Record<keyof typeof disksEn, string> = {
};
