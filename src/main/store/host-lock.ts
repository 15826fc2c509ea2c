/**
 * The lock that makes a process the one host of a data directory: an exclusive SQLite transaction on a file of its own. The
 * operating system releases it with the process, however that ends; Node has no other lock that does. Synchronous on purpose.
 */
import Database from 'better-sqlite3';

export interface HostLock {
  release(): void;
}

/** @returns the lock, or null while another process holds it. @throws what SQLite says when the file cannot be opened or written. */
export function takeHostLock(file: string): HostLock | null {
  const database = new Database(file, { timeout: 0 });
  try {
    // Without a journal on disk: nothing is ever written to this file but what makes it a database.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null;
    throw error;
  }
  return { release: () => database.close() };
}
