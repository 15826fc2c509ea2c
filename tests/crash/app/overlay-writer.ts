/** Writes guest bytes into an empty qcow2 overlay, as a VM that runs on it does: one cluster, with its table and reference counts. */
import { open } from 'node:fs/promises';

const clusterBytes = 65536;
const copied = 1n << 63n;

/** Fills the first cluster of the guest's disk. */
export async function writeGuestByte(overlay: string): Promise<void> {
  const file = await open(overlay, 'r+');
  try {
    const header = Buffer.alloc(104);
    await file.read(header, 0, header.length, 0);
    if (header.readUInt32BE(20) !== 16 || header.readUInt32BE(96) !== 4) throw new Error('The overlay has other clusters than this writer knows.');
    const [l1, refcounts] = [Number(header.readBigUInt64BE(40)), Number(header.readBigUInt64BE(48))];
    const first = Math.ceil((await file.stat()).size / clusterBytes);
    const entry = Buffer.alloc(8);
    await file.read(entry, 0, 8, refcounts);
    const block = Number(entry.readBigUInt64BE());
    const table = Buffer.alloc(clusterBytes);
    table.writeBigUInt64BE(BigInt((first + 1) * clusterBytes) | copied, 0);
    entry.writeBigUInt64BE(BigInt(first * clusterBytes) | copied);
    await file.write(table, 0, clusterBytes, first * clusterBytes);
    await file.write(Buffer.alloc(clusterBytes, 0x5a), 0, clusterBytes, (first + 1) * clusterBytes);
    await file.write(Buffer.from([0, 1, 0, 1]), 0, 4, block + first * 2);
    await file.write(entry, 0, 8, l1);
  } finally {
    await file.close();
  }
}
