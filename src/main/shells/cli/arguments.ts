/** Reads the small languages of arguments: sizes, key=value pairs, and where a secret comes from (never an argument itself). */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { systemReason } from '../../diagnostics/system-reason.ts';
import { UsageError, type CliContext } from './context.ts';

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `8G`, `512MiB`, `1.5 TiB`, `4096` (bytes) → bytes. Binary units. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const factor = match === null ? undefined : units[(match[2] ?? '').toLowerCase()];
  const bytes = Math.round(Number(match?.[1]) * (factor ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) throw new UsageError('CLI_BAD_SIZE', { text });
  return bytes;
}

/** A whole number of at least `least`. */
export function parseCount(text: string, least = 1): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) throw new UsageError('CLI_BAD_NUMBER', { text });
  return value;
}

/** `key=value` words → a map. A key given twice is an error rather than a silent choice. */
export function parsePairs(words: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, at);
    if (at < 1 || pairs.has(key)) throw new UsageError('CLI_BAD_PAIR', { text: word });
    pairs.set(key, word.slice(at + 1));
  }
  return pairs;
}

/** One of several words. */
export function parseChoice<const T extends string>(text: string, choices: readonly T[], option: string): T {
  const found = choices.find((choice) => choice === text.toLowerCase());
  if (found === undefined) throw new UsageError('CLI_BAD_CHOICE', { option, text, choices: choices.join(', ') });
  return found;
}

/** Collects an option that may be given several times. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

/** Asks on the terminal. @throws UsageError where there is no terminal to ask on */
export async function ask(context: CliContext, question: string, isHidden = false): Promise<string> {
  if (context.io.stdin.isTTY !== true) throw new UsageError('CLI_NO_TERMINAL');
  context.io.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: context.io.stdin, output: isHidden ? silent : context.io.stderr, terminal: true });
  try {
    return await lines.question('', { signal: context.signal });
  } finally {
    lines.close();
    if (isHidden) context.io.stderr.write('\n');
  }
}

/** A secret from `env:VAR`, `file:PATH` or `prompt`. The words of a call can be read by every user of a machine. */
export async function readSecret(context: CliContext, source: string, question: string): Promise<string> {
  if (source === 'prompt') return ask(context, `${question} `, true);
  if (source.startsWith('env:')) {
    const value = context.io.env[source.slice(4)];
    if (value === undefined || value === '') throw new UsageError('CLI_SECRET_ENV', { name: source.slice(4) });
    return value;
  }
  if (source.startsWith('file:')) {
    const path = source.slice(5);
    try {
      return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
    } catch (error) {
      throw new UsageError('CLI_SECRET_FILE', { path, reason: systemReason(error) });
    }
  }
  throw new UsageError('CLI_SECRET_SOURCE');
}
