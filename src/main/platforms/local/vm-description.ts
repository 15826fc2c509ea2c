/**
 * Makes the record of one VM from its definition and what the headers of its disks say: formats, sizes, chains, locks, documents. Reads
 * only; decides nothing.
 */
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { DiskLayer } from '../../../shared/model/disk.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { Instructions, PowerState, VmDisk } from '../../../shared/model/source-vm.ts';
import type { SourceVmRecord } from '../inventory-records.ts';
import type { DefinedDisk, Definition } from './definitions.ts';
import { stampOf, type DiskChains } from './disk-chains.ts';
import { baseNameOf, formatByName } from './file-names.ts';
import { describeDocument, documentsFor } from './instructions.ts';
import { isHeldByOther, type LockTable } from './in-use.ts';
import type { ScannedFolder } from './library-scan.ts';
import { toVmSnapshots } from './snapshot-metadata.ts';

/** What one look over the library shares between VMs. */
export interface Look {
  locks: LockTable;
  /** Folders by path; read when first asked for. */
  folder(path: string): Promise<ScannedFolder>;
  /** Stamps of fresh disks from an earlier look; a disk that differs from it is being written. */
  earlier: ReadonlyMap<string, string>;
}

export interface Description {
  record: SourceVmRecord;
  /** Fresh disks with their stamps: only a second look can tell whether they are still being written. */
  fresh: Map<string, string>;
  /** Real paths of all files that hold data of the VM's disks, bases included. */
  files: string[];
}

interface ExaminedDisk {
  disk: VmDisk;
  layers: DiskLayer[];
  stamps: string[];
  isLocked: boolean;
  isChanging: boolean;
}

export async function describeVm(definition: Definition, chains: DiskChains, look: Look, signal?: AbortSignal): Promise<Description> {
  const fresh = new Map<string, string>();
  const examined: ExaminedDisk[] = [];
  for (const disk of definition.disks) examined.push(await examineDisk(disk, chains, look, fresh, signal));
  const fingerprint = createHash('sha256').update(definition.fingerprint);
  for (const item of examined) fingerprint.update(`\0${item.disk.key}\0${item.disk.location}\0${item.disk.problem?.code ?? ''}\0${item.stamps.join('\0')}`);
  const instructions = await documentsOf(definition, look);
  for (const document of instructions) fingerprint.update(`\0${document.name}\0${document.sizeBytes}`);
  return {
    record: {
      externalId: definition.id,
      name: definition.name,
      definition: definition.kind,
      os: definition.os,
      bootMode: definition.bootMode,
      videoModel: definition.videoModel,
      vcpus: definition.vcpus,
      memoryBytes: definition.memoryBytes,
      powerState: powerOf(examined),
      disks: examined.map((item) => item.disk),
      snapshots: toVmSnapshots(definition.snapshots),
      instructions,
      definitionText: definition.text,
      fingerprint: fingerprint.digest('hex').slice(0, 32),
    },
    fresh,
    files: examined.flatMap((item) => item.layers.map((layer) => layer.path)),
  };
}

/** A lock is a running VM; a changing disk may be one, or a copy that has not ended. */
function powerOf(disks: readonly ExaminedDisk[]): PowerState {
  if (disks.some((item) => item.isLocked)) return 'running';
  return disks.some((item) => item.isChanging) ? 'unknown' : 'stopped';
}

async function examineDisk(defined: DefinedDisk, chains: DiskChains, look: Look, fresh: Map<string, string>, signal?: AbortSignal): Promise<ExaminedDisk> {
  const unread = (problem: Message, isLocked = false, isChanging = false, stamps: string[] = []): ExaminedDisk => ({
    disk: {
      key: defined.key, location: defined.path ?? defined.source, format: knownFormat(defined), virtualBytes: defined.capacityBytes, actualBytes: null, bus: defined.bus,
      isSystem: defined.isSystem, chainDepth: 0, problem,
    },
    layers: [], stamps, isLocked, isChanging,
  });
  const { path } = defined;
  if (path === null) return unread(defined.problem ?? say('LIBRARY_DISK_MISSING', { file: defined.source, folder: '' }));
  const before = await stampOf(path);
  if (before === null) return unread(say('LIBRARY_DISK_MISSING', { file: basename(path), folder: dirname(path) }));
  const isLocked = await isHeldByOther(path, look.locks);
  const earlier = look.earlier.get(path);
  if (earlier === undefined && chains.isFresh(before)) fresh.set(path, before.stamp);
  const changing = say('LIBRARY_DISK_CHANGING', { file: basename(path) });
  if (earlier !== undefined && earlier !== before.stamp) return unread(changing, isLocked, true, ['changing']);
  let layers: DiskLayer[];
  try {
    layers = await chains.layers(path, signal);
  } catch (error) {
    if (!(error instanceof AppError) || signal?.aborted === true) throw error;
    return unread(error.asMessage, isLocked, false, [before.stamp]);
  }
  const stamps = await Promise.all(layers.map(async (layer) => (await stampOf(layer.path))?.stamp ?? 'gone'));
  const [top] = layers;
  if (top === undefined) return unread(changing, isLocked, true, ['changing']);
  return {
    disk: {
      key: defined.key,
      location: path,
      format: top.format,
      virtualBytes: top.virtualBytes,
      actualBytes: layers.reduce((sum, layer) => sum + layer.actualBytes, 0),
      bus: defined.bus,
      isSystem: defined.isSystem,
      chainDepth: layers.length - 1,
      // A guest can write another format's header into its raw disk: what the definition says decides what is read, or nothing is.
      problem: defined.format !== null && defined.format !== top.format
        ? say('LIBRARY_DISK_FORMAT_DIFFERS', { file: basename(path), said: defined.format, found: top.format })
        : stamps[0] === before.stamp ? null : changing,
    },
    layers,
    stamps,
    isLocked,
    isChanging: stamps[0] !== before.stamp,
  };
}

function knownFormat(defined: DefinedDisk): VmDisk['format'] {
  if (defined.format !== null && defined.format !== 'other') return defined.format;
  return formatByName(baseNameOf(defined.source));
}

/** Folders of the definition and of its disks, with the VM's own file names in each. */
export function documentFolders(definition: Definition): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const path of [definition.path, ...definition.disks.flatMap((disk) => disk.path ?? [])]) {
    const folder = dirname(path);
    folders.set(folder, [...(folders.get(folder) ?? []), basename(path)]);
  }
  return folders;
}

/** Documents of all folders; of two with one name, the definition's counts. */
async function documentsOf(definition: Definition, look: Look): Promise<Instructions[]> {
  const found = new Map<string, Instructions>();
  for (const [path, names] of documentFolders(definition)) {
    for (const name of documentsFor(await look.folder(path), names)) {
      const document = found.has(name) ? null : await describeDocument(path, name);
      if (document !== null) found.set(name, document);
    }
  }
  return [...found.values()];
}
