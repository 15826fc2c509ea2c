/** Why the operating system refused, in its own words. */
import { getSystemErrorMessage } from 'node:util';

/** The operating system's words for a failed call (`permission denied (EACCES)`), for the parameter of a sentence. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof errno === 'number' && errno < 0) return `${getSystemErrorMessage(errno)} (${code ?? String(errno)})`;
  return code ?? error.message;
}
