/**
 * The one error type of the product. `code` is for programs, the sentence behind it for people; a cause is kept as a
 * chain. What a shell gets to see is `ErrorView`: never a stack.
 */
import { formatMessage } from '../messages/format.ts';
import type { MessageCode } from '../messages/catalogue.ts';
import { CodedError, type CodedErrorOptions } from './coded-error.ts';
import type { ErrorView } from './error-view.ts';
import type { MessageParams } from './message.ts';

export class AppError extends CodedError {
  constructor(code: MessageCode, params: MessageParams = {}, options: CodedErrorOptions = {}) {
    super(code, params, options, formatMessage({ code, params }));
    this.name = 'AppError';
  }
}

const maxCauses = 5;

function causesOf(error: unknown): ErrorView['causes'] {
  const causes: ErrorView['causes'] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause instanceof Error && causes.length < maxCauses) {
    const code = cause instanceof CodedError ? cause.code : 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
    causes.push({ code, message: cause.message });
    cause = cause.cause;
  }
  return causes;
}

/** The error with its sentence; an unknown exception becomes `INTERNAL`. */
function withSentence(error: unknown, correlationId: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof CodedError) return new AppError(error.code, error.params, { cause: error.cause, isRetryable: error.isRetryable });
  return new AppError('INTERNAL', { correlationId });
}

/** What may leave the core of an error. An unknown exception becomes `INTERNAL` with only its correlation id. */
export function viewError(error: unknown, correlationId: string): ErrorView {
  const known = withSentence(error, correlationId);
  return {
    reason: known.asMessage,
    message: known.message,
    retryable: known.isRetryable,
    correlationId,
    causes: error instanceof CodedError ? causesOf(error) : [],
  };
}
