/** Compressing clusters for qcow2, in the form QEMU reads. */
import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';
import type { ClusterCompression } from '../../../shared/model/disk.ts';

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

/** The packed cluster, or null where it is better stored as it is. */
export function packCluster(cluster: Buffer, method: ClusterCompression): Buffer | null {
  if (estimateEntropy(cluster) > hopelessBits) return null;
  const packed = method === 'zlib' ? deflate(cluster) : zstdCompressSync(cluster, { chunkSize: cluster.length + 1024 });
  return packed.length < cluster.length - 512 ? packed : null;
}

/** Readers inflate with a window of 4 KiB (QEMU's `inflateInit2(-12)`), so no larger one may be used. */
function deflate(cluster: Buffer): Buffer {
  return deflateRawSync(cluster, { windowBits: 12, level: constants.Z_DEFAULT_COMPRESSION, memLevel: 9, chunkSize: cluster.length + 1024 });
}
