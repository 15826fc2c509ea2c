/** What can be done here and now: positive, and with a reason when not. The screens never ask which kind of platform it is. */
import { z } from 'zod';
import type { Message } from './message.ts';
import { message } from './message-schema.ts';
import { roles } from './role.ts';

export const availability = z.discriminatedUnion('isAvailable', [
  z.object({ isAvailable: z.literal(true) }),
  z.object({ isAvailable: z.literal(false), reason: message }),
]);
export type Availability = z.infer<typeof availability>;

export const available: Availability = { isAvailable: true };
export const unavailable = (reason: Message): Availability => ({ isAvailable: false, reason });

export const capabilities = z.partialRecord(z.enum(roles), availability);
export type Capabilities = z.infer<typeof capabilities>;
