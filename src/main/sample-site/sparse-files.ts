/**
 * Puts sparse content into files. The disk engine reads a raw file in full (holes cannot be asked for), so a disk of 64 GiB
 * that holds a few megabytes is handed to it as a dynamic VHD, whose table says where nothing is.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { Piece, SparseContent } from './file-system-pack.ts';

const blockBytes = 2 * 1024 ** 2;
const bitmapBytes = 512;
const tableOffset = 1536;

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

/** Writes a raw disk file whose holes take up no space. The file must not exist. */
export async function writeRaw(path: string, content: SparseContent): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.truncate(content.lengthBytes);
    for (const piece of content.pieces) await writeAll(file, piece.bytes, piece.offset);
    await file.sync();
  } finally {
    await file.close();
  }
}

function withChecksum(bytes: Buffer, at: number): Buffer {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.writeUInt32BE(~sum >>> 0, at);
  return bytes;
}

function footer(lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write('conectix', 0, 'latin1');
  bytes.writeUInt32BE(2, 8);
  bytes.writeUInt32BE(0x00010000, 12);
  bytes.writeBigUInt64BE(512n, 16);
  // The creator whose size is read as it stands by every reader.
  bytes.write('win ', 28, 'latin1');
  bytes.writeUInt32BE(0x000a0000, 32);
  bytes.write('Wi2k', 36, 'latin1');
  bytes.writeBigUInt64BE(BigInt(lengthBytes), 40);
  bytes.writeBigUInt64BE(BigInt(lengthBytes), 48);
  bytes.set([0xff, 0xff, 16, 255], 56);
  bytes.writeUInt32BE(3, 60);
  Buffer.from('3f2a8d1c6b5e4f70a1b2c3d4e5f60718', 'hex').copy(bytes, 68);
  return withChecksum(bytes, 64);
}

function dynamicHeader(blocks: number): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write('cxsparse', 0, 'latin1');
  bytes.fill(0xff, 8, 16);
  bytes.writeBigUInt64BE(BigInt(tableOffset), 16);
  bytes.writeUInt32BE(0x00010000, 24);
  bytes.writeUInt32BE(blocks, 28);
  bytes.writeUInt32BE(blockBytes, 32);
  return withChecksum(bytes, 36);
}

/** Cuts pieces at the borders of blocks. */
function* byBlock(pieces: readonly Piece[]): Generator<{ block: number; inBlock: number; bytes: Buffer }> {
  for (const { offset, bytes } of pieces) {
    for (let done = 0; done < bytes.length; ) {
      const inBlock = (offset + done) % blockBytes;
      const part = bytes.subarray(done, done + Math.min(bytes.length - done, blockBytes - inBlock));
      yield { block: Math.floor((offset + done) / blockBytes), inBlock, bytes: part };
      done += part.length;
    }
  }
}

/** Writes a dynamic VHD for the engine to read once; not synced, because it is thrown away. The file must not exist. */
export async function writeScratchVhd(path: string, content: SparseContent): Promise<void> {
  const blocks = Math.ceil(content.lengthBytes / blockBytes);
  const table = Buffer.alloc(Math.ceil((blocks * 4) / 512) * 512, 0xff);
  const end = footer(content.lengthBytes);
  const file = await open(path, 'wx', 0o644);
  try {
    let next = tableOffset + table.length;
    for (const { block, inBlock, bytes } of byBlock(content.pieces)) {
      let start = table.readUInt32BE(block * 4) * 512;
      if (start === 0xffffffff * 512) {
        start = next;
        table.writeUInt32BE(start / 512, block * 4);
        await writeAll(file, Buffer.alloc(bitmapBytes, 0xff), start);
        next = start + bitmapBytes + blockBytes;
      }
      await writeAll(file, bytes, start + bitmapBytes + inBlock);
    }
    await writeAll(file, Buffer.concat([end, dynamicHeader(blocks), table]), 0);
    await writeAll(file, end, next);
  } finally {
    await file.close();
  }
}
