/** Image pools: where desktop images are stored. */
import { z } from 'zod';
import { fileType } from './desktop-image.ts';
import { imagePoolId, platformId } from './ids.ts';
import { message } from './message-schema.ts';

export const imagePool = z.object({
  id: imagePoolId,
  name: z.string(),
  /** `platform`: a store on a platform, found by its listing; it is an image pool by itself. */
  kind: z.enum(['directory', 'platform']),
  /** Of a store on a platform. */
  platformId: platformId.nullable(),
  externalId: z.string().nullable(),
  /** The directory, or where the store lies as its platform says it. */
  path: z.string(),
  /** What can be stored in it. */
  fileTypes: z.array(fileType),
  isSample: z.boolean(),
  isWritable: z.boolean(),
  freeBytes: z.number().nullable(),
  totalBytes: z.number().nullable(),
  /** `vfat`, `ntfs`, `ext4` …, as far as the system says. */
  fileSystem: z.string().nullable(),
  /** The largest single file the file system takes (FAT32: 4 GiB - 1); null = no limit that matters. */
  maxFileBytes: z.number().nullable(),
  /** Names are those of Windows (reserved names, no `:` …). */
  hasWindowsNames: z.boolean(),
  desktopImageCount: z.number(),
  usedBytes: z.number(),
  /** Why it cannot be used now (not there, read-only, not a directory). */
  problem: message.nullable(),
  checkedAt: z.number(),
});
export type ImagePool = z.infer<typeof imagePool>;
