/** The window's words in both languages, and what must never be seen: keys, codes, unfilled gaps, words of the other language. */
import { en } from '../../../src/renderer/locales/en/all.ts';
import { zhCN } from '../../../src/renderer/locales/zh-CN/all.ts';
import { catalogue, type Locale } from '../../../src/shared/messages/catalogue.ts';

export type TextKey = keyof typeof en;

const texts: Record<Locale, Record<TextKey, string>> = { en, 'zh-CN': zhCN };

/** A text of the window, with its gaps filled. */
export function say(locale: Locale, key: TextKey, params: Record<string, string> = {}): string {
  return texts[locale][key].replaceAll(/\{(\w+)\}/g, (_gap, name: string) => params[name] ?? '');
}

const areas = [...new Set(Object.keys(en).map((key) => key.slice(0, key.indexOf('.'))))];
const key = new RegExp(`^(${areas.join('|')})(\\.[\\w-]+)+$`);
const gap = /\{\w+\}/;
const codes = new Set<string>(Object.keys(catalogue.en));

/** Words that are only said in the other language: those without gaps that differ. Short technical words are the same in both. */
function foreignTo(locale: Locale): Set<string> {
  const other: Locale = locale === 'en' ? 'zh-CN' : 'en';
  const own = new Set(Object.values(texts[locale]));
  const values = [
    ...(Object.keys(en) as TextKey[]).filter((one) => texts[locale][one] !== texts[other][one]).map((one) => texts[other][one]),
    ...Object.values(catalogue[other]),
  ];
  return new Set(values.filter((value) => !own.has(value) && !gap.test(value) && value.length > 1));
}
const foreign: Record<Locale, Set<string>> = { en: foreignTo('en'), 'zh-CN': foreignTo('zh-CN') };

/** What is wrong with the words of a page; empty when nothing is. */
export function wordFaults(tellings: readonly string[], locale: Locale): string[] {
  return tellings.flatMap((text) => {
    if (key.test(text)) return [`a key instead of words: ${text}`];
    if (text.split(/\s+/).some((word) => codes.has(word))) return [`a code instead of words: ${text}`];
    if (gap.test(text)) return [`an unfilled gap: ${text}`];
    if (foreign[locale].has(text)) return [`in the other language: ${text}`];
    return [];
  });
}
