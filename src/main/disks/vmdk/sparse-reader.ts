/** The guest's view of one sparse VMDK extent: monolithicSparse, streamOptimized, or a part of a split disk. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { ExtentList, requireInsideDisk, type BlockReader } from '../block-reader.ts';
import type { Extent } from '../disk-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { wholeTables, type TableBudget } from '../table-budget.ts';
import { CompressedGrains } from './compressed-grains.ts';
import { GrainTables, readDirectory, type LoadedTables } from './grain-tables.ts';
import { sectorBytes, type SparseHeader } from './header.ts';

/** Grains whose places are kept at once to find sharing (256 MiB of memory). */
const maxCheckedGrains = 64 * 1024 ** 2;

interface Run {
  offset: number;
  length: number;
  kind: Extent['kind'];
  /** First sector of the grain at `offset`; 0 for zeros. */
  sector: number;
  sourceOffset: number;
}

export async function openSparseExtent(source: BlockSource, header: SparseHeader, signal?: AbortSignal): Promise<SparseReader> {
  return new SparseReader(source, header, await readDirectory(source, header, signal));
}

export class SparseReader implements BlockReader {
  readonly format = 'vmdk';
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly source: BlockSource;
  readonly #header: SparseHeader;
  readonly #tables: GrainTables;
  readonly #compressed: CompressedGrains;

  constructor(source: BlockSource, header: SparseHeader, directory: Uint32Array) {
    this.source = source;
    this.#header = header;
    this.virtualBytes = header.virtualBytes;
    this.clusterBytes = header.grainBytes;
    this.#tables = new GrainTables(source, header, directory);
    this.#compressed = new CompressedGrains(source, header);
  }

  async extents(offset: number, length: number, signal?: AbortSignal): Promise<Extent[]> {
    requireInsideDisk(this, offset, length);
    const list = new ExtentList();
    for await (const run of this.#runs(offset, length, signal)) {
      list.add({ offset: run.offset, length: run.length, kind: run.kind, layer: 0, sourceOffset: run.kind === 'data' ? run.sourceOffset : null });
    }
    return list.extents;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(length);
    await this.readInto(offset, target, signal);
    return target;
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    requireInsideDisk(this, offset, target.length);
    for await (const run of this.#runs(offset, target.length, signal)) {
      const part = target.subarray(run.offset - offset, run.offset - offset + run.length);
      if (run.kind === 'zero') part.fill(0);
      else if (run.kind === 'data') await this.source.readInto(run.sourceOffset, part, signal);
      else {
        const { grainBytes } = this.#header;
        const plain = await this.#compressed.read(Math.floor(run.offset / grainBytes), run.sector, signal);
        plain.copy(part, 0, run.offset % grainBytes, (run.offset % grainBytes) + run.length);
      }
    }
  }

  /** Every grain has a place of its own, apart from the tables. Compressed ones are checked again when read, by their marker. */
  async requireSound(signal?: AbortSignal, budget: TableBudget = wholeTables()): Promise<void> {
    const path = this.source.label;
    const { grainBytes, isCompressed, dataEndBytes, directoryOffset, directoryEntries, entriesPerTable } = this.#header;
    const size = isCompressed ? 1 : grainBytes / sectorBytes;
    const shared = (sector: number): CodedError => new CodedError('DISK_CLUSTER_SHARED', { path, position: sector * sectorBytes });
    // No more grains than fit the file can be told apart in it.
    const limit = Math.min(maxCheckedGrains, Math.floor(dataEndBytes / (size * sectorBytes)) + 1);
    let places = new Uint32Array(1024);
    let count = 0;
    for await (const run of this.#runs(0, this.#affordable(budget), signal)) {
      if (run.kind === 'zero') continue;
      for (let grain = 0; grain < Math.ceil(run.length / grainBytes); grain += 1) {
        if (count === limit) throw limit === maxCheckedGrains ? new CodedError('DISK_CHECK_TOO_LARGE', { path }) : shared(run.sector);
        if (count === places.length) places = grown(places, limit);
        places[count] = run.sector + grain * size;
        count += 1;
      }
    }
    const grains = places.subarray(0, count).sort();
    grains.forEach((sector, index) => {
      if (index > 0 && sector < (grains[index - 1] ?? 0) + size) throw shared(sector);
    });
    const tableSectors = Math.ceil((entriesPerTable * 4) / sectorBytes);
    const tables = this.#tables.directory.filter((sector) => sector !== 0).sort();
    const first = tables.findIndex((sector, index) => index > 0 && sector < (tables[index - 1] ?? 0) + tableSectors);
    if (first !== -1) throw new CodedError('DISK_TABLE_OVERLAP', { path, table: 'grain directory', position: (tables[first] ?? 0) * sectorBytes });
    const directory = directoryOffset / sectorBytes;
    requireApart(path, grains, size, new Uint32Array([directory]), Math.ceil((directoryEntries * 4) / sectorBytes));
    requireApart(path, grains, size, tables, tableSectors);
    requireApart(path, tables, tableSectors, new Uint32Array([directory]), Math.ceil((directoryEntries * 4) / sectorBytes));
  }

