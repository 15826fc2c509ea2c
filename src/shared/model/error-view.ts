/** What a shell gets to see of an error. Apart from `AppError`, which the window makes too and must not load a schema for. */
import { z } from 'zod';
import { message } from './message-schema.ts';

export const errorView = z.object({
  /** The code and parameters; the reader's language is chosen where it is shown. */
  reason: message,
  /** The English sentence, for logs and scripts. */
  message: z.string(),
  retryable: z.boolean(),
  correlationId: z.string(),
  causes: z.array(z.object({ code: z.string().nullable(), message: z.string() })),
});
export type ErrorView = z.infer<typeof errorView>;
