import { z } from 'zod';
import { diskIdentity, diskInspection } from '../model/disk.ts';
import { fileGrantId } from '../model/ids.ts';
import { defineCommands } from './command.ts';

export const diskCommands = defineCommands({
  'disks.inspect': {
    summary: 'Everything about a disk file, without mounting it.',
    input: z.strictObject({ file: fileGrantId }),
    output: diskInspection,
  },
  'disks.compare': {
    summary: 'Whether two disk files hold the same guest bytes, whatever their formats.',
    input: z.strictObject({ first: fileGrantId, second: fileGrantId }),
    output: z.object({ isSame: z.boolean(), first: diskIdentity, second: diskIdentity, firstDifferenceBytes: z.number().nullable() }),
  },
});
