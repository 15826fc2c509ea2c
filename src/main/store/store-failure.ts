/** SQLite's errors as sentences: which file, what is wrong, what to do. Nothing else in the product reads SQLite codes. */
import { AppError } from '../../shared/model/app-error.ts';
import type { MessageCode } from '../../shared/messages/catalogue.ts';
import type { DatabaseName, Failure } from './protocol.ts';

/** What SQLite or the file system said, kept as the cause of an `AppError`. */
export class StorageFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'StorageFailure';
    this.code = code;
  }
}

/** The file a failure is about, for its sentence. */
export interface FailurePlace {
  database: DatabaseName;
  path: string;
}

interface Meaning {
  prefix: string;
  code: MessageCode;
  isRetryable?: boolean;
}

/** By the start of SQLite's (extended) code, or the system's. The first that fits decides. */
const meanings: readonly Meaning[] = [
  { prefix: 'SQLITE_NOTADB', code: 'STORE_CORRUPT' },
  { prefix: 'SQLITE_CORRUPT', code: 'STORE_CORRUPT' },
  { prefix: 'SQLITE_FULL', code: 'STORE_DISK_FULL' },
  { prefix: 'ENOSPC', code: 'STORE_DISK_FULL' },
  { prefix: 'EDQUOT', code: 'STORE_DISK_FULL' },
  { prefix: 'SQLITE_READONLY', code: 'STORE_READ_ONLY' },
  { prefix: 'EROFS', code: 'STORE_READ_ONLY' },
  { prefix: 'EACCES', code: 'STORE_NO_ACCESS' },
  { prefix: 'EPERM', code: 'STORE_NO_ACCESS' },
  { prefix: 'SQLITE_CANTOPEN', code: 'STORE_NO_ACCESS' },
  { prefix: 'ENOENT', code: 'STORE_NO_ACCESS' },
  { prefix: 'ENOTDIR', code: 'STORE_NO_ACCESS' },
  { prefix: 'EISDIR', code: 'STORE_NO_ACCESS' },
  { prefix: 'EEXIST', code: 'STORE_NO_ACCESS' },
  { prefix: 'ELOOP', code: 'STORE_NO_ACCESS' },
  { prefix: 'ENAMETOOLONG', code: 'STORE_NO_ACCESS' },
  { prefix: 'SQLITE_BUSY', code: 'STORE_BUSY', isRetryable: true },
  { prefix: 'SQLITE_LOCKED', code: 'STORE_BUSY', isRetryable: true },
  { prefix: 'SQLITE_IOERR', code: 'STORE_DISK_FAILED' },
  { prefix: 'EIO', code: 'STORE_DISK_FAILED' },
  { prefix: 'SQLITE_CONSTRAINT', code: 'STORE_CONFLICT' },
];

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Makes any error ready to be sent to the other thread. */
export function packFailure(error: unknown, place: FailurePlace | null): Failure {
  if (error instanceof AppError) {
    const cause = error.cause instanceof Error ? { code: codeOf(error.cause), message: error.cause.message } : null;
    return { code: error.code, params: error.params, cause };
  }
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const meaning = code === null ? undefined : meanings.find(({ prefix }) => code.startsWith(prefix));
  if (meaning === undefined || place === null) return { code: null, params: {}, cause: { code, message } };
  // A damaged cache costs a sync, damaged state costs work: they are told differently.
  const isCache = meaning.code === 'STORE_CORRUPT' && place.database === 'cache';
  return { code: isCache ? 'STORE_CACHE_CORRUPT' : meaning.code, params: { path: place.path }, cause: { code, message } };
}

/** The error again, on the side that asked. Without a known meaning it stays a plain error (`INTERNAL` at the gate). */
export function unpackFailure(failure: Failure): Error {
  const cause = failure.cause === null ? undefined : new StorageFailure(failure.cause.code ?? 'UNKNOWN', failure.cause.message);
  if (failure.code === null) return cause ?? new Error('The store failed without saying why.');
  return new AppError(failure.code, failure.params, {
    cause,
    isRetryable: meanings.some(({ code, isRetryable }) => code === failure.code && isRetryable === true),
  });
}

/**
 * Whether a write was refused because the same value is there already.
 * @param column `table.column` to be sure which one; left out = any.
 */
export function isUniqueViolation(error: unknown, column?: string): boolean {
  if (!(error instanceof AppError) || error.code !== 'STORE_CONFLICT' || !(error.cause instanceof StorageFailure)) return false;
  const { code, message } = error.cause;
  const isUnique = code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
  return isUnique && (column === undefined || message.includes(column));
}
