import { z } from 'zod';
import { diskIdentity, diskInspection, diskMap } from '../model/disk.ts';
import { fileGrantId } from '../model/ids.ts';
import { defineCommands } from './command.ts';

export const diskCommands = defineCommands({
  'disks.inspect': {
    summary: 'Everything about a disk file, without mounting it.',
    input: z.strictObject({ file: fileGrantId }),
    output: diskInspection,
  },
  'disks.map': {
    summary: 'Where the bytes of a disk lie, in equal parts, for a picture.',
    input: z.strictObject({ file: fileGrantId, partCount: z.number().int().min(1).max(2048).default(512) }),
    output: diskMap,
  },
  'disks.compare': {
    summary: 'Whether two disk files hold the same guest bytes, whatever their formats.',
    input: z.strictObject({ first: fileGrantId, second: fileGrantId }),
    output: z.object({ isSame: z.boolean(), first: diskIdentity, second: diskIdentity, firstDifferenceBytes: z.number().nullable() }),
  },
});
