/**
 * What the rest of the core asks of the disk engine. All work runs in worker threads; every call can be aborted; no source
 * is ever opened for writing.
 */
import type { ArchivedDisk, ClusterCompression, DiskChoice, DiskIdentity, DiskInspection, DiskLayer, DiskMap, DiskTargetFormat } from '../../shared/model/disk.ts';
import type { Message } from '../../shared/model/message.ts';
import type { DiskPlace } from './disk-place.ts';
import { LeadPool } from './lead-pool.ts';

/** Which other files a chain may lead to. A backing file outside `roots` (after realpath) is refused, whatever its spelling. */
export interface ChainPolicy {
  /** Directories; files anywhere below them may be followed. Empty = no backing file is followed. */
  roots: readonly string[];
}

export interface DiskFile {
  path: string;
  policy: ChainPolicy;
  /** Where `path` and the policy's roots lie; absent = on this computer. */
  place?: DiskPlace;
  /** Of an OVA: the name of the disk inside it. Absent = its only disk. */
  member?: string;
  /** Id or name of an internal snapshot of a qcow2 file. Absent = the active state. */
  snapshot?: string;
}

/** The file with one of its disks chosen. */
export function withChoice(file: DiskFile, { member, snapshot }: DiskChoice): DiskFile {
  return { ...file, ...(member === undefined ? {} : { member }), ...(snapshot === undefined ? {} : { snapshot }) };
}

export interface ByteProgress {
  doneBytes: number;
  totalBytes: number;
}

export interface ConvertJob {
  source: DiskFile;
  /** Must not exist, or be what `checkpointPath` describes. The caller renames it once verified. */
  targetPath: string;
  targetFormat: DiskTargetFormat;
  compression: ClusterCompression | null;
  /**
   * Where the engine keeps what it has verified so far. When it is there and fits source and target, the conversion goes on
   * from it; otherwise it starts over. Removed on success. Null = not resumable.
   */
  checkpointPath: string | null;
  /** Refuse to write more than this many bytes of target file (the confirmed size and the free space). */
  maxTargetBytes: number | null;
}

export interface ConvertResult {
  virtualBytes: number;
  targetBytes: number;
  fastIdentity: DiskIdentity;
  /** Fingerprint of every source layer, equal before and after (a change fails with `DISK_CHANGED`). */
  sourceFingerprint: string;
  resumedFromBytes: number;
}

export interface StructureReport {
  isSound: boolean;
  /** What was checked and found; for people. */
  problems: Message[];
}

export interface DiskEngine {
  /** The layers of a chain, from their headers only: no data is read. */
  chain(file: DiskFile, signal?: AbortSignal): Promise<DiskLayer[]>;
  /** The disks of an archive, in its order; empty where the file is none. */
  members(file: DiskFile, signal?: AbortSignal): Promise<ArchivedDisk[]>;
  inspect(file: DiskFile, signal?: AbortSignal): Promise<DiskInspection>;
  /** Where the bytes lie, in `partCount` equal parts; reads metadata only. */
  map(file: DiskFile, partCount: number, signal?: AbortSignal): Promise<DiskMap>;
  convert(job: ConvertJob, onProgress: (progress: ByteProgress) => void, signal?: AbortSignal): Promise<ConvertResult>;
  /** Reads the whole disk back. `fast` is bound by the disk, `content` by SHA-256. */
  identify(file: DiskFile, level: DiskIdentity['level'], onProgress: (progress: ByteProgress) => void, signal?: AbortSignal): Promise<DiskIdentity>;
  /** Tables, refcounts, footers: what `qemu-img check` would look at. */
  checkStructure(path: string, signal?: AbortSignal): Promise<StructureReport>;
  /** Null when both hold the same guest bytes, else the guest offset of the first difference (or the shorter size). */
  firstDifference(a: DiskFile, b: DiskFile, onProgress: (progress: ByteProgress) => void, signal?: AbortSignal): Promise<number | null>;
  /** Writes a new empty qcow2 whose backing file is `basePath` (stored relative when in the same folder), with its explicit format. */
  createOverlay(overlay: { path: string; basePath: string; policy: ChainPolicy }, signal?: AbortSignal): Promise<void>;
  /** Size, time and inode of every layer: equal answers mean that nothing was written meanwhile. */
  fingerprint(file: DiskFile, signal?: AbortSignal): Promise<string>;
  dispose(): Promise<void>;
}

/** The engine over worker threads. Errors come back as the `AppError` they were; an abort as the signal's reason. */
export class WorkerDiskEngine implements DiskEngine {
  readonly #leads = new LeadPool();

  async chain(file: DiskFile, signal?: AbortSignal): Promise<DiskLayer[]> {
    return (await this.#leads.runSmall({ kind: 'chain', file }, signal)) as DiskLayer[];
  }

  async members(file: DiskFile, signal?: AbortSignal): Promise<ArchivedDisk[]> {
    return (await this.#leads.runSmall({ kind: 'members', file }, signal)) as ArchivedDisk[];
  }

  async inspect(file: DiskFile, signal?: AbortSignal): Promise<DiskInspection> {
    return (await this.#leads.runSmall({ kind: 'inspect', file }, signal)) as DiskInspection;
  }

  async map(file: DiskFile, partCount: number, signal?: AbortSignal): Promise<DiskMap> {
    return (await this.#leads.runSmall({ kind: 'map', file, partCount }, signal)) as DiskMap;
  }

  async convert(job: ConvertJob, onProgress: (progress: ByteProgress) => void, signal?: AbortSignal): Promise<ConvertResult> {
    return (await this.#leads.run({ kind: 'convert', job }, onProgress, signal)) as ConvertResult;
  }

  async identify(
    file: DiskFile, level: DiskIdentity['level'], onProgress: (progress: ByteProgress) => void, signal?: AbortSignal,
  ): Promise<DiskIdentity> {
    return (await this.#leads.run({ kind: 'identify', file, level }, onProgress, signal)) as DiskIdentity;
  }

  async checkStructure(path: string, signal?: AbortSignal): Promise<StructureReport> {
    return (await this.#leads.runSmall({ kind: 'check', path }, signal)) as StructureReport;
  }

  async firstDifference(
    a: DiskFile, b: DiskFile, onProgress: (progress: ByteProgress) => void, signal?: AbortSignal,
  ): Promise<number | null> {
    return (await this.#leads.run({ kind: 'difference', first: a, second: b }, onProgress, signal)) as number | null;
  }

  async createOverlay(overlay: { path: string; basePath: string; policy: ChainPolicy }, signal?: AbortSignal): Promise<void> {
    await this.#leads.runSmall({ kind: 'overlay', ...overlay }, signal);
  }

  async fingerprint(file: DiskFile, signal?: AbortSignal): Promise<string> {
    return (await this.#leads.runSmall({ kind: 'fingerprint', file }, signal)) as string;
  }

  dispose(): Promise<void> {
    return this.#leads.dispose();
  }
}
