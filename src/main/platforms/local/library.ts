/**
 * A folder as a library of VMs and images: lists them in pages, finds one by its id, and knows which files belong to whom. Reads only;
 * the roles that change something stand on it.
 */
import { basename, join, relative, sep } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { unknownOs } from '../../../shared/model/os.ts';
import type { ImageRecord, SourceVmRecord } from '../inventory-records.ts';
import { Definitions, type Definition } from './definitions.ts';
import { stampOf, type DiskChains } from './disk-chains.ts';
import { formatByName, stemOf } from './file-names.ts';
import { describeDocument, documentsFor } from './instructions.ts';
import { LockTable } from './in-use.ts';
import type { LibraryRoot } from './library-root.ts';
import { defaultScanLimits, readFolder, scanLibrary, type ScannedFolder, type ScanLimits, type ScanResult } from './library-scan.ts';
import { describeVm, type Description, type Look } from './vm-description.ts';

const pageSize = 100;
/** VMs described at once: enough to hide the latency of a network drive, few enough to leave the loop free. */
const describedAtOnce = 8;

export class Library {
  readonly root: LibraryRoot;
  readonly chains: DiskChains;
  readonly definitions: Definitions;
  readonly #limits: ScanLimits;

  constructor(root: LibraryRoot, chains: DiskChains, limits: ScanLimits = defaultScanLimits) {
    this.root = root;
    this.chains = chains;
    this.definitions = new Definitions(root);
    this.#limits = limits;
  }

