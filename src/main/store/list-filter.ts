/**
 * Reads what a person typed into a list's search field: words, `"quoted words"` and `key:value`. Knows no SQL.
 * A key that the list does not have makes no narrowing: `C:\images` and `52:54:00` are words.
 */

export interface ListFilter {
  /** Each must occur somewhere. */
  words: string[];
  /** By key; several values of one key mean either of them. */
  narrowed: Map<string, string[]>;
}

/** A word, quotes keeping spaces together; a quote without its partner reaches to the end. */
const token = /(?:[^\s"]|"[^"]*(?:"|$))+/g;

function unquote(text: string): string {
  return text.replaceAll('"', '').replaceAll('\0', '').trim();
}

/** @param keys what may stand before a colon, in this list. */
export function parseListFilter(filter: string, keys: ReadonlySet<string>): ListFilter {
  const words: string[] = [];
  const narrowed = new Map<string, string[]>();
  for (const [part] of filter.matchAll(token)) {
    // Chinese keyboards write the full-width colon.
    const colon = part.search(/[:：]/);
    const key = part.slice(0, Math.max(0, colon)).toLowerCase();
    const known = [...keys].find((candidate) => candidate.toLowerCase() === key);
    if (known === undefined) {
      const word = unquote(part);
      if (word !== '') words.push(word);
      continue;
    }
    const value = unquote(part.slice(colon + 1));
    if (value !== '') narrowed.set(known, [...(narrowed.get(known) ?? []), value]);
  }
  return { words, narrowed };
}
