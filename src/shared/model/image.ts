/** VDI images (and templates, on platforms that only have those) as the platforms offer them. */
import { z } from 'zod';
import { diskFormat } from './disk.ts';
import { finding, verdict } from './finding.ts';
import { imageId, platformId } from './ids.ts';
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
  verdict,
  findings: z.array(finding),
  seenAt: z.number(),
  missingSince: z.number().nullable(),
});
export type Image = z.infer<typeof image>;
