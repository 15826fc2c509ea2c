/** `flavors.*`: built-in ones are shown, self-defined ones are the administrator's. */
import type { Flavors } from '../../flavors/flavors.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function flavorsHandlers({ flavors }: { flavors: Flavors }): Handlers<AreaCommands<'flavors'>> {
  return {
    'flavors.list': () => flavors.list(),
    'flavors.add': (fields) => flavors.add(fields),
    'flavors.update': ({ id, fields }) => flavors.update(id, fields),
    'flavors.remove': async ({ id }) => {
      await flavors.remove(id);
      return {};
    },
  };
}
