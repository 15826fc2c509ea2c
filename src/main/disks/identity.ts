/**
 * Identity of a disk's guest bytes, the same whatever file format holds them. FROZEN: versions, checkpoints, comparison and later
 * distribution read it; another layout needs another algorithm tag.
 *
 * 1. The guest bytes are cut into blocks of 2 MiB; the last one is padded with zeros to 2 MiB.
 * 2. Each block becomes a digest: `gp1-xxh128`: XXH128 (XXH3, seed 0) in its canonical, big-endian form, 16 bytes; `gp1-sha256`:
 *    SHA-256, 32 bytes. A block of zeros only is not hashed: its digest is all zero bytes, of the same length.
 * 3. The digests in the order of the blocks, without anything between them, are hashed by the same function. That is the identity,
 *    in lower-case hexadecimal. The virtual size in bytes stands beside it: equal means that both are equal.
 *
 * A disk of no block cannot be (an empty disk is refused).
 */
import { createHash, hash } from 'node:crypto';
import xxhash from 'hash-wasm/dist/xxhash128.umd.min.js';
import type { DiskIdentity } from '../../shared/model/disk.ts';

export type IdentityLevel = DiskIdentity['level'];

export const identityAlgorithms = { fast: 'gp1-xxh128', content: 'gp1-sha256' } as const;
export const digestBytes = { fast: 16, content: 32 } as const;

/** The list is hashed in pieces of this size. */
const pieceBytes = 4 * 1024 ** 2;

/** Hashes one block of exactly 2 MiB that is not all zero. */
export interface BlockHasher {
  readonly level: IdentityLevel;
  digest(block: Buffer): Uint8Array;
}

export async function createBlockHasher(level: IdentityLevel): Promise<BlockHasher> {
  if (level === 'content') return { level, digest: (block) => hash('sha256', block, 'buffer') };
  const xxh = await xxhash.createXXHash128();
  return { level, digest: (block) => xxh.init().update(block).digest('binary') };
}

/** The identity over the digests of all blocks, in order. */
export async function identityOf(level: IdentityLevel, virtualBytes: number, digests: Uint8Array): Promise<DiskIdentity> {
  const digest = level === 'fast' ? hashList((await xxhash.createXXHash128()).init(), digests) : hashList(createHash('sha256'), digests);
  return { level, algorithm: identityAlgorithms[level], virtualBytes, digest };
}

function hashList(hasher: { update(bytes: Buffer): unknown; digest(form: 'hex'): string }, digests: Uint8Array): string {
  // Copied piece by piece: the digests lie in shared memory, which hash functions do not take.
  for (let at = 0; at < digests.length; at += pieceBytes) hasher.update(Buffer.from(digests.subarray(at, at + pieceBytes)));
  return hasher.digest('hex');
}

/** Whether two identities of one level say the same disk. */
export function isSameIdentity(a: DiskIdentity, b: DiskIdentity): boolean {
  return a.algorithm === b.algorithm && a.virtualBytes === b.virtualBytes && a.digest === b.digest;
}
