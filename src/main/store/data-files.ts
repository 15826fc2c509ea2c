/** Where the two database files lie, and the mark that one of them is not to be trusted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseName } from './protocol.ts';

export function databasePath(directory: string, name: DatabaseName): string {
  return join(directory, `${name}.sqlite`);
}

/** While this file lies beside the cache, its next opening sets it aside: it was found damaged while in use, or belongs to another state. */
export function damageMark(directory: string): string {
  return join(directory, 'cache.sqlite.damaged');
}

/** Remembers that the cache is not to be used, so that the next start makes a new one. */
export function markCacheDamaged(directory: string): void {
  writeFileSync(damageMark(directory), '');
}
