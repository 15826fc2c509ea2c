/** `disks.*`: disk files that a person chose, looked at without mounting. A chain is followed only inside the chosen file's folder. */
import { dirname } from 'node:path';
import type { DiskChoice } from '../../../shared/model/disk.ts';
import type { FileGrantId } from '../../../shared/model/ids.ts';
import { withChoice, type DiskEngine, type DiskFile } from '../../disks/disk-engine.ts';
import { isSameIdentity } from '../../disks/identity.ts';
import type { FileGrants } from '../file-grants.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function disksHandlers({ disks, grants }: { disks: DiskEngine; grants: FileGrants }): Handlers<AreaCommands<'disks'>> {
  const chosen = (grant: FileGrantId, choice: DiskChoice = {}): DiskFile => {
    const path = grants.resolve(grant);
    return withChoice({ path, policy: { roots: [dirname(path)] } }, choice);
  };
  return {
    'disks.contents': ({ file }, { signal }) => disks.members(chosen(file), signal),
    'disks.inspect': ({ file, ...choice }, { signal }) => disks.inspect(chosen(file, choice), signal),
    'disks.map': ({ file, partCount, ...choice }, { signal }) => disks.map(chosen(file, choice), partCount, signal),
    'disks.compare': async ({ first, second, firstChoice, secondChoice }, { signal }) => {
      const [a, b] = [chosen(first, firstChoice), chosen(second, secondChoice)];
      const silent = (): void => undefined;
      const identities = { first: await disks.identify(a, 'content', silent, signal), second: await disks.identify(b, 'content', silent, signal) };
      const isSame = isSameIdentity(identities.first, identities.second);
      const firstDifferenceBytes = isSame ? null : await disks.firstDifference(a, b, silent, signal);
      return { isSame, ...identities, firstDifferenceBytes };
    },
  };
}
