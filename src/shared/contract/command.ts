/** What a command is: a name (`noun.verb`), a strict input, an output. Handlers and clients take their types from here. */
import { z } from 'zod';

export interface CommandSchema {
  /** One sentence for `goldpress commands`. */
  summary: string;
  input: z.ZodType;
  output: z.ZodType;
}

/** Keeps the exact types of an area's commands while checking their shape. */
export function defineCommands<T extends Record<string, CommandSchema>>(commands: T): T {
  return commands;
}

export const nothing = z.strictObject({});
export const done = z.object({});

/** A window of a sorted, filtered list: the grid asks for what it shows, never for all. */
export const listQuery = z.strictObject({
  /** Words that must all occur; `key:value` narrows one field. */
  filter: z.string().max(500).default(''),
  sort: z.strictObject({ key: z.string().max(50), isDescending: z.boolean() }).nullable().default(null),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(500).default(100),
});
export type ListQuery = z.infer<typeof listQuery>;

export const page = <T extends z.ZodType>(row: T) => z.object({ total: z.number().int(), rows: z.array(row) });
export interface Page<T> {
  total: number;
  rows: T[];
}
