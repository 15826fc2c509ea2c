/** Turns what the operating system says about a disk file into the product's errors: what, where, what to do. */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { MessageCode } from '../../shared/messages/catalogue.ts';

const readCodes: Readonly<Record<string, MessageCode>> = {
  ENOENT: 'DISK_NOT_FOUND',
  ENOTDIR: 'DISK_NOT_FOUND',
  EACCES: 'DISK_NOT_READABLE',
  EPERM: 'DISK_NOT_READABLE',
  ELOOP: 'DISK_NOT_FOUND',
  EBUSY: 'DISK_IN_USE',
};

const writeCodes: Readonly<Record<string, MessageCode>> = {
  ENOSPC: 'DISK_NO_SPACE',
  EDQUOT: 'DISK_NO_SPACE',
  EFBIG: 'DISK_TARGET_FILE_LIMIT',
  EEXIST: 'DISK_TARGET_EXISTS',
  EROFS: 'DISK_NOT_WRITABLE',
  EACCES: 'DISK_NOT_WRITABLE',
  EPERM: 'DISK_NOT_WRITABLE',
  ENOENT: 'DISK_TARGET_FOLDER_MISSING',
  ENOTDIR: 'DISK_TARGET_FOLDER_MISSING',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What went wrong while reading `path`; an error of the product passes unchanged. */
export function readError(path: string, error: unknown): unknown {
  if (error instanceof CodedError || isAbort(error)) return error;
  const code = codeOf(error);
  return new CodedError(readCodes[code] ?? 'DISK_READ_FAILED', { path, reason: code }, { cause: error, isRetryable: code === 'EBUSY' });
}

/** What went wrong while writing `path`; an error of the product passes unchanged. */
export function writeError(path: string, error: unknown): unknown {
  if (error instanceof CodedError || isAbort(error)) return error;
  const code = codeOf(error);
  return new CodedError(writeCodes[code] ?? 'DISK_WRITE_FAILED', { path, reason: code }, { cause: error });
}

/** True for the error of an aborted signal, which is passed on as it is. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
