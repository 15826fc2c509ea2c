/** Operating systems and firmware, as facts with their source: evidence or `unknown`, never a guess. */
import { z } from 'zod';

export const bootMode = z.enum(['bios', 'uefi', 'unknown']);
export type BootMode = z.infer<typeof bootMode>;

export const osFamily = z.enum(['windows', 'linux', 'other', 'unknown']);
export type OsFamily = z.infer<typeof osFamily>;

/** Who said so. A connected `agent` beats `person` beats `inspection` (the disk) beats `platform` (its metadata). */
export const factSource = z.enum(['agent', 'person', 'inspection', 'platform', 'none']);
export type FactSource = z.infer<typeof factSource>;

export const osIdentity = z.object({
  family: osFamily,
  /** libosinfo short id in lower case (`ubuntu`, `rocky`, `win`), where known. */
  distro: z.string().max(100).nullable(),
  /** For people: `Ubuntu 24.04.1 LTS`, `Windows 11`. */
  name: z.string().max(200).nullable(),
  version: z.string().max(100).nullable(),
  architecture: z.string().max(50).nullable(),
  source: factSource,
});
export type OsIdentity = z.infer<typeof osIdentity>;

export const unknownOs: OsIdentity = { family: 'unknown', distro: null, name: null, version: null, architecture: null, source: 'none' };
