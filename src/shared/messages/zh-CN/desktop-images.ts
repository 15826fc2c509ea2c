import type { desktopImagesEn } from '../en/desktop-images.ts';

export const desktopImagesZh: Record<keyof typeof desktopImagesEn, string> = {
};
