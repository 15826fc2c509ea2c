/** Where a disk's bytes lie, summed into equal parts of the disk: for a picture. Reads metadata only. */
import type { DiskMap } from '../../shared/model/disk.ts';
import type { DiskReader } from './disk-reader.ts';

const sectorBytes = 512;
/** Extents asked for at a time: bounds what a fragmented disk makes the reader hold. */
const windowBytes = 256 * 1024 ** 2;

/**
 * Sums the extents of a disk into at most `partCount` parts of whole sectors. What is in no sum of a part reads as zeros.
 * @throws what the reader throws on damaged tables
 */
export async function mapDisk(reader: DiskReader, partCount: number, signal: AbortSignal): Promise<DiskMap> {
  const { virtualBytes } = reader;
  const partBytes = Math.max(sectorBytes, Math.ceil(virtualBytes / partCount / sectorBytes) * sectorBytes);
  const parts = Array.from({ length: Math.ceil(virtualBytes / partBytes) }, () => ({ dataBytes: 0, compressedBytes: 0, baseBytes: 0 }));

  const add = (offset: number, length: number, key: 'dataBytes' | 'compressedBytes' | 'baseBytes'): void => {
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / partBytes);
      const upTo = Math.min(end, (index + 1) * partBytes);
      const part = parts[index];
      if (part !== undefined) part[key] += upTo - at;
      at = upTo;
    }
  };

  for (let offset = 0; offset < virtualBytes; offset += windowBytes) {
    signal.throwIfAborted();
    for (const extent of await reader.extents(offset, Math.min(windowBytes, virtualBytes - offset), signal)) {
      if (extent.kind === 'zero') continue;
      add(extent.offset, extent.length, extent.layer > 0 ? 'baseBytes' : extent.kind === 'compressed' ? 'compressedBytes' : 'dataBytes');
    }
  }
  return { virtualBytes, partBytes, parts };
}
