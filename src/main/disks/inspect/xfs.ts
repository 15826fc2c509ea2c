/**
 * Reads files and folders of XFS (versions 4 and 5): folders kept in the inode and in blocks, data in extent lists and
 * trees. The log is not replayed. Checksums are not checked: damage shows in the structures themselves.
 */
import { readSize, WalkStopped, type Volume, type VolumeNode } from './volume.ts';

const maxFolderBytes = 4 * 1024 ** 2;
const maxExtents = 4096;
const maxTreeDepth = 8;
/** Folder blocks above this offset hold the name index, which a plain search does not need. */
const indexStart = 2 ** 35;
const formats = { inside: 1, extents: 2, tree: 3 } as const;

interface Inode {
  mode: number;
  format: number;
  lengthBytes: number;
  extentCount: number;
  /** The part for data, up to where extended attributes begin. */
  fork: Buffer;
}

interface Extent {
  fileBlock: number;
  diskBlock: number;
  blocks: number;
  isUnwritten: boolean;
}

export class XfsVolume {
  readonly #volume: Volume;
  readonly #blockBytes: number;
  readonly #inodeBytes: number;
  readonly #groupBlocks: number;
  readonly #groupBlocksLog: number;
  readonly #inodesPerBlockLog: number;
  readonly #folderBlockBytes: number;
  readonly #rootInode: number;
  readonly #hasFileType: boolean;
  readonly #isVersion5: boolean;

  private constructor(volume: Volume, superblock: Buffer) {
    if (superblock.toString('latin1', 0, 4) !== 'XFSB') throw new WalkStopped('damaged', 'no XFS superblock');
    this.#volume = volume;
    this.#blockBytes = superblock.readUInt32BE(4);
    this.#rootInode = readSize(superblock, 56, 'BE');
    this.#groupBlocks = superblock.readUInt32BE(84);
    this.#inodeBytes = superblock.readUInt16BE(104);
    this.#inodesPerBlockLog = superblock.readUInt8(123);
    this.#groupBlocksLog = superblock.readUInt8(124);
    const folderLog = superblock.readUInt8(192);
    this.#folderBlockBytes = this.#blockBytes * 2 ** Math.min(folderLog, 7);
    this.#isVersion5 = (superblock.readUInt16BE(100) & 0xf) === 5;
    this.#hasFileType = this.#isVersion5 ? (superblock.readUInt32BE(216) & 1) !== 0 : (superblock.readUInt32BE(200) & 0x200) !== 0;
    const isPossible = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536].includes(this.#blockBytes) && [256, 512, 1024, 2048].includes(this.#inodeBytes)
      && this.#groupBlocks > 0 && this.#groupBlocksLog <= 31 && this.#inodesPerBlockLog <= 8 && this.#folderBlockBytes <= 65_536;
    if (!isPossible) throw new WalkStopped('damaged', 'XFS superblock out of bounds');
  }

  /** @throws WalkStopped where it is no XFS */
  static async open(volume: Volume): Promise<XfsVolume> {
    return new XfsVolume(volume, await volume.read(0, 512));
  }

  async root(): Promise<VolumeNode> {
    return this.#node(await this.#inode(this.#rootInode));
  }

