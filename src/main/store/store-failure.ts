/** Failures of the store threads as the errors that the rest of the product sees: sentences with the file and what to do. */
import { AppError } from '../../shared/model/app-error.ts';
import type { Failure } from './protocol.ts';

/** What SQLite or the file system said, kept as the cause of an `AppError`. */
export class StorageFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'StorageFailure';
    this.code = code;
  }
}

/** The error again, on the side that asked. Without a known meaning it stays a plain error (`INTERNAL` at the gate). */
export function unpackFailure(failure: Failure): Error {
  const cause = failure.cause === null ? undefined : new StorageFailure(failure.cause.code ?? 'UNKNOWN', failure.cause.message);
  if (failure.code === null) return cause ?? new Error('The store failed without saying why.');
  return new AppError(failure.code, failure.params, {
    cause,
    isRetryable: failure.code === 'STORE_BUSY',
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
