/** The guest's view of a disk in any format: extents in windows, and reads of guest bytes. */
import type { DiskFormat } from '../../shared/model/disk.ts';

/**
 * A run of guest bytes of one kind. `data` is contiguous in one byte source at `sourceOffset`; `compressed` has to be read
 * through the reader; `zero` reads as zeros and needs no reading; neighbours of one kind are merged where they can be.
 */
export interface Extent {
  offset: number;
  length: number;
  kind: 'data' | 'compressed' | 'zero';
  /** Index of the layer (0 = the file asked about) that holds the bytes; meaningless for `zero`. */
  layer: number;
  /** Offset inside that layer's file for `data`; null where the bytes are not contiguous there. */
  sourceOffset: number | null;
}

export interface DiskReader {
  readonly format: DiskFormat;
  readonly virtualBytes: number;
  /** Granularity of allocation; 0 where the format has none. */
  readonly clusterBytes: number;
  /** Extents that cover [offset, offset + length) without gaps, ascending. Metadata is read in bounded windows. */
  extents(offset: number, length: number, signal?: AbortSignal): Promise<Extent[]>;
  /** Guest bytes; zeros where nothing is allocated. The range must lie inside the disk. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer>;
  close(): Promise<void>;
}
