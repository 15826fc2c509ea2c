/** Reads folders and the starts of files on FAT12, FAT16 and FAT32, with long names. Made for EFI system partitions. */
import { parseFatLayout, type FatLayout } from './fat-layout.ts';
import { WalkStopped, type Volume } from './volume.ts';

/** A folder of an EFI system partition is small; more than this is hostile or of no interest. */
const maxFolderBytes = 1024 ** 2;

export interface FatEntry {
  name: string;
  isFolder: boolean;
  lengthBytes: number;
  firstCluster: number;
}

export class FatVolume {
  readonly #volume: Volume;
  readonly #layout: FatLayout;

  private constructor(volume: Volume, layout: FatLayout) {
    this.#volume = volume;
    this.#layout = layout;
  }

  /** @throws WalkStopped `damaged` where the boot sector is none of FAT */
  static async open(volume: Volume): Promise<FatVolume> {
    const layout = parseFatLayout(await volume.read(0, 512), volume.lengthBytes);
    if (layout === null) throw new WalkStopped('damaged', 'no FAT boot sector');
    return new FatVolume(volume, layout);
  }

  /** The entries of the root folder, without the label. */
  async root(): Promise<FatEntry[]> {
    const { rootBytes, rootOffset, rootCluster } = this.#layout;
    if (rootCluster !== 0) return parseFolder(await this.#readChain(rootCluster, maxFolderBytes));
    return parseFolder(await this.#volume.read(rootOffset, rootBytes));
  }

  async list(folder: FatEntry): Promise<FatEntry[]> {
    return folder.isFolder ? parseFolder(await this.#readChain(folder.firstCluster, maxFolderBytes)) : [];
  }

  /** The first bytes of a file, at most `length`. */
  async readStart(file: FatEntry, length: number): Promise<Buffer> {
    const wanted = Math.min(length, file.lengthBytes);
    if (wanted === 0) return Buffer.alloc(0);
    return (await this.#readChain(file.firstCluster, wanted)).subarray(0, wanted);
  }

  async #readChain(first: number, maxBytes: number): Promise<Buffer> {
    const { clusterBytes, clusterCount, dataOffset } = this.#layout;
    const parts: Buffer[] = [];
    const seen = new Set<number>();
    let cluster = first;
    while (cluster >= 2 && cluster < clusterCount + 2) {
      if (seen.has(cluster)) throw new WalkStopped('damaged', `the chain of cluster ${first} runs in a circle`);
      seen.add(cluster);
      parts.push(await this.#volume.read(dataOffset + (cluster - 2) * clusterBytes, clusterBytes));
      if (seen.size * clusterBytes >= maxBytes) break;
      cluster = await this.#next(cluster);
    }
    return Buffer.concat(parts);
  }

  /** The next cluster of a chain; anything outside the volume ends it. */
  async #next(cluster: number): Promise<number> {
    const { kind, fatOffset, fatBytes } = this.#layout;
    const [at, length] = kind === 'fat12' ? [Math.floor(cluster * 1.5), 2] : kind === 'fat16' ? [cluster * 2, 2] : [cluster * 4, 4];
    if (at + length > fatBytes) throw new WalkStopped('damaged', `cluster ${cluster} is outside the table`);
    const entry = await this.#volume.read(fatOffset + at, length);
    if (kind === 'fat32') return entry.readUInt32LE(0) & 0x0fffffff;
    const value = entry.readUInt16LE(0);
    if (kind === 'fat16') return value;
    return cluster % 2 === 0 ? value & 0xfff : value >> 4;
  }
}

const longNamePlaces = [[1, 11], [14, 26], [28, 32]] as const;

function shortNameSum(entry: Buffer): number {
  let sum = 0;
  for (const byte of entry.subarray(0, 11)) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  return sum;
}

function shortName(entry: Buffer): string {
  const flags = entry.readUInt8(12);
  const part = (from: number, to: number, isLower: boolean): string => {
    const text = entry.toString('latin1', from, to).trimEnd();
    return isLower ? text.toLowerCase() : text;
  };
  const extension = part(8, 11, (flags & 0x10) !== 0);
  return part(0, 8, (flags & 0x08) !== 0) + (extension === '' ? '' : `.${extension}`);
}

/** Entries of 32 bytes; a long name comes in pieces before the entry it names, last piece first, tied by a checksum. */
function parseFolder(bytes: Buffer): FatEntry[] {
  const entries: FatEntry[] = [];
  let long: { sum: number; parts: string[] } | null = null;
  for (let at = 0; at + 32 <= bytes.length; at += 32) {
    const entry = bytes.subarray(at, at + 32);
    const lead = entry.readUInt8(0);
    if (lead === 0) break;
    const attributes = entry.readUInt8(11);
    if (lead === 0xe5) {
      long = null;
    } else if ((attributes & 0x3f) === 0x0f) {
      const sum = entry.readUInt8(13);
      const text = longNamePlaces.map(([from, to]) => entry.toString('utf16le', from, to)).join('');
      if ((lead & 0x40) !== 0) long = { sum, parts: [text] };
      else if (long?.sum === sum && long.parts.length < 20) long.parts.unshift(text);
      else long = null;
    } else {
      const name = long !== null && long.sum === shortNameSum(entry) ? long.parts.join('').replace(/[\0\uffff][\s\S]*$/, '') : shortName(entry);
      long = null;
      if ((attributes & 0x08) === 0 && name !== '.' && name !== '..' && name !== '') {
        entries.push({
          name,
          isFolder: (attributes & 0x10) !== 0,
          lengthBytes: entry.readUInt32LE(28),
          firstCluster: entry.readUInt16LE(20) * 65_536 + entry.readUInt16LE(26),
        });
      }
    }
  }
  return entries;
}
