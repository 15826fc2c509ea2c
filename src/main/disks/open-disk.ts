/** Opens a disk file of any format that is read, with the chain below it. Nothing is written, nothing outside the policy followed. */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { DiskFormat, DiskLayer } from '../../shared/model/disk.ts';
import type { BlockReader } from './block-reader.ts';
import { maxChainDepth, resolveBacking, type NamingDisk } from './chain.ts';
import { detectFormat } from './detect.ts';
import type { ChainPolicy, DiskFile } from './disk-engine.ts';
import type { FileSourceOptions } from './file-source.ts';
import { placeOf, type FilePlace } from './places/file-place.ts';
import type { StatedChecksum } from './ova/manifest.ts';
import { parseQcow2Header, qcow2ClusterBytes, type Qcow2Header } from './qcow2/header.ts';
import { Qcow2Reader } from './qcow2/reader.ts';
import { headerOfSnapshot, readSnapshots, type InternalSnapshot } from './qcow2/snapshots.ts';
import { readL1 } from './qcow2/tables.ts';
import { RawReader } from './raw/raw-reader.ts';
import type { BlockSource } from './sources/block-source.ts';
import { WindowSource } from './sources/window-source.ts';
import { readVhdParent } from './vhd/differencing-header.ts';
import { requireSameParent, resolveVhdParent } from './vhd/differencing-parent.ts';
import { DifferencingVhdReader } from './vhd/differencing-reader.ts';
import { readVhdLayout, VhdReader } from './vhd/reader.ts';

export interface OpenDisk {
  reader: BlockReader;
  /** The file asked about first. */
  layers: DiskLayer[];
  /** Every file that is read, the one asked about first; closed with the reader. */
  sources: BlockSource[];
  /** Of the file asked about. */
  snapshots: InternalSnapshot[];
  /** A disk of an archive whose manifest gives a checksum for it: the bytes that it is of. */
  checksum?: { member: BlockSource; stated: StatedChecksum };
}

/** What a backing format may be called in a header. `vpc` is QEMU's name for VHD. */
const backingFormats: Readonly<Record<string, DiskFormat>> = { raw: 'raw', qcow2: 'qcow2', vpc: 'vhd', vhdx: 'vhdx', vmdk: 'vmdk' };

/** What stays the same while a chain is opened. */
interface Opening {
  policy: ChainPolicy;
  place: FilePlace;
  sources: BlockSource[];
  /** What tells the chain's files apart, one a source. */
  keys: Set<string>;
  signal: AbortSignal | undefined;
}

/** An open file, and its path as its place names it: names in it are looked for from there. */
interface Located {
  path: string;
  source: BlockSource;
}

/** Which disk of a file that holds several. Only the file asked about is chosen in. */
type Choice = Pick<DiskFile, 'member' | 'snapshot'>;

/** Opens the chain; the caller closes the reader, which closes every layer. */
export async function openDisk(file: DiskFile, signal?: AbortSignal, options: FileSourceOptions = {}): Promise<OpenDisk> {
  const opening: Opening = { policy: file.policy, place: placeOf(file, options), sources: [], keys: new Set(), signal };
  return closingOnFailure(opening, () => openFile(file.path, null, file, opening));
}

/** Opens a disk that any source holds, a remote one for example; it is closed with the reader. No other file is followed. */
export async function openDiskFrom(source: BlockSource, choice: Choice = {}, signal?: AbortSignal): Promise<OpenDisk> {
  const opening: Opening = { policy: { roots: [] }, place: placeOf({}, {}), sources: [source], keys: new Set(), signal };
  return closingOnFailure(opening, () => openSource({ path: source.label, source }, null, choice, opening));
}

async function closingOnFailure(opening: Opening, open: () => Promise<OpenDisk>): Promise<OpenDisk> {
  try {
    return await open();
  } catch (error) {
    for (const source of opening.sources) await source.close();
    throw error;
  }
}

