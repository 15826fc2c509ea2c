/** Copies of what Goldpress itself knows (platforms, image pools, desktop images, tasks), not of disks. */
import { z } from 'zod';

export const backupSettings = z.object({
  /** One a day while Goldpress runs. */
  isDaily: z.boolean(),
  /** How many daily and manual copies stay. */
  keep: z.number().int().min(1).max(100),
});
export type BackupSettings = z.infer<typeof backupSettings>;

export const stateBackup = z.object({
  /** The file's name in the folder of the copies. */
  name: z.string(),
  at: z.number(),
  bytes: z.number(),
  kind: z.enum(['daily', 'manual', 'migration']),
});
export type StateBackup = z.infer<typeof stateBackup>;
