/** What the main thread and the store's threads say to each other. Plain data only: it goes through structured clone. */
import type { MessageParams } from '../../shared/model/message.ts';
import type { MessageCode } from '../../shared/messages/catalogue.ts';

export type DatabaseName = 'state' | 'cache';
export const databaseNames: readonly DatabaseName[] = ['state', 'cache'];

/**
 * `writer` opens, migrates and changes both files; `reader` only reads them, so that a long write never blocks a list; `copier`
 * reads state alone, for as long as a copy takes.
 */
export type ThreadRole = 'writer' | 'reader' | 'copier';

export interface ThreadStart {
  role: ThreadRole;
  directory: string;
  /** Epoch milliseconds, for the names of copies. */
  now: number;
}

export type Param = null | number | bigint | string | boolean | Uint8Array;

/** One prepared statement and the rows it is run with. */
export interface BulkStatement {
  sql: string;
  rows: readonly (readonly Param[])[];
}

export type Job =
  /** First of all; its rows are `Message`s that a person should see. */
  | { kind: 'open' }
  | { kind: 'query'; database: DatabaseName; sql: string; params: readonly Param[] }
  | { kind: 'begin' | 'commit' | 'rollback'; database: DatabaseName }
  | { kind: 'bulk'; database: DatabaseName; statements: readonly BulkStatement[] }
  /** Only for the copier: state as it is now, into a new file. */
  | { kind: 'copy'; target: string }
  | { kind: 'close' };

export type Request = Job & { id: number };

export interface JobResult {
  rows: unknown[];
  /** Rows changed; for `bulk` the sum over all statements. */
  changes: number;
  lastInsertRowid: bigint | null;
}

/** An error on its way between threads: an `AppError` by its code, or what SQLite said. */
export interface Failure {
  code: MessageCode | null;
  params: MessageParams;
  /** SQLite's or the system's own code (`SQLITE_FULL`, `EACCES`). */
  cause: { code: string | null; message: string } | null;
}

export type Reply =
  | { kind: 'done'; id: number; result: JobResult; milliseconds: number }
  | { kind: 'failed'; id: number; failure: Failure };
