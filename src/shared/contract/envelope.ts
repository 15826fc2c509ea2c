/** The answer to every call: a value, or an error that a person can read and a program can branch on. */
import type { ErrorView } from '../model/error-view.ts';

export type Envelope<T> = { ok: true; value: T } | { ok: false; error: ErrorView };

/** The error of a failed call on the client's side; the shell turns it into words in the person's language. */
export class CallError extends Error {
  readonly view: ErrorView;

  constructor(view: ErrorView) {
    super(view.message);
    this.name = 'CallError';
    this.view = view;
  }
}

export function unwrap<T>(envelope: Envelope<T>): T {
  if (envelope.ok) return envelope.value;
  throw new CallError(envelope.error);
}
