/** Time and randomness, injected so that tests decide them. */
import { randomBytes, randomUUID } from 'node:crypto';

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** A fresh id with a readable prefix (`run-…`); 96 bits, lower-case letters and digits, sortable by nothing. */
export function newId<T extends string>(prefix: string): T {
  return `${prefix}-${BigInt(`0x${randomBytes(12).toString('hex')}`).toString(36)}` as T;
}

export const newUuid = randomUUID;
