import { z } from 'zod';
import { flavor, flavorFields } from '../model/flavor.ts';
import { flavorId } from '../model/ids.ts';
import { defineCommands, done, nothing } from './command.ts';

export const flavorCommands = defineCommands({
  'flavors.list': { summary: 'All flavors, built-in and self-defined.', input: nothing, output: z.array(flavor) },
  'flavors.add': { summary: 'Adds a self-defined flavor.', input: flavorFields, output: flavor },
  'flavors.update': { summary: 'Changes a self-defined flavor.', input: z.strictObject({ id: flavorId, fields: flavorFields }), output: flavor },
  'flavors.remove': { summary: 'Removes a self-defined flavor that no desktop image names.', input: z.strictObject({ id: flavorId }), output: done },
});
