/**
 * The world of a whole app: a library with one VM on a qcow2 disk, an image pool, a folder to copy to, and the data directory of a
 * host. Owns where things lie and how the VM's disk is made; what is done in it is the scenarios'.
 */
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { markerName } from '../../../src/main/image-pools/pool-marker.ts';
import { domainXml } from '../../../src/main/sample-site/domain-xml.ts';
import { unpackFileSystems } from '../../../src/main/sample-site/file-system-pack.ts';
import storedFileSystems from '../../../src/main/sample-site/file-systems.json' with { type: 'json' };
import { sampleDisks } from '../../../src/main/sample-site/sample-disks.ts';
import { sampleVms, type SampleVm } from '../../../src/main/sample-site/sample-vms.ts';
import { writeScratchVhd } from '../../../src/main/sample-site/sparse-files.ts';

function theVm(): SampleVm {
  const found = sampleVms.find((item) => item.disk === 'debian-12');
  if (found === undefined) throw new Error('The sample site has no VM on the disk “debian-12”.');
  return found;
}
export const vm = theVm();

export interface World {
  data: string;
  library: string;
  pool: string;
  out: string;
  disk: string;
  definition: string;
}

export function worldIn(directory: string): World {
  const library = join(directory, 'library');
  const folder = join(library, vm.name);
  return {
    data: join(directory, 'data'), library, pool: join(directory, 'pool'), out: join(directory, 'out'),
    disk: join(folder, vm.diskFile), definition: join(folder, `${vm.name}.xml`),
  };
}

export const externalId = `${vm.name}/${vm.name}.xml`;

/** Without the marker of a pool, which stays as long as the pool. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== markerName)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A disk that was written a moment ago is looked at twice; these have been at rest for long. */
export async function settle(library: string): Promise<void> {
  const longAgo = new Date('2024-01-01T00:00:00Z');
  for (const path of filesBelow(library)) await utimes(path, longAgo, longAgo);
}

/** Where the extra bytes lie: behind everything that the file systems of the sample disk use. */
const extraOffset = 10 * 1024 ** 3;

/** @param extraBytes bytes that do not compress, for a disk that takes time to convert. */
export async function layOut(directory: string, extraBytes: number): Promise<void> {
  const { library, pool, out, disk, definition } = worldIn(directory);
  for (const path of [join(library, vm.name), pool, out]) await mkdir(path, { recursive: true });
  const content = sampleDisks(unpackFileSystems(storedFileSystems))[vm.disk];
  const extra = extraBytes === 0 ? [] : [{ offset: extraOffset, bytes: randomFillSync(Buffer.alloc(extraBytes)) }];
  const scratch = `${disk}.scratch.vhd`;
  await writeScratchVhd(scratch, { ...content, pieces: [...content.pieces, ...extra] });
  const engine = new WorkerDiskEngine();
  try {
    const job = { source: { path: scratch, policy: { roots: [] } }, targetPath: disk, targetFormat: 'qcow2', compression: null, checkpointPath: null, maxTargetBytes: null } as const;
    await engine.convert(job, () => undefined, new AbortController().signal);
  } finally {
    await engine.dispose();
    await rm(scratch);
  }
  await writeFile(definition, domainXml(vm, disk));
  await settle(library);
}

export const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
