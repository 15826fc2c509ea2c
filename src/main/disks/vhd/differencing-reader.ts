/**
 * The guest's view of a differencing VHD: each block has a bitmap with one bit a sector that says whether this file or its parent
 * holds it. QEMU does not look at the bitmap; libvhdi does, and is what this is checked against.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { ExtentList, requireInsideDisk, type BlockReader } from '../block-reader.ts';
import type { Extent } from '../disk-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { unusedBlock, type DynamicHeader } from './dynamic-header.ts';
import { requireSoundTable, type VhdLayout } from './reader.ts';

const sectorBytes = 512;
/** Bitmaps kept by one reader: 4096 of the usual 512 bytes. */
const cacheBytes = 2 * 1024 ** 2;

interface Run {
  offset: number;
  length: number;
  /** Null = the parent holds it. */
  sourceOffset: number | null;
}

export class DifferencingVhdReader implements BlockReader {
  readonly format = 'vhd';
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly source: BlockSource;
  readonly backing: BlockReader;
  readonly layout: VhdLayout;
  readonly #header: DynamicHeader;
  readonly #bitmaps = new Map<number, Buffer>();

  constructor(source: BlockSource, layout: VhdLayout, header: DynamicHeader, parent: BlockReader) {
    this.source = source;
    this.backing = parent;
    this.virtualBytes = layout.virtualBytes;
    this.clusterBytes = header.blockBytes;
    this.layout = layout;
    this.#header = header;
  }

  async extents(offset: number, length: number, signal?: AbortSignal): Promise<Extent[]> {
    requireInsideDisk(this, offset, length);
    const list = new ExtentList();
    for (const run of await this.#runs(offset, length, signal)) {
      if (run.sourceOffset !== null) list.add({ offset: run.offset, length: run.length, kind: 'data', layer: 0, sourceOffset: run.sourceOffset });
      else for (const extent of await this.#extentsBelow(run, signal)) list.add(extent);
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
    for (const run of await this.#runs(offset, target.length, signal)) {
      const part = target.subarray(run.offset - offset, run.offset - offset + run.length);
      if (run.sourceOffset !== null) await this.source.readInto(run.sourceOffset, part, signal);
      else await this.#readBelow(run.offset, part, signal);
    }
  }

  requireSound(): Promise<void> {
    requireSoundTable(this.source.label, this.layout);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.source.close();
    await this.backing.close();
  }

  async #extentsBelow(run: Run, signal?: AbortSignal): Promise<Extent[]> {
    const stored = Math.max(0, Math.min(run.length, this.backing.virtualBytes - run.offset));
    const extents = stored === 0 ? [] : await this.backing.extents(run.offset, stored, signal);
    return [
      ...extents.map((extent) => ({ ...extent, layer: extent.layer + 1 })),
      { offset: run.offset + stored, length: run.length - stored, kind: 'zero' as const, layer: 0, sourceOffset: null },
    ];
  }

  /** A disk may have been made larger than its parent: what lies past the parent's end reads as zeros. */
  async #readBelow(offset: number, part: Buffer, signal?: AbortSignal): Promise<void> {
    const stored = Math.max(0, Math.min(part.length, this.backing.virtualBytes - offset));
    if (stored > 0) await this.backing.readInto(offset, part.subarray(0, stored), signal);
    part.fill(0, stored);
  }

  async #runs(offset: number, length: number, signal?: AbortSignal): Promise<Run[]> {
    const { blockBytes, bitmapBytes } = this.#header;
    const end = offset + length;
    const runs: Run[] = [];
    for (let at = offset; at < end;) {
      const bitmaps = await this.#loadBitmaps(Math.floor(at / blockBytes), Math.ceil(end / blockBytes), signal);
      for (const [block, bitmap] of bitmaps) {
        const start = block * blockBytes;
        const stop = Math.min(end, start + blockBytes);
        const data = (this.layout.table[block] ?? 0) * sectorBytes + bitmapBytes;
        while (at < stop) {
          const sector = Math.floor((at - start) / sectorBytes);
          const isHere = bitmap !== null && bitAt(bitmap, sector);
          const next = bitmap === null ? stop : Math.min(stop, start + runEnd(bitmap, sector, isHere) * sectorBytes);
          push(runs, { offset: at, length: next - at, sourceOffset: isHere ? data + at - start : null });
          at = next;
        }
      }
    }
    return runs;
  }

  /** Bitmaps of the blocks from `first` on, in order, as many as the cache holds; null = the block is not allocated. */
  async #loadBitmaps(first: number, end: number, signal?: AbortSignal): Promise<Map<number, Buffer | null>> {
    const { bitmapBytes } = this.#header;
    const capacity = Math.max(1, Math.floor(cacheBytes / bitmapBytes));
    const loaded = new Map<number, Buffer | null>();
    const missing: number[] = [];
    for (let block = first; block < Math.min(end, first + capacity); block += 1) {
      const isAllocated = (this.layout.table[block] ?? unusedBlock) !== unusedBlock;
      const kept = this.#bitmaps.get(block);
      if (isAllocated && kept === undefined) missing.push(block);
      loaded.set(block, kept ?? null);
    }
    for (const block of missing) this.#requireInside(block);
    const bitmaps = await this.source.read(missing.map((block) => ({ offset: (this.layout.table[block] ?? 0) * sectorBytes, length: bitmapBytes })), signal);
    missing.forEach((block, index) => {
      const bitmap = bitmaps[index] ?? Buffer.alloc(bitmapBytes);
      loaded.set(block, bitmap);
      this.#bitmaps.set(block, bitmap);
    });
    for (const block of this.#bitmaps.keys()) {
      if (this.#bitmaps.size <= capacity) break;
      this.#bitmaps.delete(block);
    }
    return loaded;
  }

  #requireInside(block: number): void {
    const position = (this.layout.table[block] ?? 0) * sectorBytes;
    const { bitmapBytes, blockBytes } = this.#header;
    if (position + bitmapBytes + blockBytes > this.layout.dataEndBytes) throw new CodedError('DISK_TRUNCATED', { path: this.source.label, position });
  }
}

/** The first sector of a block is the highest bit of the first byte. */
function bitAt(bitmap: Buffer, sector: number): boolean {
  return ((bitmap[sector >>> 3] ?? 0) & (0x80 >>> (sector & 7))) !== 0;
}

/** The sector at which a run of equal bits ends, at most one past the bitmap. */
function runEnd(bitmap: Buffer, sector: number, isSet: boolean): number {
  const whole = isSet ? 0xff : 0;
  let at = sector;
  while (at < bitmap.length * 8) {
    if ((at & 7) === 0 && bitmap[at >>> 3] === whole) at += 8;
    else if (bitAt(bitmap, at) === isSet) at += 1;
    else break;
  }
  return at;
}

function push(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  const continues = last !== undefined && (run.sourceOffset === null ? last.sourceOffset === null : run.sourceOffset === (last.sourceOffset ?? -Infinity) + last.length);
  if (continues) last.length += run.length;
  else runs.push(run);
}
