/**
 * Small file systems kept as data: only the 4 KiB blocks that are not zero, all of them in one compressed stream (so that
 * what the file systems have in common is stored once). Made by `scripts/make-file-systems.ts`; read here and by the tests.
 */
import { brotliDecompressSync } from 'node:zlib';

/** Bytes at a place; what no piece covers is zero. */
export interface Piece {
  offset: number;
  bytes: Buffer;
}

/** The content of a volume or a disk, with its holes left out. */
export interface SparseContent {
  lengthBytes: number;
  pieces: Piece[];
}

/** The stored shape. `runs` are pairs of offset and length, in the order in which their bytes lie in the stream. */
export interface StoredPack {
  fileSystems: Record<string, { lengthBytes: number; runs: number[][] }>;
  /** Base64 of a Brotli stream. */
  data: string;
}

/** Unpacks every file system of a pack, by name. */
export function unpackFileSystems(pack: StoredPack): Map<string, SparseContent> {
  const stream = brotliDecompressSync(Buffer.from(pack.data, 'base64'));
  const contents = new Map<string, SparseContent>();
  let at = 0;
  for (const [name, { lengthBytes, runs }] of Object.entries(pack.fileSystems)) {
    const pieces: Piece[] = [];
    for (const [offset = 0, length = 0] of runs) {
      pieces.push({ offset, bytes: stream.subarray(at, at + length) });
      at += length;
    }
    contents.set(name, { lengthBytes, pieces });
  }
  return contents;
}
