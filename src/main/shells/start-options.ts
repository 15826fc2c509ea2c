/** The few options that starting without words takes. */
import { parseArgs } from 'node:util';

export interface StartOptions {
  dataDirectory: string | undefined;
  hasSample: boolean;
  /** False with `--no-open`: the browser shell only prints its address. */
  isOpening: boolean;
  language: string | undefined;
}

/** @returns null when there are words, help, or options that only the command line knows: it then answers, also to mistakes */
export function readStartOptions(words: readonly string[]): StartOptions | null {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        'data-dir': { type: 'string' },
        'no-sample': { type: 'boolean' },
        'no-open': { type: 'boolean' },
        'no-sandbox': { type: 'boolean' },
        lang: { type: 'string' },
      },
      allowPositionals: false,
    });
    return { dataDirectory: values['data-dir'], hasSample: values['no-sample'] !== true, isOpening: values['no-open'] !== true, language: values.lang };
  } catch {
    // Words, or a mistake in them: the command line has the better answer.
    return null;
  }
}
