/** A sentence as data, where it is parsed: in the contract and when it is read back from a database. */
import { z } from 'zod';
import type { Message } from './message.ts';

export const message = z.object({
  code: z.string().max(100),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
}) as unknown as z.ZodType<Message>;
