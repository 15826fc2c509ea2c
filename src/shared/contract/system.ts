import { z } from 'zod';
import { fileGrantId } from '../model/ids.ts';
import { message } from '../model/message-schema.ts';
import { defineCommands, done, nothing } from './command.ts';

/** A name the person chose on the host: an opaque grant, and the path only to be read by people. */
const grant = z.object({ grantId: fileGrantId, path: z.string() });

export const systemCommands = defineCommands({
  'system.info': {
    summary: 'Version, data directory and shell.',
    input: nothing,
    output: z.object({
      version: z.string(),
      dataDirectory: z.string(),
      shell: z.enum(['electron', 'browser', 'cli', 'none']),
      node: z.string(),
      platform: z.string(),
      user: z.string(),
      hasSampleSite: z.boolean(),
      canReveal: z.boolean(),
      /** Things the person should know now (the vault is not protected, the cache was rebuilt …). */
      notices: z.array(message),
    }),
  },
  'system.cancelCall': { summary: 'Aborts a running call of the same client.', input: z.strictObject({ callId: z.string().max(100) }), output: done },
  'settings.get': {
    summary: 'Settings of the window.',
    input: nothing,
    output: z.object({ locale: z.enum(['system', 'en', 'zh-CN']), theme: z.enum(['system', 'light', 'dark']), zoom: z.number(), hasNotices: z.boolean(), grids: z.record(z.string(), z.json()) }),
  },
  'settings.set': {
    summary: 'Changes settings of the window; absent keys stay.',
    input: z.strictObject({
      locale: z.enum(['system', 'en', 'zh-CN']).optional(),
      theme: z.enum(['system', 'light', 'dark']).optional(),
      zoom: z.number().min(0.5).max(3).optional(),
      /** Whether the operating system tells about tasks while the window is in the background. */
      hasNotices: z.boolean().optional(),
      /** Column choices of one list, by the list's name. */
      grids: z.record(z.string().max(50), z.json()).optional(),
    }),
    output: done,
  },
  'files.browse': {
    summary: 'Lists a directory of the host for the picker: directories first, then files, each with a grant.',
    input: z.strictObject({
      /** Null = the person's home directory. */
      path: z.string().max(4096).nullable(),
      purpose: z.enum(['open', 'save', 'directory']),
    }),
    output: z.object({
      path: z.string(),
      parent: z.string().nullable(),
      self: grant,
      /** Where disks are likely: home, mounted media, the data directory. */
      places: z.array(z.object({ name: z.string(), path: z.string() })),
      entries: z.array(z.object({ name: z.string(), kind: z.enum(['directory', 'file']), sizeBytes: z.number().nullable(), modifiedAt: z.number().nullable(), grantId: fileGrantId })),
      isTruncated: z.boolean(),
    }),
  },
  'files.grantNew': {
    summary: 'A grant for a file that does not exist yet in a directory the person chose.',
    input: z.strictObject({ directory: fileGrantId, name: z.string().min(1).max(255) }),
    output: grant,
  },
  'files.grantPath': {
    summary: 'A grant for a path typed on the command line; only the command line may call this.',
    input: z.strictObject({ path: z.string().min(1).max(4096) }),
    output: grant,
  },
});
