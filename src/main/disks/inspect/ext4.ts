/**
 * Reads files and folders of ext2, ext3 and ext4: block maps, extents, and data kept inside the inode. The journal is not
 * replayed: after an unclean stop the newest changes may be missing, which is good enough to tell which system it is.
 */
import { WalkStopped, type Volume, type VolumeNode } from './volume.ts';

const rootInode = 2;
const maxFolderBytes = 4 * 1024 ** 2;
const maxExtentDepth = 5;
const extentsFlag = 0x80000;
const inlineFlag = 0x10000000;
const encryptedFlag = 0x800;

const incompatible = { filetype: 0x2, recover: 0x4, metaGroups: 0x10, extents: 0x40, sixtyFour: 0x80, flexGroups: 0x200, inodeChecksumSeed: 0x2000, largeFolder: 0x4000, inline: 0x8000, casefold: 0x20000 } as const;
const multiMount = 0x100;
const eaInode = 0x400;
/** Features with which files can still be found the usual way; encryption and compression hide some files, a journal device hides all. */
const readable = Object.values(incompatible).reduce<number>((sum, bit) => sum | bit, multiMount | eaInode | 0x10000);

interface Inode {
  mode: number;
  flags: number;
  lengthBytes: number;
  /** The 60 bytes of block map, extent root, or inline data. */
  block: Buffer;
  /** The part after the fixed fields, where small extended attributes lie. */
  extra: Buffer;
}

export class Ext4Volume {
  readonly #volume: Volume;
  readonly #blockBytes: number;
  readonly #inodeBytes: number;
  readonly #inodesPerGroup: number;
  readonly #inodeCount: number;
  readonly #descriptorBytes: number;
  readonly #descriptorsOffset: (group: number) => number;

  private constructor(volume: Volume, superblock: Buffer) {
    this.#volume = volume;
    const logBlock = superblock.readUInt32LE(24);
    const revision = superblock.readUInt32LE(76);
    if (superblock.readUInt16LE(56) !== 0xef53 || logBlock > 6) throw new WalkStopped('damaged', 'no ext superblock');
    const features = revision === 0 ? 0 : superblock.readUInt32LE(96);
    if ((features & ~readable) !== 0) throw new WalkStopped('unsupported', `ext features 0x${features.toString(16)}`);
    this.#blockBytes = 1024 << logBlock;
    this.#inodeBytes = revision === 0 ? 128 : superblock.readUInt16LE(88);
    this.#inodesPerGroup = superblock.readUInt32LE(40);
    this.#inodeCount = superblock.readUInt32LE(0);
    const isWide = (features & incompatible.sixtyFour) !== 0;
    this.#descriptorBytes = isWide ? superblock.readUInt16LE(254) : 32;
    if (this.#inodeBytes < 128 || this.#inodeBytes > this.#blockBytes || this.#inodesPerGroup === 0 || this.#inodesPerGroup > this.#blockBytes * 8 || this.#descriptorBytes < 32 || this.#descriptorBytes > 1024) {
      throw new WalkStopped('damaged', 'ext superblock out of bounds');
    }
    const firstDataBlock = superblock.readUInt32LE(20);
    const blocksPerGroup = superblock.readUInt32LE(32);
    const firstMetaGroup = superblock.readUInt32LE(260);
    const perBlock = Math.floor(this.#blockBytes / this.#descriptorBytes);
    this.#descriptorsOffset = (group) => {
      const index = Math.floor(group / perBlock);
      const within = (group % perBlock) * this.#descriptorBytes;
      if ((features & incompatible.metaGroups) === 0 || index < firstMetaGroup) return (firstDataBlock + 1 + index) * this.#blockBytes + within;
      // With meta groups the descriptors lie in the first group they describe, behind its superblock where it has one.
      const metaStart = index * perBlock;
      const hasSuper = metaStart === 0 || metaStart === 1 || [3, 5, 7].some((base) => isPower(metaStart, base));
      return (firstDataBlock + metaStart * blocksPerGroup + (hasSuper ? 1 : 0)) * this.#blockBytes + within;
    };
  }

  /** @throws WalkStopped where it is no ext volume, or one with features that are not read */
  static async open(volume: Volume): Promise<Ext4Volume> {
    return new Ext4Volume(volume, await volume.read(1024, 1024));
  }