  /** Block numbers count group and block within the group in one number, with a gap between groups of odd size. */
  #blockOffset(block: number): number {
    const group = Math.floor(block / 2 ** this.#groupBlocksLog);
    const within = block % 2 ** this.#groupBlocksLog;
    if (within >= this.#groupBlocks) throw new WalkStopped('damaged', `block ${block}`);
    return (group * this.#groupBlocks + within) * this.#blockBytes;
  }

  async #inode(number: number): Promise<Inode> {
    const perBlock = 2 ** this.#inodesPerBlockLog;
    const offset = this.#blockOffset(Math.floor(number / perBlock)) + (number % perBlock) * this.#inodeBytes;
    const bytes = await this.#volume.read(offset, this.#inodeBytes);
    if (bytes.toString('latin1', 0, 2) !== 'IN') throw new WalkStopped('damaged', `inode ${number}`);
    const version = bytes.readUInt8(4);
    const forkStart = version >= 3 ? 176 : 100;
    const attributesAt = bytes.readUInt8(82) * 8;
    // With large extent counts (a flag of version 3) the counter moved to another field.
    const hasLargeCounts = version >= 3 && (readSize(bytes, 120, 'BE') & 0x10) !== 0;
    return {
      mode: bytes.readUInt16BE(2),
      format: bytes.readUInt8(5),
      lengthBytes: readSize(bytes, 56, 'BE'),
      extentCount: hasLargeCounts ? readSize(bytes, 24, 'BE') : bytes.readUInt32BE(76),
      fork: bytes.subarray(forkStart, attributesAt === 0 ? bytes.length : Math.min(forkStart + attributesAt, bytes.length)),
    };
  }

  #node(inode: Inode): VolumeNode {
    const kinds: Readonly<Record<number, VolumeNode['kind']>> = { 0x8000: 'file', 0x4000: 'directory', 0xa000: 'link' };
    const kind = kinds[inode.mode & 0xf000] ?? 'other';
    return {
      kind,
      lengthBytes: inode.lengthBytes,
      read: (offset, length) => this.#read(inode, offset, length),
      child: async (name) => {
        const number = kind === 'directory' ? await this.#findEntry(inode, Buffer.from(name)) : null;
        return number === null ? null : this.#node(await this.#inode(number));
      },
    };
  }

  async #findEntry(folder: Inode, wanted: Buffer): Promise<number | null> {
    if (folder.format === formats.inside) return this.#searchShort(folder.fork, wanted);
    let searched = 0;
    for (const extent of await this.#extents(folder)) {
      for (let block = 0; block < extent.blocks; block += this.#folderBlockBytes / this.#blockBytes) {
        if ((extent.fileBlock + block) * this.#blockBytes >= indexStart) return null;
        searched += this.#folderBlockBytes;
        if (searched > maxFolderBytes) throw new WalkStopped('limit', 'a very large folder');
        const bytes = await this.#volume.read(this.#blockOffset(extent.diskBlock + block), this.#folderBlockBytes);
        const found = this.#searchBlock(bytes, wanted);
        if (found !== null) return found;
      }
    }
    return null;
  }

  /** A folder small enough to lie in its inode. */
  #searchShort(fork: Buffer, wanted: Buffer): number | null {
    const count = fork.readUInt8(0);
    const isWide = fork.readUInt8(1) > 0;
    const numberBytes = isWide ? 8 : 4;
    let at = 2 + numberBytes;
    for (let index = 0; index < Math.max(count, isWide ? fork.readUInt8(1) : 0); index += 1) {
      const length = fork.readUInt8(at);
      const nameAt = at + 3;
      const numberAt = nameAt + length + (this.#hasFileType ? 1 : 0);
      if (fork.subarray(nameAt, nameAt + length).equals(wanted)) return isWide ? readSize(fork, numberAt, 'BE') : fork.readUInt32BE(numberAt);
      at = numberAt + numberBytes;
    }
    return null;
  }

