/** The metadata region of a VHDX file: block size, virtual size, sector size. Items that are required and unknown are refused. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { requireBoundedSize } from '../block-reader.ts';
import { readU64Le } from '../little-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { guidAt, mebibyte, type Region } from './headers.ts';

const tableBytes = 64 * 1024;
const maxItems = 2047;

/** The known items, and how many bytes of each are read. */
const items = {
  caa16737fa364d43b3b633f0aa44e76b: { name: 'file parameters', bytes: 8 },
  '2fa54224cd1b4876b2115dbed83bf4b8': { name: 'virtual disk size', bytes: 8 },
  '8141bf1da96f4709ba47f233a8faab5f': { name: 'logical sector size', bytes: 4 },
  cda348c7445d44719cc9e9885251c556: { name: 'physical sector size', bytes: 4 },
  beca12abb2e6452393efc309e000c746: { name: 'disk identifier', bytes: 16 },
  a8d35f2db30b454dabf7d3d84834ab0c: { name: 'parent locator', bytes: 0 },
} as const;

export interface VhdxMetadata {
  blockBytes: number;
  virtualBytes: number;
  logicalSectorBytes: 512 | 4096;
  /** All blocks are kept allocated. */
  isFixed: boolean;
}

export async function readVhdxMetadata(source: BlockSource, region: Region, signal?: AbortSignal): Promise<VhdxMetadata> {
  const path = source.label;
  const values = await readItems(source, region, signal);
  const value = (name: string): Buffer => {
    const bytes = values.get(name);
    if (bytes === undefined) throw new CodedError('DISK_PART_DAMAGED', { path, part: `metadata (${name})` });
    return bytes;
  };
  const impossible = (field: string, found: number): CodedError => new CodedError('DISK_HEADER_FIELD', { path, field, value: String(found) });
  const parameters = value('file parameters');
  const blockBytes = parameters.readUInt32LE(0);
  const flags = parameters.readUInt32LE(4);
  if ((flags & 2) !== 0 || values.has('parent locator')) throw new CodedError('DISK_VHDX_DIFFERENCING', { path });
  if (blockBytes < mebibyte || blockBytes > 256 * mebibyte || (blockBytes & (blockBytes - 1)) !== 0) throw impossible('block size', blockBytes);
  const logicalSectorBytes = value('logical sector size').readUInt32LE(0);
  if (logicalSectorBytes !== 512 && logicalSectorBytes !== 4096) throw impossible('logical sector size', logicalSectorBytes);
  const virtualBytes = readU64Le(value('virtual disk size'), 0);
  if (virtualBytes === 0) throw new CodedError('DISK_EMPTY', { path });
  requireBoundedSize(path, virtualBytes);
  if (virtualBytes % logicalSectorBytes !== 0) throw impossible('virtual disk size', virtualBytes);
  return { blockBytes, virtualBytes, logicalSectorBytes, isFixed: (flags & 1) !== 0 };
}

async function readItems(source: BlockSource, region: Region, signal?: AbortSignal): Promise<Map<string, Buffer>> {
  const path = source.label;
  const damaged = (): CodedError => new CodedError('DISK_PART_DAMAGED', { path, part: 'metadata' });
  const [table] = await source.read([{ offset: region.offset, length: tableBytes }], signal);
  if (table === undefined || table.toString('latin1', 0, 8) !== 'metadata') throw damaged();
  const count = table.readUInt16LE(10);
  if (count > maxItems) throw new CodedError('DISK_HEADER_FIELD', { path, field: 'metadata count', value: String(count) });
  const values = new Map<string, Buffer>();
  for (let at = 32; at < 32 + count * 32; at += 32) {
    const guid = guidAt(table, at);
    const flags = table.readUInt32LE(at + 24);
    const isUserItem = (flags & 1) !== 0;
    const known = isUserItem ? undefined : (items as Readonly<Record<string, { name: string; bytes: number }>>)[guid];
    if (known === undefined) {
      if ((flags & 4) !== 0) throw new CodedError('DISK_REQUIRED_UNKNOWN', { path, feature: `metadata ${guid}` });
      continue;
    }
    const offset = table.readUInt32LE(at + 16);
    const length = table.readUInt32LE(at + 20);
    if (offset < tableBytes || offset + length > region.length || length < known.bytes || values.has(known.name)) throw damaged();
    const [bytes] = await source.read([{ offset: region.offset + offset, length: known.bytes }], signal);
    values.set(known.name, bytes ?? Buffer.alloc(0));
  }
  return values;
}
