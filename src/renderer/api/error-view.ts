/** Turns whatever went wrong into the one shape that screens show. */
import { CallError } from '../../shared/contract/envelope.ts';
import type { ErrorView } from '../../shared/model/error-view.ts';

/** True where nobody is interested in the failure because it was asked for. */
export function isAbort(error: unknown): boolean {
  return error instanceof CallError && error.view.reason.code === 'ABORTED';
}

/** The error as a view; a fault of the window itself has no correlation id and keeps its own English sentence. */
export function toErrorView(error: unknown): ErrorView {
  if (error instanceof CallError) return error.view;
  const text = error instanceof Error ? error.message : String(error);
  return { reason: { code: 'INTERNAL', params: { correlationId: '' } }, message: text, retryable: true, correlationId: '', causes: [] };
}
