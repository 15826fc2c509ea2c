/** Flavors: named VOI configurations. Never a cloud's instance size. */
import { z } from 'zod';
import { flavorId } from './ids.ts';

export const architecture = z.enum(['vdi', 'idv', 'voi', 'tci']);
export type Architecture = z.infer<typeof architecture>;

export const flavorFields = z.strictObject({
  name: z.string().trim().min(1).max(80),
  architecture,
  /** Endpoint models it fits (`C106V`); empty = any model. */
  endpointModels: z.array(z.string().trim().min(1).max(40)).max(50),
  vcpus: z.number().int().min(1).max(256),
  memoryBytes: z.number().int().min(256 * 1024 ** 2).max(4 * 1024 ** 4),
  systemDiskBytes: z.number().int().min(1024 ** 3).max(64 * 1024 ** 4),
  /** 0 = no data disk. */
  dataDiskBytes: z.number().int().min(0).max(64 * 1024 ** 4),
});
export type FlavorFields = z.infer<typeof flavorFields>;

export const flavor = z.object({ ...flavorFields.shape, id: flavorId, isBuiltIn: z.boolean(), inUseCount: z.number() });
export type Flavor = z.infer<typeof flavor>;
