/** Opens a disk file of any format that is read, with the chain below it. Nothing is written, nothing outside the policy followed. */
import { AppError } from '../../shared/model/app-error.ts';
import type { DiskLayer } from '../../shared/model/disk.ts';
import type { BlockReader } from './block-reader.ts';
import { maxChainDepth, resolveBacking } from './chain.ts';
import { detectFormat, type Detection } from './detect.ts';
import type { ChainPolicy, DiskFile } from './disk-engine.ts';
import { FileSource, type FileSourceOptions } from './file-source.ts';
import { parseQcow2Header, qcow2ClusterBytes, type Qcow2Header } from './qcow2/header.ts';
import { Qcow2Reader } from './qcow2/reader.ts';
import { readSnapshots, type InternalSnapshot } from './qcow2/snapshots.ts';
import { readL1 } from './qcow2/tables.ts';
import { RawReader } from './raw/raw-reader.ts';
import type { BlockSource } from './sources/block-source.ts';
import { readVhdLayout, VhdReader } from './vhd/reader.ts';

export interface OpenDisk {
  reader: BlockReader;
  /** The file asked about first. */
  layers: DiskLayer[];
  /** One a layer, in the same order; closed with the reader. */
  sources: BlockSource[];
  /** Of the file asked about. */
  snapshots: InternalSnapshot[];
}

/** What a backing format may be called in a header. `vpc` is QEMU's name for VHD. */
const backingFormats: Readonly<Record<string, Detection['format']>> = { raw: 'raw', qcow2: 'qcow2', vpc: 'vhd' };

/** Opens the chain; the caller closes the reader, which closes every layer. */
export async function openDisk(file: DiskFile, signal?: AbortSignal, options: FileSourceOptions = {}): Promise<OpenDisk> {
  const sources: BlockSource[] = [];
  try {
    return await openLayer(file.path, null, file.policy, sources, signal, options);
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
}

/** @param stated the format that the overlay's header gives; null = found out from the bytes (only for the file asked about). */
async function openLayer(
  path: string, stated: Detection['format'] | null, policy: ChainPolicy, sources: BlockSource[], signal: AbortSignal | undefined, options: FileSourceOptions,
): Promise<OpenDisk> {
  signal?.throwIfAborted();
  const source = await FileSource.open(path, options);
  if (sources.some((open) => open.inode === source.inode)) {
    await source.close();
    throw new AppError('DISK_CHAIN_LOOP', { path });
  }
  sources.push(source);
  if (sources.length > maxChainDepth) throw new AppError('DISK_CHAIN_TOO_LONG', { path, limit: maxChainDepth });
  const format = stated === 'raw' ? 'raw' : (await detectFormat(source, signal)).format;
  if (stated !== null && stated !== format) throw new AppError('DISK_BACKING_FORMAT_WRONG', { path, stated, found: format });
  if (format === 'qcow2') return openQcow2(source, policy, sources, signal, options);
  if (format === 'vhd') {
    const layout = await readVhdLayout(source, signal);
    const reader = new VhdReader(source, layout);
    return { reader, layers: [layerOf(source, reader, layout.variant)], sources, snapshots: [] };
  }
  const reader = new RawReader(source);
  return { reader, layers: [layerOf(source, reader, null)], sources, snapshots: [] };
}

async function openQcow2(
  source: BlockSource, policy: ChainPolicy, sources: BlockSource[], signal: AbortSignal | undefined, options: FileSourceOptions,
): Promise<OpenDisk> {
  const header = await readQcow2Header(source, signal);
  const l1 = await readL1(source, header, header.l1Offset, header.l1Entries, signal);
  const snapshots = await readSnapshots(source, header, signal);
  const below = header.backing === null ? null : await openBacking(source.label, header.backing, policy, sources, signal, options);
  const reader = new Qcow2Reader(source, header, l1, below?.reader ?? null);
  const layer = { ...layerOf(source, reader, `v${header.version}`), compression: header.compression === 'zstd' ? header.compression : null };
  return { reader, layers: [layer, ...(below?.layers ?? [])], sources, snapshots };
}

async function openBacking(
  overlayPath: string, backing: NonNullable<Qcow2Header['backing']>, policy: ChainPolicy, sources: BlockSource[],
  signal: AbortSignal | undefined, options: FileSourceOptions,
): Promise<OpenDisk> {
  const path = resolveBacking(overlayPath, backing.name, policy);
  if (backing.format === null) throw new AppError('DISK_BACKING_FORMAT_MISSING', { path: overlayPath, backing: path });
  const format = backingFormats[backing.format];
  if (format === undefined) throw new AppError('DISK_FORMAT_NOT_READ', { path, format: backing.format.slice(0, 20) });
  return openLayer(path, format, policy, sources, signal, options);
}

/** The header of a qcow2 file, bounds checked. */
export async function readQcow2Header(source: BlockSource, signal?: AbortSignal): Promise<Qcow2Header> {
  if (source.sizeBytes < 72) throw new AppError('DISK_TRUNCATED', { path: source.label, position: source.sizeBytes });
  const [start] = await source.read([{ offset: 0, length: 72 }], signal);
  const clusterBytes = start === undefined ? 512 : qcow2ClusterBytes(source.label, start);
  const [head] = await source.read([{ offset: 0, length: Math.min(clusterBytes, source.sizeBytes) }], signal);
  return parseQcow2Header(source.label, head ?? Buffer.alloc(0), source.sizeBytes);
}

function layerOf(source: BlockSource, reader: BlockReader, variant: string | null): DiskLayer {
  return {
    path: source.label,
    format: reader.format,
    variant,
    virtualBytes: reader.virtualBytes,
    actualBytes: source.allocatedBytes,
    fileBytes: source.sizeBytes,
    clusterBytes: reader.clusterBytes === 0 ? null : reader.clusterBytes,
    compression: null,
  };
}
