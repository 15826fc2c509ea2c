/** Compressing clusters for qcow2, in the form QEMU reads. */
import { constants, createZstdCompress, deflateRawSync } from 'node:zlib';
import type { ClusterCompression } from '../../../shared/model/disk.ts';
import { zstdFrameBytes } from './compressed.ts';

/** Bytes looked at to guess whether a cluster will shrink: this many samples of this length, spread evenly. */
const samples = 16;
const sampleBytes = 256;
/** Bits a byte above which a cluster is taken to be compressed or encrypted already: 4 KiB of random bytes measure about 7.95. */
const hopelessBits = 7.9;

const counts = new Uint32Array(256);

/** Estimated entropy in bits a byte, from samples: cheap beside compressing for nothing. */
export function estimateEntropy(cluster: Buffer): number {
  counts.fill(0);
  const step = Math.floor(cluster.length / samples);
  let total = 0;
  for (let sample = 0; sample < samples; sample += 1) {
    const end = Math.min(sample * step + sampleBytes, cluster.length);
    for (let at = sample * step; at < end; at += 1) {
      const value = cluster[at] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
      total += 1;
    }
  }
  let bits = 0;
  for (const count of counts) {
    if (count > 0) bits -= (count / total) * Math.log2(count / total);
  }
  return bits;
}

/** Compresses one cluster at a time, for one thread. */
export class ClusterPacker {
  readonly #compress: (cluster: Buffer) => Buffer | Promise<Buffer>;

  constructor(method: ClusterCompression, clusterBytes: number) {
    this.#compress = method === 'zlib' ? deflate : frames(clusterBytes);
  }

  /** The packed cluster, or null where it is better stored as it is. */
  async pack(cluster: Buffer): Promise<Buffer | null> {
    if (estimateEntropy(cluster) > hopelessBits) return null;
    const packed = await this.#compress(cluster);
    return packed.length < cluster.length - 512 ? packed : null;
  }
}

/** Readers inflate with a window of 4 KiB (QEMU's `inflateInit2(-12)`), so no larger one may be used. */
function deflate(cluster: Buffer): Buffer {
  return deflateRawSync(cluster, { windowBits: 12, level: constants.Z_DEFAULT_COMPRESSION, memLevel: 9, chunkSize: cluster.length + 1024 });
}

/**
 * A frame a call from one zstd context. The one-shot call makes a context of more than a megabyte each time and leaves it to the
 * garbage collector, which does not see its size: that grew to 880 MB of memory. The tables are made for what a cluster needs.
 */
function frames(clusterBytes: number): (cluster: Buffer) => Promise<Buffer> {
  const windowLog = Math.ceil(Math.log2(clusterBytes));
  const params = { [constants.ZSTD_c_windowLog]: windowLog, [constants.ZSTD_c_hashLog]: windowLog - 1, [constants.ZSTD_c_chainLog]: windowLog };
  const stream = createZstdCompress({ chunkSize: clusterBytes + 1024, params });
  let parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  return (cluster) => new Promise((resolve, reject) => {
    parts = [];
    stream.once('error', reject);
    stream.write(cluster);
    stream.flush(constants.ZSTD_e_end, () => {
      stream.off('error', reject);
      // What still waits in the stream goes through the listener above.
      while (stream.read() !== null) { /* read on */ }
      const frame = Buffer.concat(parts);
      if (frame.length > 0 && zstdFrameBytes(frame) === frame.length) resolve(frame);
      else reject(new Error(`zstd gave ${frame.length} bytes that are not one frame`));
    });
  });
}
