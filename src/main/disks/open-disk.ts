/** Opens a disk file of any format that is read, with the chain below it. Nothing is written, nothing outside the policy followed. */
import type { DiskLayer } from '../../shared/model/disk.ts';
import type { BlockReader } from './block-reader.ts';
import type { DiskFile } from './disk-engine.ts';
import { FileSource, type FileSourceOptions } from './file-source.ts';
import { RawReader } from './raw/raw-reader.ts';

export interface OpenDisk {
  reader: BlockReader;
  /** The file asked about first. */
  layers: DiskLayer[];
}

/** Opens the chain; the caller closes the reader, which closes every layer. */
export async function openDisk(file: DiskFile, signal?: AbortSignal, options: FileSourceOptions = {}): Promise<OpenDisk> {
  signal?.throwIfAborted();
  const source = await FileSource.open(file.path, options);
  try {
    const reader = new RawReader(source);
    const layer: DiskLayer = {
      path: file.path, format: 'raw', variant: null, virtualBytes: reader.virtualBytes, actualBytes: source.allocatedBytes,
      fileBytes: source.sizeBytes, clusterBytes: null, compression: null,
    };
    return { reader, layers: [layer] };
  } catch (error) {
    await source.close();
    throw error;
  }
}