  #searchBlock(bytes: Buffer, wanted: Buffer): number | null {
    const magic = bytes.toString('latin1', 0, 4);
    const isSingle = magic === 'XD2B' || magic === 'XDB3';
    if (!isSingle && magic !== 'XD2D' && magic !== 'XDD3') throw new WalkStopped('damaged', 'folder block');
    // A folder of one block ends in its own index: so many leaves of eight bytes, and two counters.
    const end = isSingle ? bytes.length - 8 - Math.min(bytes.readUInt32BE(bytes.length - 8) * 8, bytes.length - 8) : bytes.length;
    for (let at = magic.endsWith('3') ? 64 : 16; at + 12 <= end; ) {
      if (bytes.readUInt16BE(at) === 0xffff) {
        const free = bytes.readUInt16BE(at + 2);
        if (free < 8) throw new WalkStopped('damaged', 'folder entry');
        at += free;
        continue;
      }
      const length = bytes.readUInt8(at + 8);
      if (bytes.subarray(at + 9, at + 9 + length).equals(wanted)) return readSize(bytes, at, 'BE');
      at += Math.ceil((8 + 1 + length + (this.#hasFileType ? 1 : 0) + 2) / 8) * 8;
    }
    return null;
  }

  async #read(inode: Inode, offset: number, length: number): Promise<Buffer> {
    if (offset < 0 || length < 0 || offset + length > inode.lengthBytes) throw new WalkStopped('damaged', 'read past the end of a file');
    if (inode.format === formats.inside) return inode.fork.subarray(offset, offset + length);
    if (length > 16 * 1024 ** 2) throw new WalkStopped('limit', 'one read is too long');
    const isLink = (inode.mode & 0xf000) === 0xa000;
    const result = Buffer.alloc(length);
    for (const extent of await this.#extents(inode)) {
      // A remote link target of version 5 stands behind a header in its block.
      const header = isLink && this.#isVersion5 ? 56 : 0;
      const start = extent.fileBlock * this.#blockBytes;
      const from = Math.max(offset, start);
      const to = Math.min(offset + length, start + extent.blocks * this.#blockBytes - header);
      if (from >= to || extent.isUnwritten) continue;
      (await this.#volume.read(this.#blockOffset(extent.diskBlock) + header + (from - start), to - from)).copy(result, from - offset);
    }
    return result;
  }

  async #extents(inode: Inode): Promise<Extent[]> {
    if (inode.format === formats.extents) return parseExtents(inode.fork, inode.extentCount);
    if (inode.format !== formats.tree) throw new WalkStopped('unsupported', `inode format ${inode.format}`);
    const level = inode.fork.readUInt16BE(0);
    const count = inode.fork.readUInt16BE(2);
    // Keys and pointers each take half of what the root can hold at most.
    const most = Math.floor((inode.fork.length - 4) / 16);
    if (level < 1 || level > maxTreeDepth || count > most) throw new WalkStopped('damaged', 'extent tree');
    const extents: Extent[] = [];
    for (let index = 0; index < count; index += 1) await this.#leaves(readSize(inode.fork, 4 + most * 8 + index * 8, 'BE'), level - 1, extents);
    return extents;
  }

  async #leaves(block: number, level: number, into: Extent[]): Promise<void> {
    const bytes = await this.#volume.read(this.#blockOffset(block), this.#blockBytes);
    const magic = bytes.toString('latin1', 0, 4);
    const header = magic === 'BMA3' ? 72 : 24;
    // The level has to fall by one a step, which also ends a tree that leads back into itself.
    if ((magic !== 'BMA3' && magic !== 'BMAP') || bytes.readUInt16BE(4) !== level) throw new WalkStopped('damaged', 'extent tree');
    const count = bytes.readUInt16BE(6);
    if (level === 0) into.push(...parseExtents(bytes.subarray(header), count));
    else {
      const most = Math.floor((this.#blockBytes - header) / 16);
      if (count > most) throw new WalkStopped('damaged', 'extent tree');
      for (let index = 0; index < count; index += 1) {
        if (into.length > maxExtents) break;
        await this.#leaves(readSize(bytes, header + most * 8 + index * 8, 'BE'), level - 1, into);
      }
    }
    if (into.length > maxExtents) throw new WalkStopped('limit', 'too many extents');
  }
}

/** Extents of 128 bits: 1 for unwritten, 54 file block, 52 disk block, 21 length. */
function parseExtents(bytes: Buffer, count: number): Extent[] {
  if (count * 16 > bytes.length) throw new WalkStopped('damaged', 'extent list');
  return Array.from({ length: count }, (_, index) => {
    const high = bytes.readBigUInt64BE(index * 16);
    const low = bytes.readBigUInt64BE(index * 16 + 8);
    return {
      isUnwritten: high >> 63n === 1n,
      fileBlock: Number((high >> 9n) & ((1n << 54n) - 1n)),
      diskBlock: Number(((high & 0x1ffn) << 43n) | (low >> 21n)),
      blocks: Number(low & 0x1fffffn),
    };
  });
}
