/** 设置页面的文字。 */
import type { settings as en } from '../en/settings.ts';

export const settings: Record<keyof typeof en, string> = {
  'settings.theme.dark': '深色',
  'settings.theme.light': '浅色',
  'settings.theme.system': '跟随系统',
};
