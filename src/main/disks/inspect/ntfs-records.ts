/** The records of NTFS: sector fixups, attributes, and the runs that say where an attribute's bytes lie. */
import { readSize, WalkStopped } from './volume.ts';

export const attributeTypes = { attributeList: 0x20, volumeName: 0x60, data: 0x80, indexRoot: 0x90, indexAllocation: 0xa0 } as const;

/** Parts of an attribute whose value lies outside the record. `cluster` null is a hole. */
export interface Run {
  cluster: number | null;
  clusters: number;
}

export interface Attribute {
  type: number;
  name: string;
  /** Compressed, sparse or encrypted. */
  flags: number;
  /** The value itself where it is kept in the record. */
  resident: Buffer | null;
  /** The first cluster of the value that this piece describes; pieces of one attribute may lie in several records. */
  firstVcn: number;
  lengthBytes: number;
  runs: Run[];
}

/**
 * Undoes the fixups: the last two bytes of every sector were replaced by a counter, the originals are in the header.
 * @throws WalkStopped where a sector does not carry the counter (a torn write) or the signature is another
 */
export function fixUp(record: Buffer, signature: 'FILE' | 'INDX', sectorBytes: number): Buffer {
  if (record.toString('latin1', 0, 4) !== signature) throw new WalkStopped('damaged', `no ${signature} record`);
  const at = record.readUInt16LE(4);
  const count = record.readUInt16LE(6);
  if (count < 1 || at + count * 2 > record.length || (count - 1) * sectorBytes > record.length) throw new WalkStopped('damaged', 'fixups out of bounds');
  const fixed = Buffer.from(record);
  for (let index = 1; index < count; index += 1) {
    const end = index * sectorBytes - 2;
    if (record.readUInt16LE(end) !== record.readUInt16LE(at)) throw new WalkStopped('damaged', 'a torn record');
    record.copy(fixed, end, at + index * 2, at + index * 2 + 2);
  }
  return fixed;
}

/** Runs are pairs of length and distance from the run before, each in as few bytes as it needs. */
export function parseRuns(bytes: Buffer): Run[] {
  const runs: Run[] = [];
  let cluster = 0;
  for (let at = 0; at < bytes.length; ) {
    const header = bytes.readUInt8(at);
    if (header === 0) break;
    const lengthBytes = header & 0xf;
    const distanceBytes = header >> 4;
    if (lengthBytes === 0 || lengthBytes > 6 || distanceBytes > 6 || at + 1 + lengthBytes + distanceBytes > bytes.length) throw new WalkStopped('damaged', 'run list');
    const clusters = bytes.readUIntLE(at + 1, lengthBytes);
    if (distanceBytes === 0) runs.push({ cluster: null, clusters });
    else {
      cluster += bytes.readIntLE(at + 1 + lengthBytes, distanceBytes);
      if (cluster < 0) throw new WalkStopped('damaged', 'run before the volume');
      runs.push({ cluster, clusters });
    }
    at += 1 + lengthBytes + distanceBytes;
  }
  return runs;
}

/** All attributes of one fixed-up record. */
export function parseAttributes(record: Buffer): Attribute[] {
  const attributes: Attribute[] = [];
  const used = Math.min(record.readUInt32LE(24), record.length);
  for (let at = record.readUInt16LE(20); at + 16 <= used; ) {
    const type = record.readUInt32LE(at);
    if (type === 0xffffffff) break;
    const size = record.readUInt32LE(at + 4);
    if (size < 24 || at + size > used) throw new WalkStopped('damaged', 'attribute out of bounds');
    attributes.push(parseAttribute(record.subarray(at, at + size), type));
    at += size;
  }
  return attributes;
}

function parseAttribute(bytes: Buffer, type: number): Attribute {
  const nameAt = bytes.readUInt16LE(10);
  const name = bytes.toString('utf16le', nameAt, Math.min(nameAt + bytes.readUInt8(9) * 2, bytes.length));
  const flags = bytes.readUInt16LE(12);
  if (bytes.readUInt8(8) === 0) {
    const length = bytes.readUInt32LE(16);
    const valueAt = bytes.readUInt16LE(20);
    if (valueAt + length > bytes.length) throw new WalkStopped('damaged', 'value out of bounds');
    return { type, name, flags, resident: bytes.subarray(valueAt, valueAt + length), firstVcn: 0, lengthBytes: length, runs: [] };
  }
  if (bytes.length < 64) throw new WalkStopped('damaged', 'attribute too short');
  const firstVcn = readSize(bytes, 16);
  const runsAt = bytes.readUInt16LE(32);
  if (runsAt > bytes.length) throw new WalkStopped('damaged', 'runs out of bounds');
  return { type, name, flags, resident: null, firstVcn, lengthBytes: firstVcn === 0 ? readSize(bytes, 48) : 0, runs: parseRuns(bytes.subarray(runsAt)) };
}