/** @param stated the format that the overlay's header gives; null = found out from the bytes (only for the file asked about). */
async function openFile(path: string, stated: DiskFormat | null, choice: Choice, opening: Opening): Promise<OpenDisk> {
  opening.signal?.throwIfAborted();
  return openSource(await addFile({ path, source: await opening.place.open(path, opening.signal) }, opening), stated, choice, opening);
}

/** Counts a file to the chain; refuses one that is in it already. Where a place has no inodes, the resolved path tells files apart. */
async function addFile(file: Located, { sources, keys }: Opening): Promise<Located> {
  const { source } = file;
  const key = source.inode ?? `path ${file.path}`;
  if (keys.has(key)) {
    await source.close();
    throw new CodedError('DISK_CHAIN_LOOP', { path: source.label });
  }
  keys.add(key);
  sources.push(source);
  return file;
}

async function openSource(file: Located, stated: DiskFormat | null, choice: Choice, opening: Opening): Promise<OpenDisk> {
  const { source } = file;
  const path = source.label;
  const { signal, sources } = opening;
  if (sources.length > maxChainDepth) throw new CodedError('DISK_CHAIN_TOO_LONG', { path, limit: maxChainDepth });
  const format = stated === 'raw' ? 'raw' : (await detectFormat(source, signal)).format;
  if (stated !== null && stated !== format) throw new CodedError('DISK_BACKING_FORMAT_WRONG', { path, stated, found: format });
  if (choice.snapshot !== undefined && format !== 'qcow2' && format !== 'ova') throw new CodedError('DISK_SNAPSHOT_NOT_FOUND', { path, snapshot: choice.snapshot });
  if (choice.member !== undefined && format !== 'ova') throw new CodedError('DISK_OVA_NO_MEMBER', { path, name: choice.member });
  switch (format) {
    case 'ova':
      return openMember(file, choice, opening);
    case 'qcow2':
      return openQcow2(file, choice, opening);
    case 'vhd':
      return openVhd(file, opening);
    case 'vhdx': {
      const { openVhdx } = await import('./vhdx/reader.ts');
      const reader = await openVhdx(source, signal);
      return { reader, layers: [layerOf(file, reader, reader.layout.metadata.isFixed ? 'fixed' : 'dynamic')], sources, snapshots: [] };
    }
    case 'vmdk':
      return openVmdkDisk(file, opening);
    case 'raw': {
      const reader = new RawReader(source);
      return { reader, layers: [layerOf(file, reader, null)], sources, snapshots: [] };
    }
  }
}

/** A disk inside an archive has no files beside it: nothing further is followed, and no archive in the archive is opened. */
async function openMember({ source }: Located, { member, snapshot }: Choice, opening: Opening): Promise<OpenDisk> {
  if (source instanceof WindowSource) throw new CodedError('DISK_FORMAT_NOT_READ', { path: source.label, format: 'OVA' });
  const { Ova } = await import('./ova/ova.ts');
  const ova = await Ova.open(source, opening.signal);
  const disk = ova.disk(member ?? null);
  const opened = await openSource({ path: disk.label, source: disk }, null, snapshot === undefined ? {} : { snapshot }, { ...opening, policy: { roots: [] } });
  const stated = await ova.checksum(ova.nameOf(disk), opening.signal);
  return stated === null ? opened : { ...opened, checksum: { member: disk, stated } };
}

async function openVmdkDisk(file: Located, opening: Opening): Promise<OpenDisk> {
  const { source } = file;
  const [{ openVmdk }, { openSiblingFile }] = await Promise.all([import('./vmdk/open-vmdk.ts'), import('./vmdk/sibling.ts')]);
  const openSibling = async (name: string): Promise<BlockSource> => {
    // An extent is no link of a chain: its file is read with the disk's own, as bytes.
    return (await addFile(await openSiblingFile(naming(file), name, opening.policy, opening.place, opening.signal), opening)).source;
  };
  const own = opening.sources.length;
  const { reader, kind, isCompressed } = await openVmdk(source, openSibling, opening.signal);
  const layer = layerOf(file, reader, kind);
  const extents = opening.sources.slice(own);
  return {
    reader,
    layers: [{
      ...layer,
      actualBytes: extents.reduce((total, extent) => total + extent.allocatedBytes, layer.actualBytes),
      fileBytes: extents.reduce((total, extent) => total + extent.sizeBytes, layer.fileBytes),
      compression: isCompressed ? 'zlib' : null,
    }],
    sources: opening.sources,
    snapshots: [],
  };
}

