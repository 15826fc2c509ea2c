import { z } from 'zod';
import { platformId } from '../model/ids.ts';
import { configField, platform, platformKind, platformLists, syncSettings, testStep } from '../model/platform.ts';
import { message } from '../model/message-schema.ts';
import { defineCommands, done, nothing } from './command.ts';

/** Values of the form; a `directory` field takes a file grant, never a path. Secrets go to the vault and never come back. */
const settings = z.record(z.string().max(50), z.json());
const secrets = z.record(z.string().max(50), z.string().max(100_000));
/** Of a platform that is there: absent = as it is, null = removed. */
const secretChanges = z.record(z.string().max(50), z.string().max(100_000).nullable());
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
    summary: 'Tries a configuration before it is saved; each step says what it saw. With the id of a platform, over what it has now.',
    input: z.strictObject({ kind: platformKind, settings, secrets: secretChanges, id: platformId.nullable().default(null) }),
    output: z.array(testStep),
  },
  'platforms.test': { summary: 'Tests a saved platform.', input: z.strictObject({ id: platformId }), output: z.array(testStep) },
  'platforms.add': {
    summary: 'Adds a platform and starts its first sync.',
    input: z.strictObject({ kind: platformKind, name, settings, secrets }),
    output: platform,
  },
  'platforms.update': {
    summary: 'Changes a platform; absent keys stay. New settings and secrets are tried before they are kept; a setting or a secret that is null is removed.',
    input: z.strictObject({
      id: platformId,
      name: name.optional(),
      environment: platform.shape.environment.optional(),
      isReadOnly: z.boolean().optional(),
      settings: settings.optional(),
      secrets: secretChanges.optional(),
    }),
    output: platform,
  },
  'platforms.lists': { summary: 'The projects, instance sizes and pools of a platform, as last listed.', input: z.strictObject({ id: platformId }), output: platformLists },
  'platforms.sync': {
    summary: 'Reads the inventory of one platform, or of all; answers when the listing has ended. Quick: only what changed, where the platform can say so.',
    input: z.strictObject({ id: platformId.nullable(), isQuick: z.boolean().default(false) }),
    output: z.array(z.object({ platformId, kind: z.enum(['complete', 'quick']), status: z.enum(['ok', 'partial', 'failing']), seen: z.number(), added: z.number(), changed: z.number(), missing: z.number() })),
  },
  'platforms.schedule': { summary: 'How often platforms are read by themselves.', input: nothing, output: syncSettings },
  'platforms.setSchedule': { summary: 'Changes how often platforms are read by themselves; absent keys stay.', input: syncSettings.partial().strict(), output: syncSettings },
  'platforms.cancelSync': { summary: 'Stops a running sync; nothing is swept.', input: z.strictObject({ id: platformId }), output: done },
  'platforms.remove': {
    summary: 'Forgets a platform and its cached inventory; nothing on the platform is touched.',
    input: z.strictObject({ id: platformId }),
    output: done,
  },
  'sampleSite.create': { summary: 'Makes the sample site (again).', input: nothing, output: platform },
  'sampleSite.remove': { summary: 'Removes the sample site: its platform, pools, images and files.', input: nothing, output: done },
});
