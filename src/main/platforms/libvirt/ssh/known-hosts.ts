/**
 * Reads OpenSSH's `known_hosts`: names, wildcards, negation, `[host]:port`, hashed names, `@revoked`. Says what the files know of a
 * host; what follows from it is decided in `host-key-check.ts`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface KnownKey {
  /** `ssh-ed25519` … */
  type: string;
  key: Buffer;
  isRevoked: boolean;
  /** For messages: which file and line to look at. */
  file: string;
  line: number;
}

/** Entries of one file that are about this host. Lines that cannot be understood are no entries. */
export function knownKeys(text: string, file: string, host: string, port: number): KnownKey[] {
  const names = port === 22 ? [host.toLowerCase()] : [`[${host.toLowerCase()}]:${port}`];
  return text.split(/\r?\n/).flatMap((line, index): KnownKey[] => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [patterns, type, encoded] = words;
    if (patterns === undefined || type === undefined || encoded === undefined || patterns.startsWith('#')) return [];
    // A certificate authority vouches for certificates, which are not asked for.
    if (marker !== undefined && marker !== '@revoked') return [];
    if (!names.some((name) => matches(patterns, name))) return [];
    const key = Buffer.from(encoded, 'base64');
    return key.length === 0 ? [] : [{ type, key, isRevoked: marker === '@revoked', file, line: index + 1 }];
  });
}

function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith('|1|')) return matchesHash(patterns, name);
  let isMatched = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!');
    if (!wildcard(isNegated ? pattern.slice(1) : pattern).test(name)) continue;
    if (isNegated) return false;
    isMatched = true;
  }
  return isMatched;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name under the salt. */
function matchesHash(field: string, name: string): boolean {
  const [, , salt, expected] = field.split('|');
  if (salt === undefined || expected === undefined) return false;
  const wanted = Buffer.from(expected, 'base64');
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

function wildcard(pattern: string): RegExp {
  const source = pattern.replace(/[\\^$.|+()[\]{}]/g, '\\$&').replace(/\*+/g, '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
