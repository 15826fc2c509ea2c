/** The trees of btrfs on one device: where logical addresses lie, and looking up an item by its key. */
import { readSize, WalkStopped, type Volume } from './volume.ts';

const superblockOffset = 65_536;
const headerBytes = 101;
const itemBytes = 25;
const pointerBytes = 33;
const maxLevel = 7;
const maxChunks = 65_536;
const chunkType = 228;
/** Profiles that keep one whole copy on this device: single, DUP, RAID1. Striped ones are not read. */
const striped = 0x8 | 0x40 | 0x80 | 0x100;

/** Keys sort by object, type, offset; all unsigned, up to 64 bits. */
export interface Key {
  object: bigint;
  type: number;
  offset: bigint;
}

export interface Item {
  key: Key;
  data: Buffer;
}

interface Chunk {
  logical: number;
  lengthBytes: number;
  physical: number;
}

export function readKey(bytes: Buffer, at: number): Key {
  return { object: bytes.readBigUInt64LE(at), type: bytes.readUInt8(at + 8), offset: bytes.readBigUInt64LE(at + 9) };
}

function compare(a: Key, b: Key): number {
  if (a.object !== b.object) return a.object < b.object ? -1 : 1;
  if (a.type !== b.type) return a.type - b.type;
  if (a.offset !== b.offset) return a.offset < b.offset ? -1 : 1;
  return 0;
}

export class BtrfsTrees {
  readonly #volume: Volume;
  readonly #nodeBytes: number;
  readonly #chunks: Chunk[] = [];
  readonly #device: bigint;
  /** Logical address of the tree of trees. */
  readonly rootTree: number;
  /** The object that holds the name of the default subvolume. */
  readonly rootFolder: bigint;

  private constructor(volume: Volume, superblock: Buffer) {
    if (superblock.toString('latin1', 64, 72) !== '_BHRfS_M') throw new WalkStopped('damaged', 'no btrfs superblock');
    if (readSize(superblock, 136) !== 1) throw new WalkStopped('unsupported', 'btrfs over several devices');
    this.#volume = volume;
    this.#nodeBytes = superblock.readUInt32LE(148);
    this.#device = superblock.readBigUInt64LE(201);
    this.rootTree = readSize(superblock, 80);
    this.rootFolder = superblock.readBigUInt64LE(128);
    if (![4096, 8192, 16_384, 32_768, 65_536].includes(this.#nodeBytes)) throw new WalkStopped('damaged', 'btrfs node size');
    const end = 811 + superblock.readUInt32LE(160);
    if (end > superblock.length) throw new WalkStopped('damaged', 'btrfs system chunks');
    for (let at = 811; at + 17 + 80 <= end; ) {
      const key = readKey(superblock, at);
      at += 17;
      this.#addChunk(key, superblock.subarray(at, end));
      at += 48 + superblock.readUInt16LE(at + 44) * 32;
    }
  }

  /** @throws WalkStopped where it is no btrfs, or one over several devices */
  static async open(volume: Volume): Promise<BtrfsTrees> {
    const superblock = await volume.read(superblockOffset, 4096);
    const trees = new BtrfsTrees(volume, superblock);
    await trees.#readChunkTree(readSize(superblock, 88), superblock.readUInt8(199));
    return trees;
  }

  #addChunk(key: Key, data: Buffer): void {
    if (key.type !== chunkType) throw new WalkStopped('damaged', 'btrfs chunk');
    if (this.#chunks.length >= maxChunks) throw new WalkStopped('limit', 'too many chunks');
    if ((data.readUInt32LE(24) & striped) !== 0) return;
    for (let stripe = 0; stripe < data.readUInt16LE(44); stripe += 1) {
      const at = 48 + stripe * 32;
      if (data.readBigUInt64LE(at) !== this.#device) continue;
      this.#chunks.push({ logical: Number(key.offset), lengthBytes: readSize(data, 0), physical: readSize(data, at + 8) });
      return;
    }
  }

  async #readChunkTree(address: number, level: number): Promise<void> {
    const node = await this.#node(address, level);
    for (let index = 0; index < node.readUInt32LE(96); index += 1) {
      if (level > 0) await this.#readChunkTree(readSize(node, headerBytes + index * pointerBytes + 17), level - 1);
      else {
        const { key, data } = itemAt(node, index);
        if (key.type === chunkType) this.#addChunk(key, data);
      }
    }
  }

  /** Bytes at a logical address; must lie in one chunk. */
  async read(address: number, length: number): Promise<Buffer> {
    // Later entries are those of the chunk tree, which is the newer source.
    const chunk = this.#chunks.findLast((item) => address >= item.logical && address + length <= item.logical + item.lengthBytes);
    if (chunk === undefined) throw new WalkStopped('damaged', `logical address ${address}`);
    return this.#volume.read(chunk.physical + (address - chunk.logical), length);
  }

  /** A node that says of itself what is expected: its address and its level. A tree that leads back into itself ends here. */
  async #node(address: number, level: number | null): Promise<Buffer> {
    const node = await this.read(address, this.#nodeBytes);
    const own = node.readUInt8(100);
    if (readSize(node, 48) !== address || own > maxLevel || (level !== null && own !== level)) throw new WalkStopped('damaged', 'btrfs node');
    const count = node.readUInt32LE(96);
    if (headerBytes + count * (own === 0 ? itemBytes : pointerBytes) > node.length) throw new WalkStopped('damaged', 'btrfs node');
    return node;
  }

  /** The item with the greatest key that is not above `key`, or null where all are above. */
  async lastUpTo(tree: number, key: Key): Promise<Item | null> {
    let node = await this.#node(tree, null);
    for (let level = node.readUInt8(100); level > 0; level -= 1) {
      const index = lastIndexUpTo(node, pointerBytes, key);
      if (index < 0) return null;
      node = await this.#node(readSize(node, headerBytes + index * pointerBytes + 17), level - 1);
    }
    const index = lastIndexUpTo(node, itemBytes, key);
    return index < 0 ? null : itemAt(node, index);
  }

  /** The item with exactly this key, or null. */
  async find(tree: number, key: Key): Promise<Item | null> {
    const item = await this.lastUpTo(tree, key);
    return item !== null && compare(item.key, key) === 0 ? item : null;
  }
}

function lastIndexUpTo(node: Buffer, entryBytes: number, key: Key): number {
  let last = -1;
  for (let index = 0; index < node.readUInt32LE(96); index += 1) {
    if (compare(readKey(node, headerBytes + index * entryBytes), key) > 0) break;
    last = index;
  }
  return last;
}

function itemAt(node: Buffer, index: number): Item {
  const at = headerBytes + index * itemBytes;
  const dataAt = headerBytes + node.readUInt32LE(at + 17);
  const size = node.readUInt32LE(at + 21);
  if (dataAt + size > node.length) throw new WalkStopped('damaged', 'btrfs item');
  return { key: readKey(node, at), data: node.subarray(dataAt, dataAt + size) };
}
