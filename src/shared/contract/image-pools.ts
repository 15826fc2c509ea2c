import { z } from 'zod';
import { fileGrantId, imagePoolId } from '../model/ids.ts';
import { imagePool } from '../model/image-pool.ts';
import { defineCommands, done, nothing } from './command.ts';

export const imagePoolCommands = defineCommands({
  'imagePools.list': { summary: 'All image pools with their free space.', input: nothing, output: z.array(imagePool) },
  'imagePools.show': { summary: 'One image pool.', input: z.strictObject({ id: imagePoolId }), output: imagePool },
  'imagePools.add': {
    summary: 'Adds a directory as an image pool, after a write-read-delete test in it.',
    input: z.strictObject({ name: z.string().trim().min(1).max(100), directory: fileGrantId }),
    output: imagePool,
  },
  'imagePools.remove': {
    summary: 'Forgets an image pool that holds no desktop images; no file is touched.',
    input: z.strictObject({ id: imagePoolId }),
    output: done,
  },
});