  async root(): Promise<VolumeNode> {
    return this.#node(await this.#inode(rootInode));
  }

  async #inode(number: number): Promise<Inode> {
    if (number < 1 || number > this.#inodeCount) throw new WalkStopped('damaged', `inode ${number}`);
    const group = Math.floor((number - 1) / this.#inodesPerGroup);
    const descriptor = await this.#volume.read(this.#descriptorsOffset(group), this.#descriptorBytes);
    const table = descriptor.readUInt32LE(8) + (this.#descriptorBytes >= 64 ? descriptor.readUInt32LE(40) * 2 ** 32 : 0);
    const bytes = await this.#volume.read(table * this.#blockBytes + ((number - 1) % this.#inodesPerGroup) * this.#inodeBytes, this.#inodeBytes);
    const extraBytes = this.#inodeBytes > 128 ? bytes.readUInt16LE(128) : 0;
    return {
      mode: bytes.readUInt16LE(0),
      flags: bytes.readUInt32LE(32),
      lengthBytes: bytes.readUInt32LE(4) + ((bytes.readUInt16LE(0) & 0xf000) === 0x8000 ? bytes.readUInt32LE(108) * 2 ** 32 : 0),
      block: Buffer.from(bytes.subarray(40, 100)),
      extra: Buffer.from(bytes.subarray(Math.min(128 + extraBytes, bytes.length))),
    };
  }

  #node(inode: Inode): VolumeNode {
    const kinds: Readonly<Record<number, VolumeNode['kind']>> = { 0x8000: 'file', 0x4000: 'directory', 0xa000: 'link' };
    const kind = kinds[inode.mode & 0xf000] ?? 'other';
    return {
      kind,
      lengthBytes: inode.lengthBytes,
      read: (offset, length) => this.#read(inode, offset, length),
      child: async (name) => (kind === 'directory' ? this.#child(inode, name) : null),
    };
  }

  async #child(folder: Inode, name: string): Promise<VolumeNode | null> {
    const wanted = Buffer.from(name);
    const found = await this.#findEntry(folder, wanted);
    return found === null ? null : this.#node(await this.#inode(found));
  }

  async #findEntry(folder: Inode, wanted: Buffer): Promise<number | null> {
    if ((folder.flags & inlineFlag) !== 0) {
      const { head, rest } = inlineParts(folder);
      // The first four bytes of an inline folder are its parent.
      return searchEntries(head.subarray(4), wanted) ?? searchEntries(rest, wanted);
    }
    if (folder.lengthBytes > maxFolderBytes) throw new WalkStopped('limit', 'a very large folder');
    for (let offset = 0; offset + this.#blockBytes <= folder.lengthBytes; offset += this.#blockBytes) {
      const found = searchEntries(await this.#read(folder, offset, this.#blockBytes), wanted);
      if (found !== null) return found;
    }
    return null;
  }

  async #read(inode: Inode, offset: number, length: number): Promise<Buffer> {
    if (offset < 0 || length < 0 || offset + length > inode.lengthBytes) throw new WalkStopped('damaged', 'read past the end of a file');
    if ((inode.flags & encryptedFlag) !== 0) throw new WalkStopped('unsupported', 'an encrypted file');
    const isFastLink = (inode.mode & 0xf000) === 0xa000 && inode.lengthBytes < 60 && (inode.flags & (extentsFlag | inlineFlag)) === 0;
    if (isFastLink) return inode.block.subarray(offset, offset + length);
    if ((inode.flags & inlineFlag) !== 0) {
      const { head, rest } = inlineParts(inode);
      return Buffer.concat([head, rest]).subarray(offset, offset + length);
    }
    const result = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const position = offset + done;
      const inBlock = position % this.#blockBytes;
      const part = Math.min(length - done, this.#blockBytes - inBlock);
      const block = await this.#blockOf(inode, Math.floor(position / this.#blockBytes));
      if (block !== 0) (await this.#volume.read(block * this.#blockBytes + inBlock, part)).copy(result, done);
      done += part;
    }
    return result;
  }

  /** The block that holds block `index` of a file; 0 is a hole. */
  async #blockOf(inode: Inode, index: number): Promise<number> {
    return (inode.flags & extentsFlag) === 0 ? this.#mappedBlock(inode, index) : this.#extentBlock(inode.block, index, maxExtentDepth);
  }

