/** A store in a fresh directory for one test, and a log that can be looked at. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { onTestFinished } from 'vitest';
import { openStore, type Store } from '../../../src/main/store/store.ts';

export function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'goldpress-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface MemoryLog {
  log: Logger;
  text: () => string;
}

export function memoryLog(): MemoryLog {
  const lines: string[] = [];
  return { log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }), text: () => lines.join('') };
}

/** Opens a store and closes it when the test ends, unless the test has. */
export async function open(directory = freshDirectory(), log = memoryLog().log, now = 1_700_000_000_000): Promise<Store> {
  const store = await openStore(directory, { log, clock: { now: () => now } });
  onTestFinished(() => store.close());
  return store;
}
