/** VDI images (and templates, on platforms that only have those) as the platforms offer them. */
import { z } from 'zod';
import { assignment, businessAttributes, passwordState } from './business-attributes.ts';
import { availability } from './capability.ts';
import { diskFormat } from './disk.ts';
import { finding, verdict } from './finding.ts';
import { imageId, platformId } from './ids.ts';
import { message } from './message-schema.ts';
import { bootMode, osIdentity } from './os.ts';
import { instructions } from './source-vm.ts';

export const image = z.object({
  id: imageId,
  platformId,
  platformName: z.string(),
  externalId: z.string(),
  name: z.string(),
  form: z.enum(['image', 'template']),
  scope: z.enum(['system', 'custom']),
  format: diskFormat.nullable(),
  virtualBytes: z.number().nullable(),
  actualBytes: z.number().nullable(),
  os: osIdentity,
  bootMode,
  videoModel: z.string().nullable(),
  instructions: z.array(instructions),
  /** The platform's project that owns it, by name; by id where the name is not known. */
  projectName: z.string().nullable(),
  /** As the platform itself says them. */
  status: z.string().nullable(),
  visibility: z.string().nullable(),
  /** Every further property, as the platform keeps it. */
  properties: z.record(z.string(), z.string()),
  createdAt: z.number().nullable(),
  updatedAt: z.number().nullable(),
  attributes: businessAttributes,
  /** Whose it is: what a person said, else by the platform's rule. */
  assignment,
  assignedBy: z.enum(['person', 'platform']),
  verdict,
  findings: z.array(finding),
  seenAt: z.number(),
  missingSince: z.number().nullable(),
});
export type Image = z.infer<typeof image>;

/** Attributes that a platform may have a place for; the password never is one. */
export const platformAttributes = z.strictObject({
  osType: z.enum(['linux', 'windows']).nullable().optional(),
  osDistro: z.string().nullable().optional(),
  adminUser: z.string().nullable().optional(),
});
export type PlatformAttributes = z.infer<typeof platformAttributes>;

/** The detail page: the row and what only one image is asked for. */
export const imageDetail = image.extend({
  password: passwordState,
  /** Everything that was said about the operating system, the strongest first. */
  osClaims: z.array(z.object({ os: osIdentity, isLastKnown: z.boolean(), saidAt: z.number().nullable() })),
  /** What the disk or the platform says; null where neither knows. */
  suggestedOs: osIdentity.nullable(),
  /** What desktops made from it will be logged in to with, in words. */
  login: z.object({ from: z.enum(['own', 'copied', 'image', 'ad', 'none']), user: z.string().nullable(), isSilent: z.boolean(), explanation: z.array(message) }),
  /** Whether the business attributes can be edited in this session's console, and where when not. */
  editing: availability,
  /** Worth knowing (another image of this name had attributes …). */
  notes: z.array(message),
  inspectedAt: z.number().nullable(),
});
export type ImageDetail = z.infer<typeof imageDetail>;
