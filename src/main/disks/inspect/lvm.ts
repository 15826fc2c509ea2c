/**
 * The logical volumes of one LVM physical volume, as far as they lie plainly on it: linear segments on this disk. Striped,
 * mirrored, thin and cached ones, and those that reach to other disks, are left out.
 */
import { crc32 } from 'node:zlib';
import { parseLvmText, type LvmSection, type LvmValue } from './lvm-text.ts';
import { readSize, slice, WalkStopped, type Volume } from './volume.ts';

const maxTextBytes = 1024 ** 2;
const maxVolumes = 64;
const maxSegments = 1024;
const sectorBytes = 512;
/** The metadata area is a ring; its first sector is its header. */
const ringStart = 512;
const checksumStart = 0xf597a6cf;

export interface LogicalVolume {
  name: string;
  volume: Volume;
}

interface Segment {
  startBytes: number;
  lengthBytes: number;
  diskOffset: number;
}

const section = (value: LvmValue | undefined): LvmSection => (typeof value === 'object' && !Array.isArray(value) ? value : {});
/** An identity as the label has it: without the dashes that people read it by. */
const plainId = (value: LvmValue | undefined): string | null => (typeof value === 'string' ? value.replaceAll('-', '') : null);
const size = (value: LvmValue | undefined): number => (typeof value === 'number' && value >= 0 ? value : Number.NaN);

/** @throws WalkStopped where it is no physical volume, or its metadata is damaged */
export async function readLogicalVolumes(volume: Volume): Promise<LogicalVolume[]> {
  const { uuid, text } = await readMetadata(volume);
  const top = parseLvmText(text.replace(/\0[\s\S]*$/, ''));
  const group = Object.values(top).map(section).find((item) => 'physical_volumes' in item);
  if (group === undefined) throw new WalkStopped('damaged', 'no volume group');
  const extentBytes = size(group['extent_size']) * sectorBytes;
  const own = Object.entries(section(group['physical_volumes'])).find(([, item]) => plainId(section(item)['id']) === uuid);
  if (own === undefined || !(extentBytes > 0)) throw new WalkStopped('damaged', 'the volume group does not know this volume');
  const [ownName, ownEntry] = own;
  const dataOffset = size(section(ownEntry)['pe_start']) * sectorBytes;
  const found: LogicalVolume[] = [];
  for (const [name, item] of Object.entries(section(group['logical_volumes'])).slice(0, maxVolumes)) {
    const segments = plainSegments(section(item), ownName, extentBytes, dataOffset);
    if (segments !== null) found.push({ name, volume: joined(volume, segments) });
  }
  return found;
}

async function readMetadata(volume: Volume): Promise<{ uuid: string; text: string }> {
  const start = await volume.read(0, 4 * sectorBytes);
  const label = [0, 512, 1024, 1536].find((at) => start.toString('latin1', at, at + 8) === 'LABELONE');
  if (label === undefined) throw new WalkStopped('damaged', 'no LVM label');
  const header = label + start.readUInt32LE(label + 20);
  const uuid = start.toString('latin1', header, header + 32);
  // Two lists of places, each ended by zeros: the data, then the metadata.
  let at = header + 40;
  while (readSize(start, at) !== 0) at += 16;
  at += 16;
  const area = readSize(start, at);
  if (area === 0) throw new WalkStopped('unsupported', 'the metadata lies on another disk');
  const head = await volume.read(area, sectorBytes);
  if (head.toString('latin1', 4, 20) !== ' LVM2 x[5A%r0N*>') throw new WalkStopped('damaged', 'LVM metadata area');
  const areaBytes = readSize(head, 32);
  const offset = readSize(head, 40);
  const length = readSize(head, 48);
  if (length === 0 || length > maxTextBytes || offset < ringStart || offset >= areaBytes || length > areaBytes - ringStart) throw new WalkStopped('damaged', 'LVM metadata place');
  const first = Math.min(length, areaBytes - offset);
  const parts = [await volume.read(area + offset, first)];
  if (first < length) parts.push(await volume.read(area + ringStart, length - first));
  const bytes = Buffer.concat(parts);
  // LVM's CRC-32 starts from a number of its own and is not inverted at the end.
  if (((crc32(bytes, ~checksumStart >>> 0) ^ 0xffffffff) >>> 0) !== head.readUInt32LE(56)) throw new WalkStopped('damaged', 'LVM metadata checksum');
  return { uuid, text: bytes.toString() };
}

/** The segments of a volume in order, or null where one of them is not plain or not here. */
function plainSegments(item: LvmSection, ownName: string, extentBytes: number, dataOffset: number): Segment[] | null {
  const count = size(item['segment_count']);
  if (!(count >= 1 && count <= maxSegments)) return null;
  const segments: Segment[] = [];
  let next = 0;
  for (let index = 1; index <= count; index += 1) {
    const entry = section(item[`segment${index}`]);
    const stripes = entry['stripes'];
    if (entry['type'] !== 'striped' || entry['stripe_count'] !== 1 || !Array.isArray(stripes) || stripes[0] !== ownName) return null;
    const segment = {
      startBytes: size(entry['start_extent']) * extentBytes,
      lengthBytes: size(entry['extent_count']) * extentBytes,
      diskOffset: dataOffset + size(stripes[1]) * extentBytes,
    };
    if (segment.startBytes !== next || !(segment.lengthBytes > 0) || !Number.isSafeInteger(segment.diskOffset + segment.lengthBytes)) return null;
    next += segment.lengthBytes;
    segments.push(segment);
  }
  return segments;
}

function joined(volume: Volume, segments: readonly Segment[]): Volume {
  const lengthBytes = segments.reduce((sum, segment) => sum + segment.lengthBytes, 0);
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (const segment of segments) {
      const from = Math.max(offset, segment.startBytes);
      const to = Math.min(offset + length, segment.startBytes + segment.lengthBytes);
      if (from < to) parts.push(await volume.read(segment.diskOffset + from - segment.startBytes, to - from));
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  };
  return slice({ lengthBytes, read }, 0, lengthBytes);
}
