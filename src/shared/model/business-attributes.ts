/**
 * What people say about images and source VMs beyond what a platform knows: edited only on the business pages (System Images, Custom
 * Images), kept over every sync. The password itself is never here: it lives in the vault.
 */
import { z } from 'zod';

export const osType = z.enum(['windows', 'linux', 'other']);
export type OsType = z.infer<typeof osType>;

/** Offered to all, or to one tenant: a project of the image's own platform; null where the platform does not say which. */
export const assignment = z.discriminatedUnion('scope', [
  z.strictObject({ scope: z.literal('system') }),
  z.strictObject({ scope: z.literal('custom'), projectId: z.string().min(1).max(300).nullable() }),
]);
export type Assignment = z.infer<typeof assignment>;

export const businessAttributes = z.object({
  osType: osType.nullable(),
  /** A libosinfo short id; another word is kept as it was typed and not written to the platform. */
  osDistro: z.string().nullable(),
  /** The system user of the image's operating system. */
  loginUser: z.string().nullable(),
  /** When the password was last set; null while none is. */
  passwordSetAt: z.number().nullable(),
  /** Null = by the platform's rule. */
  assignment: assignment.nullable(),
  /** Locked against change and deletion. */
  isGolden: z.boolean(),
});
export type BusinessAttributes = z.infer<typeof businessAttributes>;

export const noAttributes: BusinessAttributes = { osType: null, osDistro: null, loginUser: null, passwordSetAt: null, assignment: null, isGolden: false };

/** What is told of a password. `lost`: it was kept in memory only, and the program has ended since. `hidden`: set, and the vault is closed. */
export const passwordState = z.enum(['unset', 'empty', 'set', 'hidden', 'lost']);
export type PasswordState = z.infer<typeof passwordState>;

/** The console that a person works in: the system's, or the one of a tenant, which is one project on one platform. */
export const consoleScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('system') }),
  z.strictObject({ kind: z.literal('tenant'), platformId: z.string().min(1).max(128), projectId: z.string().min(1).max(300) }),
]);
export type ConsoleScope = z.infer<typeof consoleScope>;
