/** What can be done here and now: positive, and with a reason when not. The screens never ask which kind of platform it is. */
import { z } from 'zod';
import { message, type Message } from './message.ts';

export const availability = z.discriminatedUnion('isAvailable', [
  z.object({ isAvailable: z.literal(true) }),
  z.object({ isAvailable: z.literal(false), reason: message }),
]);
export type Availability = z.infer<typeof availability>;

export const available: Availability = { isAvailable: true };
export const unavailable = (reason: Message): Availability => ({ isAvailable: false, reason });

/** Roles a connector may offer; each is probed. */
export const roles = ['images', 'sourceVms', 'hardware', 'snapshots', 'deleter', 'creator', 'diskExport', 'imageStore', 'attributes', 'power', 'console', 'agent'] as const;
export type Role = (typeof roles)[number];

export const capabilities = z.partialRecord(z.enum(roles), availability);
export type Capabilities = z.infer<typeof capabilities>;
