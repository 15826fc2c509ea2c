import { z } from 'zod';
import { archivedDisk, diskChoice, diskIdentity, diskInspection, diskMap } from '../model/disk.ts';
import { fileGrantId } from '../model/ids.ts';
import { defineCommands } from './command.ts';

const chosenDisk = diskChoice.extend({ file: fileGrantId });

export const diskCommands = defineCommands({
  'disks.contents': {
    summary: 'The disks in an archive (OVA), one of which has to be chosen where there are several; empty for any other disk file.',
    input: z.strictObject({ file: fileGrantId }),
    output: z.array(archivedDisk),
  },
  'disks.inspect': {
    summary: 'Everything about a disk file, without mounting it.',
    input: chosenDisk,
    output: diskInspection,
  },
  'disks.map': {
    summary: 'Where the bytes of a disk lie, in equal parts, for a picture.',
    input: chosenDisk.extend({ partCount: z.number().int().min(1).max(2048).default(512) }),
    output: diskMap,
  },
  'disks.compare': {
    summary: 'Whether two disk files hold the same guest bytes, whatever their formats.',
    input: z.strictObject({ first: fileGrantId, second: fileGrantId, firstChoice: diskChoice.default({}), secondChoice: diskChoice.default({}) }),
    output: z.object({ isSame: z.boolean(), first: diskIdentity, second: diskIdentity, firstDifferenceBytes: z.number().nullable() }),
  },
});
