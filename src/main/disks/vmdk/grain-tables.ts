/** The grain directory and grain tables of a sparse extent: where each grain lies. The directory is kept, tables are read when needed. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { isAllZero } from '../blocks.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { sectorBytes, type SparseHeader } from './header.ts';

/** Grain tables kept by one reader, in bytes; at least two of any size. */
const cacheBytes = 4 * 1024 ** 2;
const directoryWindowBytes = 1024 ** 2;

/** Special values of an entry: nothing there, and zeros on purpose. Both read as zeros, for linked disks are refused. */
const zeroedGrain = 1;

/** Sector numbers of the grain tables; 0 = none. */
export async function readDirectory(source: BlockSource, header: SparseHeader, signal?: AbortSignal): Promise<Uint32Array> {
  const path = source.label;
  const directory = new Uint32Array(header.directoryEntries);
  for (let first = 0; first < directory.length; first += directoryWindowBytes / 4) {
    const length = Math.min(directoryWindowBytes, (directory.length - first) * 4);
    const [bytes] = await source.read([{ offset: header.directoryOffset + first * 4, length }], signal);
    for (let at = 0; bytes !== undefined && at < length; at += 4) {
      const sector = bytes.readUInt32LE(at);
      if (sector * sectorBytes + header.entriesPerTable * 4 > header.dataEndBytes) {
        throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'grain directory', position: sector * sectorBytes });
      }
      directory[first + at / 4] = sector;
    }
  }
  return directory;
}

/** Tables by their number; those that the directory does not have, or that hold nothing, are not in it. */
export interface LoadedTables {
  /** Guest offset up to which they reach. */
  endOffset: number;
  tables: Map<number, Buffer>;
}

export class GrainTables {
  readonly #source: BlockSource;
  readonly #header: SparseHeader;
  readonly #cache = new Map<number, Buffer>();
  readonly directory: Uint32Array;
  /** Guest bytes that one grain table describes. */
  readonly bytesPerTable: number;
  readonly #tableBytes: number;

  constructor(source: BlockSource, header: SparseHeader, directory: Uint32Array) {
    this.#source = source;
    this.#header = header;
    this.directory = directory;
    this.bytesPerTable = header.grainBytes * header.entriesPerTable;
    this.#tableBytes = header.entriesPerTable * 4;
  }

  /** The tables for the start of a guest range, read in one request to the source: as many as the cache holds, at least two. */
  async load(offset: number, length: number, signal?: AbortSignal): Promise<LoadedTables> {
    const first = Math.floor(offset / this.bytesPerTable);
    const capacity = Math.max(2, Math.floor(cacheBytes / this.#tableBytes));
    const end = Math.min(Math.ceil((offset + length) / this.bytesPerTable), first + capacity);
    const found = new Map<number, Buffer>();
    const missing: number[] = [];
    for (let table = first; table < end; table += 1) {
      const kept = this.#cache.get(table);
      if (kept !== undefined) found.set(table, kept);
      else if ((this.directory[table] ?? 0) !== 0) missing.push(table);
    }
    const read = await this.#source.read(missing.map((table) => ({ offset: (this.directory[table] ?? 0) * sectorBytes, length: this.#tableBytes })), signal);
    missing.forEach((table, index) => found.set(table, read[index] ?? Buffer.alloc(this.#tableBytes)));
    const tables = new Map<number, Buffer>();
    for (const [table, bytes] of found) {
      // Used last, so they go last.
      this.#cache.delete(table);
      this.#cache.set(table, bytes);
      // Programs allocate all tables of an empty disk; walking their entries one by one would take seconds a terabyte.
      if (!isAllZero(bytes)) tables.set(table, bytes);
    }
    for (const table of this.#cache.keys()) {
      if (this.#cache.size <= capacity) break;
      this.#cache.delete(table);
    }
    return { endOffset: Math.min(offset + length, end * this.bytesPerTable), tables };
  }

  /** The sector of a grain, 0 where it reads as zeros. */
  sectorOf({ tables }: LoadedTables, grain: number): number {
    const table = tables.get(Math.floor(grain / this.#header.entriesPerTable));
    if (table === undefined) return 0;
    const sector = table.readUInt32LE((grain % this.#header.entriesPerTable) * 4);
    return sector === zeroedGrain && this.#header.hasZeroedGrains ? 0 : sector;
  }
}
