/**
 * The two databases of a data directory: `state.sqlite` (precious) and `cache.sqlite` (may be thrown away and synced again).
 * Owns the threads and the connections. Knows no table: those are in `schema-*.ts`, the queries in `repositories/`.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { AppError } from '../../shared/model/app-error.ts';
import type { Message } from '../../shared/model/message.ts';
import type { Clock } from '../clock.ts';
import { ConnectionGate } from './connection-gate.ts';
import { ThreadDialect } from './dialect.ts';
import { findGoodCopy } from './copy-state.ts';
import { databasePath } from './data-files.ts';
import { packFailure } from './pack-failure.ts';
import { unpackFailure } from './store-failure.ts';
import { StoreThread } from './thread.ts';
import type { BulkStatement, DatabaseName } from './protocol.ts';
import type { CacheSchema } from './schema-cache.ts';
import type { StateSchema } from './schema-state.ts';

/** One database file, reached in two ways: `read` never waits for a write, `write` is one connection that transactions hold. */
export class StoreDatabase<Schema> {
  readonly read: Kysely<Schema>;
  readonly write: Kysely<Schema>;
  readonly #writer: StoreThread;
  readonly #gate = new ConnectionGate();
  readonly #name: DatabaseName;

  constructor(name: DatabaseName, reader: StoreThread, writer: StoreThread) {
    this.#name = name;
    this.#writer = writer;
    this.read = new Kysely<Schema>({ dialect: new ThreadDialect(reader, name, new ConnectionGate()) });
    this.write = new Kysely<Schema>({ dialect: new ThreadDialect(writer, name, this.#gate) });
  }

  /**
   * Runs prepared statements over many rows, in one message and one transaction: all or nothing. Keep to some thousand rows a
   * call, so that other writes get their turn.
   * @returns how many rows were changed.
   */
  async bulk(statements: readonly BulkStatement[]): Promise<number> {
    await this.#gate.enter();
    try {
      const { changes } = await this.#writer.run({ kind: 'bulk', database: this.#name, statements });
      return changes;
    } finally {
      this.#gate.leave();
    }
  }
}

export interface Store {
  readonly state: StoreDatabase<StateSchema>;
  readonly cache: StoreDatabase<CacheSchema>;
  /** What a person should know about how the store was opened (the cache was made anew …). */
  readonly notices: readonly Message[];
  /**
   * Copies the precious file as it is at this moment into a new one, and checks the copy. Reads and writes go on meanwhile.
   * @throws AppError `STORE_…`; then there is no new file
   */
  copyState(target: string): Promise<void>;
  /** Waits for what was sent before, then closes both files. */
  close(): Promise<void>;
}

export interface StoreDeps {
  log: Logger;
  clock: Clock;
}

/** A thread of its own, for as long as it takes. */
async function copyInThread(directory: string, target: string, log: Logger): Promise<void> {
  const copier = new StoreThread({ role: 'copier', directory, now: 0 }, log);
  try {
    await copier.open();
    await copier.run({ kind: 'copy', target });
  } finally {
    await copier.close();
  }
}

/**
 * Opens (or makes) the databases of a data directory, migrating them where needed.
 * @throws AppError `STORE_…`: from a newer version, damaged, not ours, no access, disk full. A damaged `state.sqlite` is left as it is.
 */
export async function openStore(directory: string, { log, clock }: StoreDeps): Promise<Store> {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unpackFailure(packFailure(error, { database: 'state', path: databasePath(directory, 'state') }));
  }
  const now = clock.now();
  const writer = new StoreThread({ role: 'writer', directory, now }, log);
  const reader = new StoreThread({ role: 'reader', directory, now }, log);
  const close = async (): Promise<void> => {
    // The reader first: the last connection to close folds the journal back into the file.
    await reader.close();
    await writer.close();
  };
  try {
    // One after the other: the writer makes and migrates what the reader opens.
    // Asked before the writer makes one.
    const isStateMissing = !existsSync(databasePath(directory, 'state'));
    const notices = await writer.open();
    const copy = isStateMissing ? findGoodCopy(directory) : null;
    if (copy !== null) notices.push({ code: 'STORE_BEGAN_EMPTY', params: { path: databasePath(directory, 'state'), copiedAt: copy.at } });
    await reader.open();
    return {
      state: new StoreDatabase<StateSchema>('state', reader, writer),
      cache: new StoreDatabase<CacheSchema>('cache', reader, writer),
      notices,
      copyState: (target) => copyInThread(directory, target, log),
      close,
    };
  } catch (error) {
    await close();
    throw withCopy(error, directory);
  }
}

/** Damage with a copy at hand is another message: it says which copy, and what brings it back. */
function withCopy(error: unknown, directory: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'STORE_CORRUPT') return error;
  const copy = findGoodCopy(directory);
  return copy === null ? error : new AppError('STORE_CORRUPT_WITH_COPY', { ...error.params, name: copy.name, copiedAt: copy.at }, { cause: error });
}
