/** `disks.*`: disk files that a person chose, looked at without mounting. A chain is followed only inside the chosen file's folder. */
import { dirname } from 'node:path';
import type { FileGrantId } from '../../../shared/model/ids.ts';
import type { DiskEngine, DiskFile } from '../../disks/disk-engine.ts';
import { isSameIdentity } from '../../disks/identity.ts';
import type { FileGrants } from '../file-grants.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function disksHandlers({ disks, grants }: { disks: DiskEngine; grants: FileGrants }): Handlers<AreaCommands<'disks'>> {
  const chosen = (grant: FileGrantId): DiskFile => {
    const path = grants.resolve(grant);
    return { path, policy: { roots: [dirname(path)] } };
  };
  return {
    'disks.inspect': ({ file }, { signal }) => disks.inspect(chosen(file), signal),
    'disks.map': ({ file, partCount }, { signal }) => disks.map(chosen(file), partCount, signal),
    'disks.compare': async ({ first, second }, { signal }) => {
      const [a, b] = [chosen(first), chosen(second)];
      const silent = (): void => undefined;
      const identities = { first: await disks.identify(a, 'content', silent, signal), second: await disks.identify(b, 'content', silent, signal) };
      const isSame = isSameIdentity(identities.first, identities.second);
      const firstDifferenceBytes = isSame ? null : await disks.firstDifference(a, b, silent, signal);
      return { isSame, ...identities, firstDifferenceBytes };
    },
  };
}
