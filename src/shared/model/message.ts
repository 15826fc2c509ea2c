/**
 * A sentence for people, as data: a code of the message catalogue and its parameters. The window and the command line
 * turn it into words in the person's language (`messages/format.ts`); the database and the contract carry only this.
 * Parameters whose names end in `Bytes` are sizes in bytes, those ending in `At` are epoch milliseconds, those ending in
 * `Seconds` are durations; they are formatted for the reader. Its schema is in `message-schema.ts`: the window speaks these words and loads no schemas.
 */
import type { MessageCode } from '../messages/catalogue.ts';

export type MessageParams = Record<string, string | number>;

export interface Message {
  code: MessageCode;
  params: MessageParams;
}

/** Builds a message; the code is checked by the compiler against the catalogue. */
export function say(code: MessageCode, params: MessageParams = {}): Message {
  return { code, params };
}
