/** Counting what the tables of a new qcow2 file refer to, and writing its refcount blocks and table (16-bit counts). */
import type { TargetFile } from '../target-file.ts';
import { clusterBits, clusterBytes } from './build-header.ts';
import { compressedPlace } from './compressed.ts';

const countsPerBlock = clusterBytes / 2;

/** Adds the references of one L2 table that this program wrote. */
export function countTableReferences(table: Buffer, counts: Uint16Array): void {
  for (let at = 0; at < table.length; at += 8) {
    const high = table.readUInt32BE(at);
    const low = table.readUInt32BE(at + 4);
    if (high === 0 && low === 0) continue;
    if ((high & 0x40000000) !== 0) {
      const { offset, length } = compressedPlace(high, low, clusterBits);
      for (let cluster = Math.floor(offset / clusterBytes); cluster * clusterBytes < offset + length; cluster += 1) increment(counts, cluster);
    } else {
      increment(counts, Math.floor(((high & 0x00ffffff) * 0x1_0000_0000 + low) / clusterBytes));
    }
  }
}

function increment(counts: Uint16Array, cluster: number): void {
  counts[cluster] = (counts[cluster] ?? 0) + 1;
}

export interface RefcountPlaces {
  tableOffset: number;
  tableClusters: number;
  endBytes: number;
}

/** Writes table and blocks behind the clusters counted in `counts`; they count themselves, so their number is found by growing it. */
export function writeRefcounts(file: TargetFile, counts: Uint16Array): RefcountPlaces {
  let blocks = 0;
  let tableClusters = 0;
  for (;;) {
    const total = counts.length + blocks + tableClusters;
    const neededBlocks = Math.ceil(total / countsPerBlock);
    const neededTable = Math.ceil((neededBlocks * 8) / clusterBytes);
    if (neededBlocks === blocks && neededTable === tableClusters) break;
    blocks = neededBlocks;
    tableClusters = neededTable;
  }
  const total = counts.length + blocks + tableClusters;
  const firstBlock = counts.length + tableClusters;
  const table = Buffer.alloc(tableClusters * clusterBytes);
  const bytes = Buffer.alloc(clusterBytes);
  for (let block = 0; block < blocks; block += 1) {
    bytes.fill(0);
    for (let index = 0; index < countsPerBlock; index += 1) {
      const cluster = block * countsPerBlock + index;
      const count = cluster < counts.length ? (counts[cluster] ?? 0) : cluster < total ? 1 : 0;
      if (count !== 0) bytes.writeUInt16BE(count, index * 2);
    }
    const offset = (firstBlock + block) * clusterBytes;
    file.write(bytes, offset);
    table.writeUInt32BE(Math.floor(offset / 0x1_0000_0000), block * 8);
    table.writeUInt32BE(offset % 0x1_0000_0000, block * 8 + 4);
  }
  file.write(table, counts.length * clusterBytes);
  return { tableOffset: counts.length * clusterBytes, tableClusters, endBytes: total * clusterBytes };
}