async function openVhd(file: Located, opening: Opening): Promise<OpenDisk> {
  const { source } = file;
  const { signal, sources, policy, place } = opening;
  const layout = await readVhdLayout(source, signal);
  if (layout.variant !== 'differencing' || layout.header === null) {
    const reader = new VhdReader(source, layout);
    return { reader, layers: [layerOf(file, reader, layout.variant)], sources, snapshots: [] };
  }
  const parent = await readVhdParent(source, layout.footer, signal);
  const parentPath = await resolveVhdParent(naming(file), parent, policy, place, signal);
  const below = await openFile(parentPath, 'vhd', {}, opening);
  if (below.reader instanceof VhdReader || below.reader instanceof DifferencingVhdReader) {
    requireSameParent(source.label, parent, { source: below.reader.source, footer: below.reader.layout.footer });
  }
  const reader = new DifferencingVhdReader(source, layout, layout.header, below.reader);
  return { reader, layers: [layerOf(file, reader, layout.variant), ...below.layers], sources, snapshots: [] };
}

async function openQcow2(file: Located, choice: Choice, opening: Opening): Promise<OpenDisk> {
  const { source } = file;
  const { signal, sources } = opening;
  const active = await readQcow2Header(source, signal);
  const snapshots = await readSnapshots(source, active, signal);
  const header = choice.snapshot === undefined ? active : headerOfSnapshot(source.label, active, snapshots, choice.snapshot);
  const l1 = await readL1(source, header, header.l1Offset, header.l1Entries, signal);
  const below = header.backing === null ? null : await openBacking(file, header.backing, opening);
  const reader = new Qcow2Reader(source, header, l1, below?.reader ?? null);
  const layer = { ...layerOf(file, reader, `v${header.version}`), compression: header.compression === 'zstd' ? header.compression : null };
  return { reader, layers: [layer, ...(below?.layers ?? [])], sources, snapshots };
}

async function openBacking(overlay: Located, backing: NonNullable<Qcow2Header['backing']>, opening: Opening): Promise<OpenDisk> {
  const path = await resolveBacking(naming(overlay), backing.name, opening.policy, opening.place, opening.signal);
  if (backing.format === null) throw new CodedError('DISK_BACKING_FORMAT_MISSING', { path: overlay.source.label, backing: path });
  const format = backingFormats[backing.format];
  if (format === undefined) throw new CodedError('DISK_FORMAT_NOT_READ', { path, format: backing.format.slice(0, 20) });
  return openFile(path, format, {}, opening);
}

/** The header of a qcow2 file, bounds checked. */
export async function readQcow2Header(source: BlockSource, signal?: AbortSignal): Promise<Qcow2Header> {
  if (source.sizeBytes < 72) throw new CodedError('DISK_TRUNCATED', { path: source.label, position: source.sizeBytes });
  const [start] = await source.read([{ offset: 0, length: 72 }], signal);
  const clusterBytes = start === undefined ? 512 : qcow2ClusterBytes(source.label, start);
  const [head] = await source.read([{ offset: 0, length: Math.min(clusterBytes, source.sizeBytes) }], signal);
  return parseQcow2Header(source.label, head ?? Buffer.alloc(0), source.sizeBytes);
}

function naming({ path, source }: Located): NamingDisk {
  return { path, label: source.label };
}

function layerOf({ path, source }: Located, reader: BlockReader, variant: string | null): DiskLayer {
  return {
    path,
    format: reader.format,
    variant,
    virtualBytes: reader.virtualBytes,
    actualBytes: source.allocatedBytes,
    fileBytes: source.sizeBytes,
    clusterBytes: reader.clusterBytes === 0 ? null : reader.clusterBytes,
    compression: null,
  };
}
