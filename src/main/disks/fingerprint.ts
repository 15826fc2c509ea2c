/** What a chain of files looks like from outside: another fingerprint means that something was written. */
import { createHash } from 'node:crypto';
import type { ByteSource } from './byte-source.ts';

/** Of every layer together. */
export async function fingerprintOf(sources: readonly ByteSource[]): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(`${await source.fingerprint()}\n`);
  return hash.digest('hex').slice(0, 32);
}
