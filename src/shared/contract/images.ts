import { z } from 'zod';
import { image } from '../model/image.ts';
import { imageId, platformId } from '../model/ids.ts';
import { defineCommands, listQuery, page } from './command.ts';

export const imageCommands = defineCommands({
  'images.list': {
    summary: 'A window of the VDI images (and templates) of all platforms, or of one.',
    input: listQuery.extend({ platformId: platformId.nullable().default(null), scope: z.enum(['system', 'custom', 'all']).default('system') }),
    output: page(image),
  },
  'images.show': { summary: 'One VDI image.', input: z.strictObject({ id: imageId }), output: image },
});
