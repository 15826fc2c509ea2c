/** Errors across threads: an error of the product keeps its code, parameters and cause; any other its words. */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { MessageCode } from '../../shared/messages/catalogue.ts';
import type { MessageParams } from '../../shared/model/message.ts';
import { isAbort } from './file-errors.ts';

export type PackedError =
  | { kind: 'coded'; code: MessageCode; params: MessageParams; isRetryable: boolean; cause: string | null }
  | { kind: 'abort' }
  | { kind: 'other'; message: string; stack: string };

export function packError(error: unknown): PackedError {
  if (error instanceof CodedError) {
    const cause = error.cause instanceof Error ? error.cause.message : null;
    return { kind: 'coded', code: error.code, params: error.params, isRetryable: error.isRetryable, cause };
  }
  if (isAbort(error)) return { kind: 'abort' };
  return error instanceof Error ? { kind: 'other', message: error.message, stack: error.stack ?? '' } : { kind: 'other', message: String(error), stack: '' };
}

/** @param ErrorType what an error of the product becomes: `AppError` in the core, `CodedError` in a disk thread. */
export function unpackError(packed: PackedError, ErrorType: typeof CodedError): Error {
  switch (packed.kind) {
    case 'coded': {
      const cause = packed.cause === null ? {} : { cause: new Error(packed.cause) };
      return new ErrorType(packed.code, packed.params, { isRetryable: packed.isRetryable, ...cause });
    }
    case 'abort':
      return new DOMException('The operation was aborted.', 'AbortError');
    case 'other':
      return Object.assign(new Error(packed.message), { stack: packed.stack });
  }
}
