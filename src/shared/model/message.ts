/**
 * A sentence for people, as data: a code of the message catalogue and its parameters. The window and the command line
 * turn it into words in the person's language (`messages/format.ts`); the database and the contract carry only this.
 * Parameters whose names end in `Bytes` are sizes in bytes, those ending in `At` are epoch milliseconds, those ending in
 * `Seconds` are durations; they are formatted for the reader.
 */
import { z } from 'zod';
import type { MessageCode } from '../messages/catalogue.ts';

export type MessageParams = Record<string, string | number>;

export interface Message {
  code: MessageCode;
  params: MessageParams;
}

export const message = z.object({
  code: z.string().max(100),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
}) as unknown as z.ZodType<Message>;

/** Builds a message; the code is checked by the compiler against the catalogue. */
export function say(code: MessageCode, params: MessageParams = {}): Message {
  return { code, params };
}
