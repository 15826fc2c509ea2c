/**
 * The sample site: a library folder of image source VMs and two image pools, made of real files, so that everything can be
 * tried before the first platform is added. It owns the files below its directory; registering the platform and the pools
 * is the caller's.
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../shared/model/app-error.ts';
import type { DiskEngine } from '../disks/disk-engine.ts';
import { domainXml } from './domain-xml.ts';
import { unpackFileSystems, type SparseContent } from './file-system-pack.ts';
import storedFileSystems from './file-systems.json' with { type: 'json' };
import { sampleDisks } from './sample-disks.ts';
import { sampleBareDisk, sampleImage, sampleVms, type SampleDocument, type SampleVm } from './sample-vms.ts';
import { writeRaw, writeScratchVhd } from './sparse-files.ts';

export interface SampleSite {
  /** The folder for a `local` platform. */
  libraryPath: string;
  /** Empty folders for two image pools, with names to register them under. */
  pools: { name: string; path: string }[];
}

const poolNames = ['Main pool', 'Branch USB disk'] as const;

function describeSite(directory: string): SampleSite {
  return {
    libraryPath: join(directory, 'library'),
    pools: poolNames.map((name) => ({ name, path: join(directory, 'pools', name.toLowerCase().replaceAll(' ', '-')) })),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function writeText(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the entries of a folder durable. Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes the parts of one site. Made below `work`; definitions speak of `final`, where the site will lie. */
class SiteWriter {
  readonly #work: string;
  readonly #final: string;
  readonly #engine: Pick<DiskEngine, 'convert'>;
  readonly #signal: AbortSignal;

  constructor(work: string, final: string, engine: Pick<DiskEngine, 'convert'>, signal: AbortSignal) {
    this.#work = work;
    this.#final = final;
    this.#engine = engine;
    this.#signal = signal;
  }

  /** Writes `content` as a disk file in the format asked for. `parts` is its place below the site. */
  async #disk(parts: readonly string[], content: SparseContent, format: SampleVm['format'], compression: SampleVm['compression']): Promise<void> {
    const path = join(this.#work, ...parts);
    const scratch = `${path}.scratch.vhd`;
    await writeScratchVhd(scratch, content);
    try {
      await this.#engine.convert(
        { source: { path: scratch, policy: { roots: [] } }, targetPath: path, targetFormat: format, compression, checkpointPath: null, maxTargetBytes: null },
        () => undefined,
        this.#signal,
      );
    } finally {
      await rm(scratch, { force: true });
    }
  }

  async #document(folder: string, document: SampleDocument | null): Promise<void> {
    if (document !== null) await writeText(join(folder, document.fileName), document.text);
  }

  async #vm(vm: SampleVm, content: SparseContent): Promise<void> {
    const folder = join(this.#work, 'library', vm.name);
    await mkdir(folder);
    await this.#disk(['library', vm.name, vm.diskFile], content, vm.format, vm.compression);
    await writeText(join(folder, `${vm.name}.xml`), domainXml(vm, join(this.#final, 'library', vm.name, vm.diskFile)));
    await this.#document(folder, vm.document);
    await syncFolder(folder);
  }

  async #image(content: SparseContent): Promise<void> {
    const parts = ['library', 'images', sampleImage.folder];
    const folder = join(this.#work, ...parts);
    await mkdir(folder, { recursive: true });
    await this.#disk([...parts, sampleImage.diskFile], content, 'qcow2', 'zlib');
    await this.#document(folder, sampleImage.document);
    await syncFolder(folder);
  }

  async write(): Promise<void> {
    const disks = sampleDisks(unpackFileSystems(storedFileSystems));
    const site = describeSite(this.#work);
    await mkdir(site.libraryPath, { recursive: true });
    for (const pool of site.pools) await mkdir(pool.path, { recursive: true });
    // One after the other: the engine's threads are started once and used again, which is what takes time here.
    for (const vm of sampleVms) await this.#vm(vm, disks[vm.disk]);
    await this.#image(disks[sampleImage.disk]);
    await writeRaw(join(site.libraryPath, sampleBareDisk.diskFile), disks[sampleBareDisk.disk]);
    await syncFolder(site.libraryPath);
    await syncFolder(this.#work);
  }
}

/**
 * Makes the sample site in `directory` (`<data directory>/sample-site`), or returns the one that is there: it gets this
 * name only once it is complete, so a site half made by a killed run is made again.
 * Only one process may do this at a time; the host's lock on the data directory sees to that.
 * @param directory absolute
 * @param engine writes the disks in their formats
 * @throws `SAMPLE_SITE_FAILED` with the cause; nothing is left behind then, nor when `signal` is aborted
 */
export async function createSampleSite(directory: string, engine: Pick<DiskEngine, 'convert'>, signal: AbortSignal): Promise<SampleSite> {
  if (await exists(directory)) return describeSite(directory);
  const work = `${directory}.partial`;
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    await new SiteWriter(work, directory, engine, signal).write();
    signal.throwIfAborted();
    await rename(work, directory);
    await syncFolder(dirname(directory));
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    if (signal.aborted) throw error;
    throw new AppError('SAMPLE_SITE_FAILED', { directory }, { cause: error });
  }
  return describeSite(directory);
}

/**
 * Removes the sample site with everything in it, also what was published into its pools: the caller first removes the
 * platform and the pools, and refuses while a run uses them. Removing what is not there is fine.
 * @throws `SAMPLE_SITE_NOT_REMOVED` with the cause
 */
export async function removeSampleSite(directory: string): Promise<void> {
  const leaving = `${directory}.removing`;
  try {
    await rm(leaving, { recursive: true, force: true });
    if (await exists(directory)) await rename(directory, leaving);
    await rm(leaving, { recursive: true, force: true });
    await rm(`${directory}.partial`, { recursive: true, force: true });
  } catch (error) {
    throw new AppError('SAMPLE_SITE_NOT_REMOVED', { directory }, { cause: error, isRetryable: true });
  }
}
