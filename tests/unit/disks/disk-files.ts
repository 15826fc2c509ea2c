/** Disks for the engine's tests: small raw files with known contents, the oracle's calls, and folders that go away. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDisk } from '../../../src/main/disks/open-disk.ts';
import type { DiskFile } from '../../../src/main/disks/disk-engine.ts';
import { oracle } from '../../oracles.ts';

export const qemuImg = oracle('qemu-img', 'qemu-utils');
export const qemuIo = oracle('qemu-io', 'qemu-utils');

export const KiB = 1024;
export const MiB = 1024 ** 2;
export const GiB = 1024 ** 3;

/** Runs an oracle's program; its path may be given as it came from `oracle`. */
export function run(program: string | null, ...args: string[]): string {
  if (program === null) throw new Error('this test needs an oracle that is not installed');
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'goldpress-disks-'));

  file(name: string): string {
    return join(this.path, name);
  }

  /** A disk of this folder, with its chain allowed inside it. */
  disk(name: string): DiskFile {
    return { path: this.file(name), policy: { roots: [this.path] } };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Piece {
  at: number;
  bytes: Buffer;
}

/** A sparse raw file of that size with pieces in it. */
export function writeRaw(path: string, sizeBytes: number, pieces: readonly Piece[]): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, sizeBytes);
  for (const piece of pieces) {
    const bytes = piece.bytes.subarray(0, Math.max(0, sizeBytes - piece.at));
    writeSync(fd, bytes, 0, bytes.length, piece.at);
  }
  closeSync(fd);
}

/** Bytes that shrink when compressed: words in random order. */
export function textBytes(length: number): Buffer {
  const words = Array.from({ length: 64 }, () => randomBytes(4).toString('hex'));
  const parts: string[] = [];
  for (let total = 0; total < length; total += 8) parts.push(words[randomBytes(1).readUInt8(0) % 64] ?? '');
  return Buffer.from(parts.join('').slice(0, length), 'latin1');
}

/** A disk's usual mixture: something at both ends, text, random bytes, odd places and lengths, zeros written on purpose. */
export function mixedPieces(sizeBytes: number): Piece[] {
  const at = (share: number): number => Math.floor((sizeBytes * share) / 512) * 512;
  return [
    { at: 0, bytes: textBytes(Math.min(70_000, sizeBytes)) },
    { at: at(0.2), bytes: randomBytes(200_000) },
    { at: at(0.4) + 100, bytes: textBytes(300_001) },
    { at: at(0.6), bytes: Buffer.alloc(100_000) },
    { at: at(0.7), bytes: randomBytes(513) },
    { at: Math.max(0, sizeBytes - 512), bytes: randomBytes(512) },
  ];
}

/** All guest bytes of a small disk. */
export async function readWhole(file: DiskFile): Promise<Buffer> {
  const { reader } = await openDisk(file);
  try {
    return await reader.read(0, reader.virtualBytes);
  } finally {
    await reader.close();
  }
}
