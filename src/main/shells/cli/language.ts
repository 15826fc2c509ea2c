/** The language of a person's terminal. */
import type { Locale } from '../../../shared/messages/catalogue.ts';

/** `--lang` wins; else the usual variables: any Chinese locale is answered in 简体中文, everything else in English. */
export function chooseLocale(given: string | undefined, env: NodeJS.ProcessEnv): Locale {
  const wanted = given ?? [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((value) => value !== undefined && value !== '') ?? '';
  return /^zh\b/i.test(wanted.replace('_', '-')) ? 'zh-CN' : 'en';
}

/** `--lang` before anything is parsed: help and errors about words come in it as well. */
export function languageInWords(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => word === '--lang' || word.startsWith('--lang='));
  const word = argv[at];
  if (word === undefined) return undefined;
  return word === '--lang' ? argv[at + 1] : word.slice('--lang='.length);
}
