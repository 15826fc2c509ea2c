/**
 * Whether a file of some size can be stored in a pool: its free space, and the largest file that its file system takes.
 * A sparse disk makes both a range: at least the data it holds now, at most its whole virtual size and the format's tables.
 */
import { say } from '../model/message.ts';
import type { Finding } from '../model/finding.ts';
import type { ImagePool } from '../model/image-pool.ts';

/** FAT32 stores the length of a file in 32 bits. */
export const fat32MaxFileBytes = 4 * 1024 ** 3 - 1;

/** How large the file may become, in bytes. */
export interface SizeRange {
  /** What is certainly needed. */
  atLeastBytes: number;
  /** What the engine may use and never more. */
  atMostBytes: number;
}

export type PoolFacts = Pick<ImagePool, 'name' | 'isWritable' | 'freeBytes' | 'maxFileBytes' | 'problem' | 'fileSystem'>;

/** Room for the tables of a target format over `virtualBytes` of data: block maps, reference counts, headers. */
export function formatOverheadBytes(virtualBytes: number): number {
  return Math.ceil(virtualBytes / 256) + 4 * 1024 ** 2;
}

export function judgePoolLimits(pool: PoolFacts, size: SizeRange): Finding[] {
  const source = say('PUBLISH_SOURCE_POOL', { pool: pool.name });
  if (pool.problem !== null) return [{ id: 'pool', severity: 'blocking', reason: pool.problem, source, fix: null }];
  if (!pool.isWritable) {
    return [{ id: 'pool', severity: 'blocking', reason: say('POOL_NOT_WRITABLE', { pool: pool.name }), source, fix: { kind: 'written-step', label: say('POOL_FIX_WRITABLE') } }];
  }
  const findings: Finding[] = [];
  if (pool.freeBytes === null) {
    findings.push({ id: 'pool-space', severity: 'unknown', reason: say('POOL_SPACE_UNKNOWN', { pool: pool.name, neededBytes: size.atMostBytes }), source, fix: null });
  } else if (pool.freeBytes < size.atLeastBytes) {
    findings.push({ id: 'pool-space', severity: 'blocking', reason: say('POOL_SPACE_SHORT', { pool: pool.name, neededBytes: size.atLeastBytes, freeBytes: pool.freeBytes }), source, fix: { kind: 'written-step', label: say('POOL_FIX_SPACE') } });
  } else if (pool.freeBytes < size.atMostBytes) {
    findings.push({ id: 'pool-space', severity: 'warning', reason: say('POOL_SPACE_TIGHT', { pool: pool.name, neededBytes: size.atLeastBytes, mostBytes: size.atMostBytes, freeBytes: pool.freeBytes }), source, fix: { kind: 'written-step', label: say('POOL_FIX_SPACE') } });
  }
  if (pool.maxFileBytes !== null) {
    const params = { pool: pool.name, maxBytes: pool.maxFileBytes, neededBytes: size.atLeastBytes, mostBytes: size.atMostBytes };
    if (pool.maxFileBytes < size.atLeastBytes) {
      findings.push({ id: 'pool-file-size', severity: 'blocking', reason: say('POOL_FILE_TOO_LARGE', params), source, fix: { kind: 'written-step', label: say('POOL_FIX_FILE_SYSTEM') } });
    } else if (pool.maxFileBytes < size.atMostBytes) {
      findings.push({ id: 'pool-file-size', severity: 'warning', reason: say('POOL_FILE_TIGHT', params), source, fix: { kind: 'written-step', label: say('POOL_FIX_FILE_SYSTEM') } });
    }
  }
  return findings;
}
