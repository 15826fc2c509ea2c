import { z } from 'zod';
import { assignment, osType } from '../model/business-attributes.ts';
import { finding } from '../model/finding.ts';
import { image, imageDetail, platformAttributes } from '../model/image.ts';
import { imageId, platformId } from '../model/ids.ts';
import { message } from '../model/message-schema.ts';
import { defineCommands, listQuery, page } from './command.ts';

/**
 * The page that an edit is made on. Business attributes are edited on the two business pages only; a platform's own list is refused, and
 * so is a page that does not belong to the session's console.
 */
const editedOn = z.enum(['system-images', 'custom-images', 'platform']);
export type EditedOn = z.infer<typeof editedOn>;

/** Absent keys stay as they are; null takes back what was said. */
const attributeChange = z.strictObject({
  osType: osType.nullable().optional(),
  osDistro: z.string().max(100).nullable().optional(),
  assignment: assignment.nullable().optional(),
  isGolden: z.boolean().optional(),
});
export type AttributeChange = z.infer<typeof attributeChange>;

export const imageCommands = defineCommands({
  'images.list': {
    summary: 'A window of the VDI images (and templates) of all platforms, or of one.',
    input: listQuery.extend({ platformId: platformId.nullable().default(null), scope: z.enum(['system', 'custom', 'all']).default('system') }),
    output: page(image),
  },
  'images.show': { summary: 'One VDI image: what is said about it and by whom, who logs in, and what keeps it from booting.', input: z.strictObject({ id: imageId }), output: imageDetail },
  'images.check': { summary: 'Looks into an image again where it can be read, and judges it.', input: z.strictObject({ id: imageId }), output: z.object({ findings: z.array(finding) }) },
  'images.setAttributes': {
    summary: 'Changes business attributes of images; each is answered for by itself.',
    input: z.strictObject({ ids: z.array(imageId).min(1).max(500), editedOn, change: attributeChange }),
    output: z.object({
      results: z.array(z.object({
        id: imageId,
        name: z.string(),
        outcome: z.enum(['changed', 'refused']),
        /** Why not. */
        reason: message.nullable(),
        /** Accepted, with something to know. */
        warning: message.nullable(),
        /** What the platform has a place for and does not hold yet; written by a task of its own. Null where there is nothing, or no way. */
        writeThrough: platformAttributes.nullable(),
      })),
    }),
  },
  'images.setCredentials': {
    summary: 'Sets the system user and password of an image. The password is never shown again; an empty one is a deliberate choice.',
    input: z.strictObject({ id: imageId, editedOn, user: z.string().max(256).nullable().optional(), password: z.string().max(1000).optional() }),
    output: imageDetail,
  },
  'images.clearCredentials': {
    summary: 'Forgets the password of an image, or its system user too.',
    input: z.strictObject({ id: imageId, editedOn, what: z.enum(['password', 'all']) }),
    output: imageDetail,
  },
});
