/** Languages of the window: which there are, and the vue-i18n instance that holds their texts. */
import type { InjectionKey } from 'vue';
import { createI18n, type Composer, type I18n } from 'vue-i18n';
import type { Locale } from '../shared/messages/catalogue.ts';
import { en } from './locales/en/all.ts';
import { zhCN } from './locales/zh-CN/all.ts';

/** Every text of the window by key; English decides which exist, the compiler checks the others. */
export type TextKey = keyof typeof en;

export const localeNames: Record<Locale, string> = { en: 'English', 'zh-CN': '简体中文' };

/** The language of the system, as far as we have it. */
export function systemLocale(languages: readonly string[] = navigator.languages): Locale {
  for (const language of languages) {
    if (language.toLowerCase().startsWith('zh')) return 'zh-CN';
    if (language.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

/** The words of the window for everything below the app, stores included. */
export const composerKey: InjectionKey<Composer> = Symbol('texts');

export type TextsPlugin = I18n<Record<string, never>, Record<string, never>, Record<string, never>, string, false>;

export function createTexts(locale: Locale): TextsPlugin {
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'en',
    messages: { en, 'zh-CN': zhCN },
    // Keys are flat (`tasks.cancel`): no walking of nested objects.
    messageResolver: (messages, key) => (messages as Record<string, string>)[key] ?? null,
  }) as unknown as TextsPlugin;
}
