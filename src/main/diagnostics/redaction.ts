/**
 * What must not leave the process in a log, a bundle or an error: values under telling names, credentials inside texts, and
 * every secret that the vault has handed out. Owns the list; whoever writes something down calls it.
 */
const tellingName = /pass(word|phrase|wd)?$|secret|token|credential|authorization|cookie|private[-_]?key|api[-_]?key|access[-_]?key/i;
/** Names that only sound telling; a count or an id of a secret is none. */
const harmlessName = /count$|id$|kind$|name$/i;

const texts: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[redacted key]'],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, '$1:[redacted]@'],
  [/\b(bearer|basic)\s+[\w+/=.~-]{6,}/gi, '$1 [redacted]'],
  [/\b((?:pass(?:word|phrase|wd)?|secret|token|api[-_]?key|x-auth-token|x-goldpress-secret)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"'}]+)/gi, '$1[redacted]'],
];

const redacted = '[redacted]';
const maxDepth = 8;
const maxTextLength = 20_000;
/** Shorter secrets would blank out ordinary words. */
const shortestSecret = 6;

export class Redactor {
  readonly #secrets = new Set<string>();

  /** From now on this value is blanked out wherever it occurs. Called by the vault for every secret it gets or gives. */
  remember(secret: string): void {
    if (secret.length >= shortestSecret) this.#secrets.add(secret);
  }

  /** A text without credentials. */
  text(value: string): string {
    let result = value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value;
    for (const secret of this.#secrets) result = result.replaceAll(secret, redacted);
    for (const [pattern, replacement] of texts) result = result.replace(pattern, replacement);
    return result;
  }

  /** A copy of a value, fit to be written down: telling names blanked, texts cleaned, errors as name, message and stack. */
  value(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
    if (depth >= maxDepth) return '[deeper]';
    if (value instanceof Error) return this.#error(value, depth);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return value.slice(0, 100).map((item) => this.value(item, depth + 1));
    const entries = Object.entries(value).map(([key, item]: [string, unknown]) => {
      const isSecret = tellingName.test(key) && !harmlessName.test(key) && item !== null && typeof item !== 'boolean';
      return [key, isSecret ? redacted : this.value(item, depth + 1)];
    });
    return Object.fromEntries(entries) as unknown;
  }

  #error(error: Error, depth: number): unknown {
    return {
      name: error.name,
      message: this.text(error.message),
      stack: this.text(error.stack ?? ''),
      ...('code' in error ? { code: error.code } : {}),
      ...(error.cause === undefined ? {} : { cause: this.value(error.cause, depth + 1) }),
    };
  }
}
