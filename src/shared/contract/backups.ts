import { z } from 'zod';
import { backupSettings, stateBackup } from '../model/backup.ts';
import { message } from '../model/message-schema.ts';
import { defineCommands, done, nothing } from './command.ts';

export const backupsCommands = defineCommands({
  'backups.list': {
    summary: 'Copies of the database of Goldpress, the newest first, and how they are made.',
    input: nothing,
    output: z.object({
      directory: z.string(),
      settings: backupSettings,
      rows: z.array(stateBackup),
      /** Why the last copy could not be made. */
      problem: message.nullable(),
    }),
  },
  'backups.make': { summary: 'Copies the database of Goldpress now.', input: nothing, output: stateBackup },
  'backups.configure': {
    summary: 'Changes how copies are made; absent keys stay.',
    input: z.strictObject({ isDaily: backupSettings.shape.isDaily.optional(), keep: backupSettings.shape.keep.optional() }),
    output: done,
  },
});
