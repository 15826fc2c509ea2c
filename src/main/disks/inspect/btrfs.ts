/** Reads files and folders of btrfs, across its subvolumes. LZO-packed files stop the walk. */
import { constants, inflateSync, zstdDecompressSync } from 'node:zlib';
import { zstdFrameBytes } from '../qcow2/compressed.ts';
import { BtrfsTrees, readKey, type Key } from './btrfs-tree.ts';
import { readSize, WalkStopped, type Volume, type VolumeNode } from './volume.ts';

const types = { inode: 1, folderEntry: 84, extent: 108, root: 132 } as const;
const packings = { zlib: 1, zstd: 3 } as const;
const mainTree = 5n;
const firstInode = 256n;
/** An extent that is packed unfolds to at most this much. */
const maxPackedBytes = 128 * 1024;
/** Where distributions put the root of the system below the top: Ubuntu and openSUSE, Fedora, Debian. */
const rootNames = ['@', 'root', '@rootfs'];

/** The name's place in a folder: CRC-32C from an odd start and without the final inversion. */
export function folderHash(name: Buffer): bigint {
  let crc = 0xfffffffe;
  for (const byte of name) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78;
  }
  return BigInt(crc >>> 0);
}

export class BtrfsVolume {
  readonly #trees: BtrfsTrees;

  private constructor(trees: BtrfsTrees) {
    this.#trees = trees;
  }

  /** @throws WalkStopped where it is no btrfs, or one over several devices */
  static async open(volume: Volume): Promise<BtrfsVolume> {
    return new BtrfsVolume(await BtrfsTrees.open(volume));
  }

  /** The folders that may be the system's root: the default subvolume, the top, and the usual subvolumes below it. */
  async roots(): Promise<VolumeNode[]> {
    const roots: VolumeNode[] = [];
    const chosen = await this.#entry(this.#trees.rootTree, this.#trees.rootFolder, Buffer.from('default'));
    if (chosen !== null && chosen.object !== mainTree) roots.push(await this.#subvolume(chosen.object));
    const top = await this.#subvolume(mainTree);
    roots.push(top);
    for (const name of rootNames) {
      const node = await top.child(name);
      if (node !== null) roots.push(node);
    }
    return roots;
  }

  async #subvolume(id: bigint): Promise<VolumeNode> {
    const item = await this.#trees.lastUpTo(this.#trees.rootTree, { object: id, type: types.root, offset: 2n ** 64n - 1n });
    if (item === null || item.key.object !== id || item.key.type !== types.root) throw new WalkStopped('damaged', `subvolume ${id}`);
    return this.#node(readSize(item.data, 176), firstInode);
  }

  /** Where a folder's entry leads: an inode of the same tree, or a subvolume. */
  async #entry(tree: number, folder: bigint, name: Buffer): Promise<Key | null> {
    const item = await this.#trees.find(tree, { object: folder, type: types.folderEntry, offset: folderHash(name) });
    if (item === null) return null;
    // Names with the same hash share one item.
    for (let at = 0; at + 30 <= item.data.length; ) {
      const length = item.data.readUInt16LE(at + 27);
      if (item.data.subarray(at + 30, at + 30 + length).equals(name)) return readKey(item.data, at);
      at += 30 + length + item.data.readUInt16LE(at + 25);
    }
    return null;
  }

  async #node(tree: number, inode: bigint): Promise<VolumeNode> {
    const item = await this.#trees.find(tree, { object: inode, type: types.inode, offset: 0n });
    if (item === null) throw new WalkStopped('damaged', `inode ${inode}`);
    const lengthBytes = readSize(item.data, 16);
    const kinds: Readonly<Record<number, VolumeNode['kind']>> = { 0x8000: 'file', 0x4000: 'directory', 0xa000: 'link' };
    const kind = kinds[item.data.readUInt32LE(52) & 0xf000] ?? 'other';
    return {
      kind,
      lengthBytes,
      read: async (offset, length) => {
        if (offset < 0 || length < 0 || offset + length > lengthBytes) throw new WalkStopped('damaged', 'read past the end of a file');
        return this.#read(tree, inode, offset, length);
      },
      child: async (name) => {
        const location = kind === 'directory' ? await this.#entry(tree, inode, Buffer.from(name)) : null;
        if (location === null) return null;
        return location.type === types.root ? this.#subvolume(location.object) : this.#node(tree, location.object);
      },
    };
  }

  async #read(tree: number, inode: bigint, offset: number, length: number): Promise<Buffer> {
    if (length > 16 * 1024 ** 2) throw new WalkStopped('limit', 'one read is too long');
    const result = Buffer.alloc(length);
    for (let position = offset; position < offset + length; ) {
      const item = await this.#trees.lastUpTo(tree, { object: inode, type: types.extent, offset: BigInt(position) });
      // Without an item the rest is a hole.
      if (item === null || item.key.object !== inode || item.key.type !== types.extent) break;
      const start = Number(item.key.offset);
      const { bytes, coversBytes } = await this.#extent(item.data, position - start, offset + length - position);
      bytes.copy(result, position - offset);
      const end = start + coversBytes;
      if (end <= position) break;
      position = end;
    }
    return result;
  }

  /** Up to `length` bytes of one extent from `skip` on, and how many bytes of the file it covers in all. */
  async #extent(data: Buffer, skip: number, length: number): Promise<{ bytes: Buffer; coversBytes: number }> {
    const unpackedBytes = readSize(data, 8);
    const packing = data.readUInt8(16);
    const kind = data.readUInt8(20);
    if (kind === 0) {
      const bytes = this.#unpack(data.subarray(21), packing, unpackedBytes);
      return { bytes: bytes.subarray(skip, skip + length), coversBytes: unpackedBytes };
    }
    const address = readSize(data, 21);
    const coversBytes = readSize(data, 45);
    const wanted = Math.max(0, Math.min(length, coversBytes - skip));
    if (address === 0 || kind === 2) return { bytes: Buffer.alloc(0), coversBytes };
    const from = readSize(data, 37) + skip;
    if (packing === 0) return { bytes: await this.#trees.read(address + from, wanted), coversBytes };
    const packedBytes = readSize(data, 29);
    if (packedBytes > maxPackedBytes) throw new WalkStopped('damaged', 'packed extent');
    return { bytes: this.#unpack(await this.#trees.read(address, packedBytes), packing, unpackedBytes).subarray(from, from + wanted), coversBytes };
  }

  #unpack(bytes: Buffer, packing: number, unpackedBytes: number): Buffer {
    if (packing === 0) return bytes;
    if (packing !== packings.zlib && packing !== packings.zstd) throw new WalkStopped('unsupported', `packing ${packing}`);
    if (unpackedBytes > maxPackedBytes) throw new WalkStopped('damaged', 'packed extent');
    try {
      if (packing === packings.zlib) return inflateSync(bytes, { maxOutputLength: maxPackedBytes });
      return zstdDecompressSync(bytes.subarray(0, zstdFrameBytes(bytes)), { maxOutputLength: maxPackedBytes, params: { [constants.ZSTD_d_windowLogMax]: 17 } });
    } catch (error) {
      throw new WalkStopped('damaged', error instanceof Error ? error.message : 'packed extent');
    }
  }
}