  scan(signal: AbortSignal): Promise<ScanResult> {
    return this.root.real().then((root) => scanLibrary(root, signal, this.#limits));
  }

  /** One definition as it is now. @throws `NOT_FOUND` */
  async definition(id: ExternalId): Promise<Definition> {
    const path = await this.root.resolve(id);
    const definition = await this.definitions.read(path);
    if (definition === null) throw new AppError('NOT_FOUND', { what: 'source-vm', id });
    return definition;
  }

  /** One VM as it is now; takes a second look where a disk is fresh. @throws `NOT_FOUND` */
  async current(id: ExternalId, signal: AbortSignal): Promise<SourceVmRecord> {
    const definition = await this.definition(id);
    const first = await describeVm(definition, this.chains, await this.#look(new Map(), signal), signal);
    if (first.fresh.size === 0) return first.record;
    await this.chains.settle(signal);
    return (await describeVm(await this.definition(id), this.chains, await this.#look(new Map(), signal, first.fresh), signal)).record;
  }

  async #look(folders: ReadonlyMap<string, ScannedFolder>, signal: AbortSignal, earlier: ReadonlyMap<string, string> = new Map()): Promise<Look> {
    const read = new Map<string, Promise<ScannedFolder>>();
    return {
      locks: await LockTable.read(),
      earlier,
      folder: (path) => {
        const scanned = folders.get(path);
        if (scanned !== undefined) return Promise.resolve(scanned);
        const reading = read.get(path) ?? readFolder(path, signal);
        read.set(path, reading);
        return reading;
      },
    };
  }

  /**
   * All VMs in pages of 100: definitions first, then disks that nothing refers to, at last those that needed a second look.
   * @throws after the last page, when parts of the library could not be looked at: the listing then was not complete
   */
  async *sourceVms(signal: AbortSignal): AsyncIterable<SourceVmRecord[]> {
    const { folders, holes } = await this.scan(signal);
    const look = await this.#look(folders, signal);
    const used = new Set<string>();
    const later: { path: string; stamps: Map<string, string> }[] = [];
    let page: SourceVmRecord[] = [];
    const take = (path: string, description: Description): void => {
      if (description.fresh.size > 0) later.push({ path, stamps: description.fresh });
      else page.push(description.record);
    };

    for await (const described of this.#describeAll(definitionPaths(folders), look, signal, used)) {
      for (const { path, description } of described) take(path, description);
      if (page.length >= pageSize) {
        yield page;
        page = [];
      }
    }
    const alone = diskPaths(folders).filter((path) => !used.has(path));
    const bases = await this.#basesOf(alone, signal);
    const root = await this.root.real();
    const bare = alone.filter((path) => !bases.has(path) && !isInImages(root, path));
    for await (const described of this.#describeAll(bare, look, signal, used)) {
      for (const { path, description } of described) take(path, description);
      if (page.length >= pageSize) {
        yield page;
        page = [];
      }
    }
    if (later.length > 0) {
      await this.chains.settle(signal);
      const earlier = new Map(later.flatMap((item) => [...item.stamps]));
      const second = await this.#look(folders, signal, earlier);
      for await (const described of this.#describeAll(later.map((item) => item.path), second, signal, used)) {
        page.push(...described.map((item) => item.description.record));
        if (page.length >= pageSize) {
          yield page;
          page = [];
        }
      }
    }
    if (page.length > 0) yield page;
    if (holes[0] !== undefined) throw holes[0];
    this.chains.keepOnly(new Set([...used, ...alone]));
  }

  /** Describes in small groups, in order; adds every file that a VM uses to `used`. */
  async *#describeAll(paths: readonly string[], look: Look, signal: AbortSignal, used: Set<string>): AsyncIterable<{ path: string; description: Description }[]> {
    for (let start = 0; start < paths.length; start += describedAtOnce) {
      signal.throwIfAborted();
      const group = await Promise.all(paths.slice(start, start + describedAtOnce).map(async (path) => {
        const definition = await this.definitions.read(path);
        if (definition === null) return [];
        const description = await describeVm(definition, this.chains, look, signal);
        for (const file of [...description.files, ...(await this.filesOf(definition))]) used.add(file);
        return [{ path, description }];
      }));
      yield group.flat();
    }
  }

  /** Real paths of the files that a definition names itself: disks, NVRAM, layers of its snapshots. */
  async filesOf(definition: Definition): Promise<string[]> {
    const written = [...definition.snapshots.entries.flatMap((entry) => entry.disks.map((disk) => disk.file)), ...(definition.nvramFile === null ? [] : [definition.nvramFile])];
    const located = await Promise.all(written.map((file) => this.definitions.locate(file, definition.path)));
    return [...definition.disks.flatMap((disk) => disk.path ?? []), ...located.flatMap((path) => path ?? [])];
  }

  /** Files that other files of the list stand on. A disk that cannot be read stands on nothing known. */
  async #basesOf(paths: readonly string[], signal: AbortSignal): Promise<Set<string>> {
    const bases = new Set<string>();
    for (const path of paths) {
      signal.throwIfAborted();
      for (const layer of (await this.layersOrNone(path, signal)).slice(1)) bases.add(layer);
    }
    return bases;
  }

  /** Real paths of a disk's layers, the disk first; only the disk where its headers cannot be read. */
  async layersOrNone(path: string, signal: AbortSignal): Promise<string[]> {
    try {
      return (await this.chains.layers(path, signal)).map((layer) => layer.path);
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      return [path];
    }
  }

  /** Disks under a folder named `images` that no VM has as its own. */
  async *images(signal: AbortSignal): AsyncIterable<ImageRecord[]> {
    const { folders, holes } = await this.scan(signal);
    const root = await this.root.real();
    const candidates = diskPaths(folders).filter((path) => isInImages(root, path));
    if (candidates.length > 0) {
      const owned = new Set<string>();
      for (const path of definitionPaths(folders)) {
        signal.throwIfAborted();
        const definition = await this.definitions.read(path);
        if (definition !== null) for (const file of await this.filesOf(definition)) owned.add(file);
      }
      const free = candidates.filter((path) => !owned.has(path));
      for (let start = 0; start < free.length; start += pageSize) {
        yield await Promise.all(free.slice(start, start + pageSize).map((path) => this.#image(path, folders, signal)));
      }
    }
    if (holes[0] !== undefined) throw holes[0];
  }

  async #image(path: string, folders: ReadonlyMap<string, ScannedFolder>, signal: AbortSignal): Promise<ImageRecord> {
    const name = basename(path);
    const folder = folders.get(join(path, '..'));
    const documents = await Promise.all((folder === undefined ? [] : documentsFor(folder, [name])).map((document) => describeDocument(join(path, '..'), document)));
    const stamp = await stampOf(path);
    let layers: Awaited<ReturnType<DiskChains['layers']>> = [];
    try {
      layers = await this.chains.layers(path, signal);
    } catch (error) {
      // What is wrong with it comes out when it is inspected; here it is an image without sizes.
      if (!(error instanceof AppError) || signal.aborted) throw error;
    }
    return {
      externalId: await this.root.idOf(path),
      name: stemOf(name),
      form: 'image',
      scope: 'system',
      format: layers[0]?.format ?? formatByName(name),
      virtualBytes: layers[0]?.virtualBytes ?? null,
      actualBytes: layers.length === 0 ? null : layers.reduce((sum, layer) => sum + layer.actualBytes, 0),
      os: unknownOs,
      bootMode: 'unknown',
      videoModel: null,
      instructions: documents.flatMap((document) => document ?? []),
      diskPath: path,
      fingerprint: stamp?.stamp ?? 'gone',
    };
  }

  /**
   * Other VMs of the library whose disk is this very file, not one that stands on it, by their names.
   * @param own the VM that is asked about
   */
  async directUsers(own: ExternalId, file: string, signal: AbortSignal): Promise<string[]> {
    const { folders } = await this.scan(signal);
    const names = new Set<string>();
    for (const path of definitionPaths(folders)) {
      signal.throwIfAborted();
      const definition = await this.definitions.read(path);
      if (definition !== null && definition.id !== own && definition.disks.some((disk) => disk.path === file)) names.add(definition.name);
    }
    return [...names].sort((a, b) => a.localeCompare(b, 'en'));
  }

  /**
   * Other disks of the library whose data lies in one of these files, by the name of their VM (or of their file).
   * @param own the VM that is asked about
   */
  async dependants(own: ExternalId, files: readonly string[], signal: AbortSignal): Promise<string[]> {
    const wanted = new Set(files);
    const { folders } = await this.scan(signal);
    const names = new Set<string>();
    const mine = new Set<string>();
    const seen = new Set<string>();
    const note = async (disk: string, name: string): Promise<void> => {
      seen.add(disk);
      if ((await this.layersOrNone(disk, signal)).some((layer) => wanted.has(layer))) names.add(name);
    };
    for (const path of definitionPaths(folders)) {
      signal.throwIfAborted();
      const definition = await this.definitions.read(path);
      if (definition === null) continue;
      for (const disk of await this.filesOf(definition)) {
        if (definition.id === own) mine.add(disk);
        else await note(disk, definition.name);
      }
    }
    for (const disk of diskPaths(folders)) if (!seen.has(disk) && !mine.has(disk) && !wanted.has(disk)) await note(disk, basename(disk));
    return [...names].sort((a, b) => a.localeCompare(b, 'en'));
  }
}

function definitionPaths(folders: ReadonlyMap<string, ScannedFolder>): string[] {
  return [...folders.values()].flatMap((folder) => [...folder.definitions, ...folder.ovfs, ...folder.archives].map((name) => join(folder.path, name))).sort();
}

function diskPaths(folders: ReadonlyMap<string, ScannedFolder>): string[] {
  return [...folders.values()].flatMap((folder) => folder.disks.map((name) => join(folder.path, name))).sort();
}

/** Below a folder named `images`, in any case of letters. */
function isInImages(root: string, path: string): boolean {
  return relative(root, path).split(sep).slice(0, -1).some((part) => part.toLowerCase() === 'images');
}
