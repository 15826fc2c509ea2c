import { z } from 'zod';
import { consoleScope } from '../model/business-attributes.ts';
import { platformId } from '../model/ids.ts';
import { defineCommands, nothing } from './command.ts';

/** A tenant that can be entered: one project on one platform. */
export const tenant = z.object({ platformId, platformName: z.string(), projectId: z.string(), name: z.string() });
export type Tenant = z.infer<typeof tenant>;

const current = z.object({
  scope: consoleScope,
  /** Null in the system console. */
  tenant: tenant.nullable(),
});

export const consoleCommands = defineCommands({
  'consoles.current': { summary: 'The console that this session works in.', input: nothing, output: current },
  'consoles.list': { summary: 'The tenants whose consoles can be entered: the projects of all platforms.', input: nothing, output: z.array(tenant) },
  'consoles.enter': {
    summary: 'Enters the system console or a tenant’s; from then on this session sees and changes only what belongs there.',
    input: z.strictObject({ scope: consoleScope }),
    output: current,
  },
});
