/** `imagePools.*`: the directories where desktop images are stored. */
import type { ImagePools } from '../../image-pools/image-pools.ts';
import type { FileGrants } from '../file-grants.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function imagePoolsHandlers({ pools, grants }: { pools: ImagePools; grants: FileGrants }): Handlers<AreaCommands<'imagePools'>> {
  return {
    'imagePools.list': () => pools.list(),
    'imagePools.show': ({ id }) => pools.get(id),
    'imagePools.add': ({ name, directory }) => pools.add({ name, path: grants.resolve(directory), isSample: false }),
    'imagePools.remove': async ({ id }) => {
      await pools.remove(id);
      return {};
    },
  };
}
