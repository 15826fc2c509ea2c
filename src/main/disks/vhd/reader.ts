/**
 * The guest's view of a VHD file, fixed or dynamic. The sector bitmap of a dynamic block is not looked at, as in every other
 * reader: sectors never written hold zeros there anyway, and only differencing disks give the bitmap a meaning.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { ExtentList, requireBoundedSize, requireInsideDisk, type BlockReader } from '../block-reader.ts';
import type { Extent } from '../disk-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { dynamicHeaderBytes, readBlockTable, readDynamicHeader, unusedBlock, type DynamicHeader } from './dynamic-header.ts';
import { findTailFooter, footerBytes, parseFooter, requireSameFooter, vhdVirtualBytes, type VhdFooter, type VhdVariant } from './footer.ts';

export interface VhdLayout {
  variant: VhdVariant;
  virtualBytes: number;
  footer: VhdFooter;
  /** Null for a fixed disk. */
  header: DynamicHeader | null;
  /** Empty for a fixed disk. */
  table: Uint32Array;
  /** Where blocks must end: the footer at the end, or the end of the file where it is missing. */
  dataEndBytes: number;
  hasTailFooter: boolean;
}

/** Reads footer, header and table with all their bounds; saved states are refused. A differencing disk is read by its own reader. */
export async function readVhdLayout(source: BlockSource, signal?: AbortSignal): Promise<VhdLayout> {
  const path = source.label;
  const tail = await findTailFooter(source, signal);
  const [start] = await source.read([{ offset: 0, length: Math.min(footerBytes, source.sizeBytes) }], signal);
  const head = start !== undefined && start.length === footerBytes ? parseFooter(start) : null;
  const footer = tail?.footer ?? head;
  if (footer === null) throw new CodedError('DISK_VHD_FOOTER_DAMAGED', { path });
  if (footer.isSavedState) throw new CodedError('DISK_SAVED_STATE', { path });
  if (tail !== null && head !== null && footer.variant !== 'fixed') requireSameFooter(path, tail.footer, head);
  const virtualBytes = vhdVirtualBytes(footer);
  if (virtualBytes === 0) throw new CodedError('DISK_EMPTY', { path });
  requireBoundedSize(path, virtualBytes);
  if (virtualBytes % 512 !== 0) throw new CodedError('DISK_HEADER_FIELD', { path, field: 'current size', value: String(virtualBytes) });
  const dataEndBytes = source.sizeBytes - (tail?.footerBytes ?? 0);
  const common = { variant: footer.variant, virtualBytes, footer, dataEndBytes, hasTailFooter: tail !== null };
  if (footer.variant === 'fixed') {
    if (tail === null || virtualBytes > dataEndBytes) throw new CodedError('DISK_TRUNCATED', { path, position: dataEndBytes });
    return { ...common, header: null, table: new Uint32Array(0) };
  }
  const header = await readDynamicHeader(source, footer.dataOffset, virtualBytes, signal);
  const table = await readBlockTable(source, header, Math.ceil(virtualBytes / header.blockBytes), signal);
  return { ...common, header, table };
}

export class VhdReader implements BlockReader {
  readonly format = 'vhd';
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly layout: VhdLayout;
  readonly source: BlockSource;

  constructor(source: BlockSource, layout: VhdLayout) {
    this.source = source;
    this.layout = layout;
    this.virtualBytes = layout.virtualBytes;
    this.clusterBytes = layout.header?.blockBytes ?? 0;
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

  close(): Promise<void> {
    return this.source.close();
  }

  /** The run of bytes at `offset` that lie together; null = not allocated. */
  #part(offset: number, wanted: number): { length: number; sourceOffset: number | null } {
    const { header, table } = this.layout;
    if (header === null) return { length: wanted, sourceOffset: offset };
    const within = offset % header.blockBytes;
    const length = Math.min(wanted, header.blockBytes - within);
    const sector = table[Math.floor(offset / header.blockBytes)] ?? unusedBlock;
    if (sector === unusedBlock) return { length, sourceOffset: null };
    return { length, sourceOffset: sector * 512 + header.bitmapBytes + within };
  }
}

/**
 * Every entry of the table must lead to a block of its own, behind the table and before the footer. Refuses overlaps and blocks
 * outside the file; gives the number of allocated blocks.
 */
export function requireSoundTable(path: string, layout: VhdLayout): number {
  const { header, table } = layout;
  if (header === null) return 0;
  const strideSectors = (header.bitmapBytes + header.blockBytes) / 512;
  const headerEnd = Math.max(header.tableOffset + header.maxEntries * 4, layout.footer.dataOffset + dynamicHeaderBytes);
  const firstSector = Math.ceil(headerEnd / 512);
  const used = table.filter((sector) => sector !== unusedBlock).sort();
  used.forEach((sector, index) => {
    if (sector < firstSector) throw new CodedError('DISK_TABLE_OVERLAP', { path, table: 'BAT', position: sector * 512 });
    if ((sector + strideSectors) * 512 > layout.dataEndBytes) throw new CodedError('DISK_TRUNCATED', { path, position: sector * 512 });
    if (index > 0 && sector < (used[index - 1] ?? 0) + strideSectors) throw new CodedError('DISK_CLUSTER_SHARED', { path, position: sector * 512 });
  });
  return used.length;
}
