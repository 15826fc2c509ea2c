import type { platformsEn } from '../en/platforms.ts';

export const platformsZh: Record<keyof typeof platformsEn, string> = {
};