  /** Guest bytes from the start on whose tables may be read. */
  #affordable(budget: TableBudget): number {
    const tableBytes = this.#header.entriesPerTable * 4;
    const first = this.#tables.directory.findIndex((sector) => sector !== 0 && !budget.take(tableBytes));
    return first === -1 ? this.virtualBytes : Math.min(this.virtualBytes, first * this.#tables.bytesPerTable);
  }

  close(): Promise<void> {
    return this.source.close();
  }

  async *#runs(offset: number, length: number, signal?: AbortSignal): AsyncGenerator<Run> {
    const end = offset + length;
    for (let at = offset; at < end;) {
      const loaded = await this.#tables.load(at, end - at, signal);
      yield* this.#runsIn(loaded, at);
      at = loaded.endOffset;
    }
  }

  *#runsIn(loaded: LoadedTables, offset: number): Generator<Run> {
    const { grainBytes, isCompressed } = this.#header;
    const { bytesPerTable } = this.#tables;
    let open: Run | null = null;
    for (let at = offset; at < loaded.endOffset;) {
      const table = Math.floor(at / bytesPerTable);
      const isTable = loaded.tables.has(table);
      const within = at % grainBytes;
      const size = Math.min(isTable ? grainBytes - within : (table + 1) * bytesPerTable - at, loaded.endOffset - at);
      const sector = isTable ? this.#tables.sectorOf(loaded, Math.floor(at / grainBytes)) : 0;
      if (sector === 0 && open?.kind === 'zero') {
        open.length += size;
      } else {
        const run: Run = { offset: at, length: size, kind: sector === 0 ? 'zero' : isCompressed ? 'compressed' : 'data', sector, sourceOffset: sector * sectorBytes + within };
        this.#requirePlace(run, within);
        if (open?.kind === 'data' && run.kind === 'data' && run.sourceOffset === open.sourceOffset + open.length) {
          open.length += size;
        } else {
          if (open !== null) yield open;
          open = run;
        }
      }
      at += size;
    }
    if (open !== null) yield open;
  }

  #requirePlace(run: Run, within: number): void {
    if (run.kind === 'zero') return;
    const { dataEndBytes } = this.#header;
    const isInside = run.kind === 'data' ? run.sourceOffset + run.length <= dataEndBytes : run.sourceOffset - within < dataEndBytes;
    if (!isInside) throw new CodedError('DISK_TRUNCATED', { path: this.source.label, position: run.sourceOffset - within });
  }
}

function grown(places: Uint32Array, limit: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.min(places.length * 2, limit));
  larger.set(places);
  return larger;
}

/** Two sorted lists of places of fixed sizes must not touch each other, nor the header in sector 0. */
function requireApart(path: string, grains: Uint32Array, size: number, tables: Uint32Array, tableSize: number): void {
  let table = 0;
  for (const sector of grains) {
    while (table < tables.length && (tables[table] ?? 0) + tableSize <= sector) table += 1;
    const next = tables[table];
    if (sector === 0 || (next !== undefined && next < sector + size)) {
      throw new CodedError('DISK_TABLE_OVERLAP', { path, table: 'grain', position: sector * sectorBytes });
    }
  }
}
