/**
 * The guest's view of a VHDX file, fixed or dynamic, with its log replayed in memory. Block states 0 to 3 read as zeros (a disk
 * without a parent has nothing else to give), 6 is data, 7 belongs to differencing disks only.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { ExtentList, requireInsideDisk, type BlockReader } from '../block-reader.ts';
import type { Extent } from '../disk-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { hasLog, mebibyte, readVhdxHeader, readVhdxRegions, type VhdxHeader, type VhdxRegions } from './headers.ts';
import { readVhdxLog } from './log.ts';
import { readVhdxMetadata, type VhdxMetadata } from './metadata.ts';
import { PatchedSource } from './patches.ts';

/** 64 MiB of table in memory: 16 TiB in the smallest blocks, all 64 TiB in those that programs choose. */
const maxBlocks = 2 ** 24;
const tableWindowBytes = 1024 ** 2;

const state = { notPresent: 0, undefined: 1, zero: 2, unmapped: 3, fullyPresent: 6, partlyPresent: 7 } as const;

export interface VhdxLayout {
  header: VhdxHeader;
  regions: VhdxRegions;
  metadata: VhdxMetadata;
  /** Where each block lies, in MiB; 0 = it reads as zeros. */
  blocks: Uint32Array;
  hasReplayedLog: boolean;
}

/** Opens a VHDX file; everything but the guest's data is read and bounded here. */
export async function openVhdx(source: BlockSource, signal?: AbortSignal): Promise<VhdxReader> {
  const header = await readVhdxHeader(source, signal);
  const replayed = hasLog(header) ? new PatchedSource(source, await readVhdxLog(source, header, signal)) : source;
  const regions = await readVhdxRegions(replayed, header, signal);
  const metadata = await readVhdxMetadata(replayed, regions.metadata, signal);
  const blocks = await readBlocks(replayed, regions, metadata, signal);
  return new VhdxReader(replayed, { header, regions, metadata, blocks, hasReplayedLog: replayed !== source });
}

/** The BAT, without the sector bitmap blocks that follow every `ratio` payload blocks. */
async function readBlocks(source: BlockSource, regions: VhdxRegions, metadata: VhdxMetadata, signal?: AbortSignal): Promise<Uint32Array> {
  const path = source.label;
  const count = Math.ceil(metadata.virtualBytes / metadata.blockBytes);
  const ratio = (2 ** 23 * metadata.logicalSectorBytes) / metadata.blockBytes;
  const entries = count + Math.floor((count - 1) / ratio);
  if (count > maxBlocks) throw new CodedError('DISK_HEADER_FIELD', { path, field: 'block size', value: String(metadata.blockBytes) });
  if (entries * 8 > regions.bat.length) throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'BAT', position: regions.bat.offset + regions.bat.length });
  const blocks = new Uint32Array(count);
  for (let first = 0; first < entries; first += tableWindowBytes / 8) {
    const length = Math.min(tableWindowBytes, (entries - first) * 8);
    const [bytes] = await source.read([{ offset: regions.bat.offset + first * 8, length }], signal);
    for (let at = 0; bytes !== undefined && at < length; at += 8) {
      const entry = first + at / 8;
      const chunk = Math.floor(entry / (ratio + 1));
      const within = entry % (ratio + 1);
      if (within === ratio) continue;
      const block = chunk * ratio + within;
      blocks[block] = placeOf(source, metadata, block, bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
    }
  }
  return blocks;
}

/** One entry: the state in bits 0 to 2, the place in MiB from bit 20. */
function placeOf(source: BlockSource, metadata: VhdxMetadata, block: number, low: number, high: number): number {
  const path = source.label;
  const kind = low & 7;
  if (kind === state.notPresent || kind === state.undefined || kind === state.zero || kind === state.unmapped) return 0;
  if (kind === state.partlyPresent) throw new CodedError('DISK_VHDX_DIFFERENCING', { path });
  if (kind !== state.fullyPresent) throw new CodedError('DISK_HEADER_FIELD', { path, field: 'block state', value: String(kind) });
  const place = high * 4096 + (low >>> 20);
  const length = bytesOfBlock(metadata, block);
  // A place of 4 PiB and more would not fit the table, and no file system has such files.
  if (place === 0 || place > 0xffffffff) throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'BAT', position: Math.min(place * mebibyte, Number.MAX_SAFE_INTEGER) });
  if (place * mebibyte + length > source.sizeBytes) throw new CodedError('DISK_TRUNCATED', { path, position: place * mebibyte });
  return place;
}

function bytesOfBlock({ blockBytes, virtualBytes }: VhdxMetadata, block: number): number {
  return Math.min(blockBytes, virtualBytes - block * blockBytes);
}

export class VhdxReader implements BlockReader {
  readonly format = 'vhdx';
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly layout: VhdxLayout;
  readonly source: BlockSource;

  constructor(source: BlockSource, layout: VhdxLayout) {
    this.source = source;
    this.layout = layout;
    this.virtualBytes = layout.metadata.virtualBytes;
    this.clusterBytes = layout.metadata.blockBytes;
  }

  extents(offset: number, length: number): Promise<Extent[]> {
    requireInsideDisk(this, offset, length);
    const list = new ExtentList();
    for (let at = offset; at < offset + length;) {
      const part = this.#part(at, offset + length - at);
      list.add({ offset: at, length: part.length, kind: part.sourceOffset === null ? 'zero' : 'data', layer: 0, sourceOffset: part.sourceOffset });
      at += part.length;
    }
    return Promise.resolve(list.extents);
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(length);
    await this.readInto(offset, target, signal);
    return target;
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    requireInsideDisk(this, offset, target.length);
    for (let done = 0; done < target.length;) {
      const part = this.#part(offset + done, target.length - done);
      const bytes = target.subarray(done, done + part.length);
      if (part.sourceOffset === null) bytes.fill(0);
      else await this.source.readInto(part.sourceOffset, bytes, signal);
      done += part.length;
    }
  }

  /** Every block has a place of its own, apart from the tables. */
  requireSound(): Promise<void> {
    const { header, regions, blocks, metadata } = this.layout;
    const path = this.source.label;
    const used = blocks.filter((place) => place !== 0).sort();
    // The last block may end where the disk does; the smallest length of any block decides what is sharing for sure.
    const stride = metadata.blockBytes / mebibyte;
    const last = blocks.at(-1) ?? 0;
    const places = [regions.bat, regions.metadata, { name: 'log', offset: header.logOffset, length: header.logBytes }];
    used.forEach((place, index) => {
      const next = used[index + 1];
      const size = place === last ? Math.ceil(bytesOfBlock(metadata, blocks.length - 1) / mebibyte) : stride;
      if (next !== undefined && place + size > next) throw new CodedError('DISK_CLUSTER_SHARED', { path, position: next * mebibyte });
      const start = place * mebibyte;
      const table = places.find((region) => start < region.offset + region.length && start + size * mebibyte > region.offset);
      if (table !== undefined) throw new CodedError('DISK_TABLE_OVERLAP', { path, table: table.name, position: start });
    });
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.source.close();
  }

  /** The run of bytes at `offset` that lie together; null = zeros. */
  #part(offset: number, wanted: number): { length: number; sourceOffset: number | null } {
    const { blockBytes } = this.layout.metadata;
    const within = offset % blockBytes;
    const length = Math.min(wanted, blockBytes - within);
    const place = this.layout.blocks[Math.floor(offset / blockBytes)] ?? 0;
    return { length, sourceOffset: place === 0 ? null : place * mebibyte + within };
  }
}
