/**
 * SQLite's errors as codes of sentences: which file, what is wrong. Nothing else in the product reads SQLite codes. Used in the
 * store threads, so it loads neither the catalogue nor zod: a thread is ready in half the time.
 */
import type { MessageCode } from '../../shared/messages/catalogue.ts';
import type { DatabaseName, Failure } from './protocol.ts';

/** The file a failure is about, for its sentence. */
export interface FailurePlace {
  database: DatabaseName;
  path: string;
}

/** A refusal of ours in a store thread; it becomes an `AppError` on the main thread. */
export class StoreRefusal extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code ?? failure.cause?.message);
    this.name = 'StoreRefusal';
    this.failure = failure;
  }
}

interface Meaning {
  prefix: string;
  code: MessageCode;
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
  { prefix: 'SQLITE_BUSY', code: 'STORE_BUSY' },
  { prefix: 'SQLITE_LOCKED', code: 'STORE_BUSY' },
  { prefix: 'SQLITE_IOERR', code: 'STORE_DISK_FAILED' },
  { prefix: 'EIO', code: 'STORE_DISK_FAILED' },
  { prefix: 'SQLITE_CONSTRAINT', code: 'STORE_CONFLICT' },
];

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Makes any error ready to be sent to the other thread. */
export function packFailure(error: unknown, place: FailurePlace | null): Failure {
  if (error instanceof StoreRefusal) return error.failure;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const meaning = code === null ? undefined : meanings.find(({ prefix }) => code.startsWith(prefix));
  if (meaning === undefined || place === null) return { code: null, params: {}, cause: { code, message } };
  // A damaged cache costs a sync, damaged state costs work: they are told differently.
  const isCache = meaning.code === 'STORE_CORRUPT' && place.database === 'cache';
  return { code: isCache ? 'STORE_CACHE_CORRUPT' : meaning.code, params: { path: place.path }, cause: { code, message } };
}