  async #extentBlock(node: Buffer, index: number, levels: number): Promise<number> {
    const entries = node.readUInt16LE(2);
    const depth = node.readUInt16LE(6);
    if (node.readUInt16LE(0) !== 0xf30a || 12 + entries * 12 > node.length || depth > maxExtentDepth || levels < 0) throw new WalkStopped('damaged', 'extent node');
    let child: number | null = null;
    for (let at = 12; at < 12 + entries * 12; at += 12) {
      const first = node.readUInt32LE(at);
      if (first > index) break;
      if (depth > 0) {
        child = node.readUInt32LE(at + 4) + node.readUInt16LE(at + 8) * 2 ** 32;
      } else {
        const stated = node.readUInt16LE(at + 4);
        // Above 0x8000 the extent is reserved but not written: it reads as zeros.
        const length = stated > 0x8000 ? stated - 0x8000 : stated;
        if (index < first + length) return stated > 0x8000 ? 0 : node.readUInt32LE(at + 8) + node.readUInt16LE(at + 6) * 2 ** 32 + (index - first);
      }
    }
    if (child === null) return 0;
    return this.#extentBlock(await this.#volume.read(child * this.#blockBytes, this.#blockBytes), index, levels - 1);
  }

  /** Twelve blocks directly, then through one, two and three levels of tables. */
  async #mappedBlock(inode: Inode, index: number): Promise<number> {
    if (index < 12) return inode.block.readUInt32LE(index * 4);
    const perBlock = this.#blockBytes / 4;
    let rest = index - 12;
    for (const levels of [1, 2, 3]) {
      const span = perBlock ** levels;
      if (rest < span) {
        let block = inode.block.readUInt32LE((11 + levels) * 4);
        for (let level = levels - 1; level >= 0 && block !== 0; level -= 1) {
          const at = Math.floor(rest / perBlock ** level) % perBlock;
          block = (await this.#volume.read(block * this.#blockBytes + at * 4, 4)).readUInt32LE(0);
        }
        return block;
      }
      rest -= span;
    }
    return 0;
  }
}

function isPower(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}

/** Inline data: up to 60 bytes in the inode's map, the rest in its `system.data` attribute. */
function inlineParts(inode: Inode): { head: Buffer; rest: Buffer } {
  const head = inode.block.subarray(0, Math.min(60, inode.lengthBytes));
  const none = { head, rest: Buffer.alloc(0) };
  const { extra } = inode;
  if (extra.length < 20 || extra.readUInt32LE(0) !== 0xea020000) return none;
  for (let at = 4; at + 16 <= extra.length; ) {
    const nameLength = extra.readUInt8(at);
    const nameIndex = extra.readUInt8(at + 1);
    if (nameLength === 0 && nameIndex === 0) break;
    const valueAt = 4 + extra.readUInt16LE(at + 2);
    const valueBytes = extra.readUInt32LE(at + 8);
    if (nameIndex === 7 && extra.toString('latin1', at + 16, at + 16 + nameLength) === 'data') {
      if (valueAt + valueBytes > extra.length) throw new WalkStopped('damaged', 'inline data');
      return { head, rest: extra.subarray(valueAt, valueAt + valueBytes) };
    }
    at += 16 + Math.ceil(nameLength / 4) * 4;
  }
  return none;
}

/** Looks through one block of entries. Blocks of the name index look like one empty entry, so that this finds nothing in them. */
function searchEntries(block: Buffer, wanted: Buffer): number | null {
  for (let at = 0; at + 8 <= block.length; ) {
    const inode = block.readUInt32LE(at);
    const stated = block.readUInt16LE(at + 4);
    const nameLength = block.readUInt8(at + 6);
    if (stated < 8 || at + stated > block.length || nameLength + 8 > stated) return null;
    if (inode !== 0 && nameLength === wanted.length && block.subarray(at + 8, at + 8 + nameLength).equals(wanted)) return inode;
    at += stated;
  }
  return null;
}
