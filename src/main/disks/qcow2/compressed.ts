/** Compressed clusters of a qcow2 file: where one lies, and what is in it. The stream is untrusted: output is capped at a cluster. */
import { constants, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ClusterCompression } from '../../../shared/model/disk.ts';

export interface CompressedPlace {
  /** Byte position in the file; any alignment. */
  offset: number;
  /** At most this long: the true length is known to the second half of a sector only. */
  length: number;
}

/** Splits a compressed cluster descriptor (its two halves) at bit 62 - (cluster_bits - 8), which is never below 49. */
export function compressedPlace(high: number, low: number, clusterBits: number): CompressedPlace {
  const shift = 62 - (clusterBits - 8) - 32;
  const sectors = ((high & 0x3fffffff) >>> shift) + 1;
  const offset = (high & (2 ** shift - 1)) * 0x1_0000_0000 + low;
  return { offset, length: sectors * 512 - (offset % 512) };
}

/** The cluster's bytes: exactly `clusterBytes`, or `DISK_COMPRESSED_DAMAGED`. */
export function decompress(path: string, position: number, packed: Buffer, method: ClusterCompression, clusterBytes: number): Buffer {
  let plain: Buffer;
  try {
    plain = method === 'zlib' ? inflate(packed, clusterBytes) : unzstd(packed, clusterBytes);
  } catch (error) {
    throw new CodedError('DISK_COMPRESSED_DAMAGED', { path, position }, { cause: error });
  }
  if (plain.length !== clusterBytes) throw new CodedError('DISK_COMPRESSED_DAMAGED', { path, position });
  return plain;
}

/** Raw deflate. Bytes after its end are the next cluster's, and a missing end shows as too few bytes. */
function inflate(packed: Buffer, clusterBytes: number): Buffer {
  return inflateRawSync(packed, {
    // A little more than a cluster: the whole output fits one chunk and zlib still gets to see the end of the stream.
    chunkSize: clusterBytes + 64,
    maxOutputLength: clusterBytes,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
}

/** Windows above 8 MiB are refused: no cluster is larger than 2 MiB, and the decoder would allocate what a header claims. */
const maxZstdWindowLog = 23;

function unzstd(packed: Buffer, clusterBytes: number): Buffer {
  return zstdDecompressSync(packed.subarray(0, zstdFrameBytes(packed)), {
    chunkSize: Math.max(clusterBytes, 64),
    maxOutputLength: clusterBytes,
    params: { [constants.ZSTD_d_windowLogMax]: maxZstdWindowLog },
  });
}

/**
 * Length of the one zstd frame that `packed` starts with. Padding follows it, which the one-shot decoder would take for a second
 * frame and refuse. Walks block headers only (RFC 8878, 3.1.1).
 */
export function zstdFrameBytes(packed: Buffer): number {
  if (packed.readUInt32LE(0) !== 0xfd2fb528) throw new Error('not a zstd frame');
  const descriptor = packed.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  let at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
  for (;;) {
    const block = packed.readUIntLE(at, 3);
    const type = (block >>> 1) & 3;
    if (type === 3) throw new Error('a zstd block of the reserved type');
    at += 3 + (type === 1 ? 1 : block >>> 3);
    if ((block & 1) !== 0) break;
  }
  if ((descriptor & 4) !== 0) at += 4;
  if (at > packed.length) throw new Error('the zstd frame is cut off');
  return at;
}
