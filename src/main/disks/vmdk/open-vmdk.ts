/**
 * Opens a VMDK: one sparse file, or a descriptor whose extents lie in other files. The descriptor comes from untrusted bytes, so a name
 * in it may only be that of a file in the same folder; how such a file is opened, and whether, is the caller's decision.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { requireBoundedSize, type BlockReader } from '../block-reader.ts';
import { RawReader } from '../raw/raw-reader.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { WindowSource } from '../sources/window-source.ts';
import { maxDescriptorFileBytes, parseDescriptor, type DescribedExtent } from './descriptor.ts';
import { readSparseHeader, vmdkMagic } from './header.ts';
import { MultiExtentReader, type DiskPart } from './multi-extent-reader.ts';
import { openSparseExtent } from './sparse-reader.ts';

/** Opens the file of that name beside the disk; refuses what may not be opened. The name holds no separator. */
export type OpenSibling = (name: string) => Promise<BlockSource>;

export interface OpenVmdk {
  reader: BlockReader;
  /** `monolithicSparse`, `streamOptimized`, … */
  kind: string;
  isCompressed: boolean;
}

const oneFile: ReadonlySet<string> = new Set(['monolithicSparse', 'streamOptimized']);
const severalFiles: ReadonlySet<string> = new Set(['monolithicFlat', 'vmfs', 'vmfsThin', 'vmfsEagerZeroedThick', 'twoGbMaxExtentFlat', 'twoGbMaxExtentSparse']);

export async function openVmdk(source: BlockSource, openSibling: OpenSibling, signal?: AbortSignal): Promise<OpenVmdk> {
  const [start] = await source.read([{ offset: 0, length: Math.min(vmdkMagic.length, source.sizeBytes) }], signal);
  return start?.equals(vmdkMagic) === true ? openOneFile(source, signal) : openDescriptorFile(source, openSibling, signal);
}

async function openOneFile(source: BlockSource, signal?: AbortSignal): Promise<OpenVmdk> {
  const path = source.label;
  const header = await readSparseHeader(source, signal);
  if (header.descriptor === null) throw new CodedError('DISK_VMDK_PART', { path });
  const [text] = await source.read([header.descriptor], signal);
  const { kind, extents } = parseDescriptor(path, text ?? Buffer.alloc(0));
  const [extent, other] = extents;
  // The extent's name is the file's own, before it was renamed; it is not looked at.
  if (!oneFile.has(kind) || extent?.kind !== 'sparse' || other !== undefined) throw new CodedError('DISK_VMDK_KIND', { path, kind });
  if (extent.lengthBytes !== header.virtualBytes) throw new CodedError('DISK_COPIES_DISAGREE', { path, part: 'size' });
  return { reader: await openSparseExtent(source, header, signal), kind, isCompressed: header.isCompressed };
}

async function openDescriptorFile(source: BlockSource, openSibling: OpenSibling, signal?: AbortSignal): Promise<OpenVmdk> {
  const path = source.label;
  if (source.sizeBytes > maxDescriptorFileBytes) throw new CodedError('DISK_HEADER_FIELD', { path, field: 'descriptor size', value: String(source.sizeBytes) });
  const [text] = await source.read([{ offset: 0, length: source.sizeBytes }], signal);
  const { kind, extents } = parseDescriptor(path, text ?? Buffer.alloc(0));
  if (!severalFiles.has(kind)) throw new CodedError('DISK_VMDK_KIND', { path, kind });
  requireBoundedSize(path, extents.reduce((total, extent) => total + extent.lengthBytes, 0));
  const names = extents.flatMap(({ name }) => (name === null ? [] : [name]));
  for (const name of names) requirePlainName(path, name);
  // One file behind two extents: the same bytes at two places of the disk.
  if (new Set(names).size !== names.length) throw new CodedError('DISK_CLUSTER_SHARED', { path, position: 0 });
  const parts: DiskPart[] = [];
  try {
    for (const extent of extents) parts.push(await openPart(extent, openSibling, signal));
  } catch (error) {
    for (const part of parts) await part.reader?.close();
    throw error;
  }
  return { reader: new MultiExtentReader(parts), kind, isCompressed: false };
}

/** A name that leads nowhere but to a file beside the descriptor, on every operating system. */
function requirePlainName(path: string, name: string): void {
  if (name === '' || name === '.' || name === '..' || /[/\\:\p{Cc}]/u.test(name)) {
    throw new CodedError('DISK_EXTENT_NAME', { path, name: name.replace(/\p{Cc}/gu, '\ufffd').slice(0, 200) });
  }
}

async function openPart(extent: DescribedExtent, openSibling: OpenSibling, signal?: AbortSignal): Promise<DiskPart> {
  const { lengthBytes, name, kind, offsetBytes } = extent;
  if (name === null) return { lengthBytes, reader: null, fileOffset: 0 };
  const source = await openSibling(name);
  try {
    if (kind === 'sparse') {
      const header = await readSparseHeader(source, signal);
      if (header.virtualBytes !== lengthBytes) throw new CodedError('DISK_COPIES_DISAGREE', { path: source.label, part: 'size' });
      return { lengthBytes, reader: await openSparseExtent(source, header, signal), fileOffset: 0 };
    }
    if (offsetBytes + lengthBytes > source.sizeBytes) throw new CodedError('DISK_TRUNCATED', { path: source.label, position: source.sizeBytes });
    return { lengthBytes, reader: new RawReader(new WindowSource(source, source.label, offsetBytes, lengthBytes)), fileOffset: offsetBytes };
  } catch (error) {
    await source.close();
    throw error;
  }
}
