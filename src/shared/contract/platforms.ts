import { z } from 'zod';
import { platformId } from '../model/ids.ts';
import { configField, platform, platformKind, testStep } from '../model/platform.ts';
import { message } from '../model/message-schema.ts';
import { defineCommands, done, nothing } from './command.ts';

/** Values of the form; a `directory` field takes a file grant, never a path. Secrets go to the vault and never come back. */
const settings = z.record(z.string().max(50), z.json());
const secrets = z.record(z.string().max(50), z.string().max(100_000));
const name = z.string().trim().min(1).max(100);

export const platformCommands = defineCommands({
  'platforms.kinds': {
    summary: 'The kinds of platform that can be added, with the fields of their forms.',
    input: nothing,
    output: z.array(z.object({ kind: platformKind, title: message, description: message, fields: z.array(configField) })),
  },
  'platforms.list': { summary: 'All platforms with their health.', input: nothing, output: z.array(platform) },
  'platforms.show': { summary: 'One platform.', input: z.strictObject({ id: platformId }), output: platform },
  'platforms.testConfig': {
    summary: 'Tries a configuration before it is saved; each step says what it saw.',
    input: z.strictObject({ kind: platformKind, settings, secrets }),
    output: z.array(testStep),
  },
  'platforms.test': { summary: 'Tests a saved platform.', input: z.strictObject({ id: platformId }), output: z.array(testStep) },
  'platforms.add': {
    summary: 'Adds a platform and starts its first sync.',
    input: z.strictObject({ kind: platformKind, name, settings, secrets }),
    output: platform,
  },
  'platforms.update': {
    summary: 'Changes name, environment label, read-only switch or position of a platform.',
    input: z.strictObject({
      id: platformId,
      name: name.optional(),
      environment: platform.shape.environment.optional(),
      isReadOnly: z.boolean().optional(),
    }),
    output: platform,
  },
  'platforms.sync': {
    summary: 'Reads the inventory of one platform, or of all; answers when the listing has ended. Quick: only what changed, where the platform can say so.',
    input: z.strictObject({ id: platformId.nullable(), isQuick: z.boolean().default(false) }),
    output: z.array(z.object({ platformId, kind: z.enum(['complete', 'quick']), status: z.enum(['ok', 'partial', 'failing']), seen: z.number(), added: z.number(), changed: z.number(), missing: z.number() })),
  },
  'platforms.cancelSync': { summary: 'Stops a running sync; nothing is swept.', input: z.strictObject({ id: platformId }), output: done },
  'platforms.remove': {
    summary: 'Forgets a platform and its cached inventory; nothing on the platform is touched.',
    input: z.strictObject({ id: platformId }),
    output: done,
  },
  'sampleSite.create': { summary: 'Makes the sample site (again).', input: nothing, output: platform },
  'sampleSite.remove': { summary: 'Removes the sample site: its platform, pools, images and files.', input: nothing, output: done },
});
