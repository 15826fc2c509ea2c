import { describe, expect, it } from 'vitest';
import { en } from '../../../src/renderer/locales/en/all.ts';
import { zhCN } from '../../../src/renderer/locales/zh-CN/all.ts';
import { createTexts } from '../../../src/renderer/i18n.ts';

const paramsOf = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();
const files = import.meta.glob<Record<string, Record<string, string>>>('../../../src/renderer/locales/*/*.ts', { eager: true });

describe('the texts of the window', () => {
  it('are the same keys in both languages, none empty', () => {
    expect(Object.keys(zhCN).sort()).toEqual(Object.keys(en).sort());
    expect(Object.entries({ ...en, ...zhCN }).filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('take the same parameters in both languages', () => {
    const different = Object.keys(en).filter((key) => {
      const [first, second] = [paramsOf(en[key as keyof typeof en]), paramsOf(zhCN[key as keyof typeof en])];
      // `count` may choose the plural form without being shown.
      const shown = (list: (string | undefined)[]) => list.filter((name) => name !== 'count').join();
      return shown(first) !== shown(second);
    });
    expect(different).toEqual([]);
  });

  it.each(Object.entries(files).filter(([path]) => !path.endsWith('/all.ts')))('stand in order in %s', (path, module) => {
    const keys = Object.keys(Object.values(module)[0] ?? {});
    expect(keys, path).toEqual([...keys].sort());
  });

  it('hold no signs that the text format would take for its own', () => {
    // `@` links to another text, `{` without a name is an error.
    expect(Object.entries({ ...en, ...zhCN }).filter(([, text]) => /@|\{[^}\w]|\{\}/.test(text))).toEqual([]);
  });

  it('choose the singular and the plural', () => {
    const { t } = createTexts('en').global;
    expect(t('app.status.running', { count: 1 }, 1)).toBe('1 task running');
    expect(t('app.status.running', { count: 3 }, 3)).toBe('3 tasks running');
  });
});
