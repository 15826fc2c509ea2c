import { z } from 'zod';
import { desktopImage, desktopImageDetail } from '../model/desktop-image.ts';
import { desktopImageId, desktopImageVersionId } from '../model/ids.ts';
import { defineCommands, done, listQuery, page } from './command.ts';

export const desktopImageCommands = defineCommands({
  'desktopImages.list': { summary: 'A window of the published desktop images.', input: listQuery, output: page(desktopImage) },
  'desktopImages.show': { summary: 'One desktop image with all versions.', input: z.strictObject({ id: desktopImageId }), output: desktopImageDetail },
  'desktopImages.reveal': {
    summary: 'Shows the file of a version in the file manager of the machine the app runs on.',
    input: z.strictObject({ versionId: desktopImageVersionId }),
    output: done,
  },
});
