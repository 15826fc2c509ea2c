/** The disk reader as the engine itself uses it: it also fills buffers that are reused, and knows its chain. */
import { CodedError } from '../../shared/model/coded-error.ts';
import type { DiskReader, Extent } from './disk-reader.ts';
import type { TableBudget } from './table-budget.ts';

export interface BlockReader extends DiskReader {
  /** As `read`, into a buffer of the caller's. Zero parts are filled with zeros. */
  readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void>;
  /** The disk below this layer, where it has one. */
  readonly backing?: BlockReader | null;
  /** Refuses tables that overlap or share what they may not, or point outside; looks at this layer's tables only, never at data. */
  requireSound?(signal?: AbortSignal, budget?: TableBudget): Promise<void>;
}

/** Refuses a range outside the disk: a mistake of the caller's, never of the file's. */
export function requireInsideDisk(reader: DiskReader, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > reader.virtualBytes) {
    throw new RangeError(`Guest range ${offset}+${length} lies outside the disk of ${reader.virtualBytes} bytes`);
  }
}

/** Refuses sizes beyond what the engine's tables are made for. */
export function requireBoundedSize(path: string, virtualBytes: number): void {
  if (virtualBytes > maxVirtualBytes) throw new CodedError('DISK_TOO_LARGE', { path, sizeBytes: virtualBytes });
}

/** 64 TiB: 32 Mi blocks of 2 MiB, whose hashes still fit into memory. No platform's desktop disk comes near it. */
export const maxVirtualBytes = 64 * 1024 ** 4;

/** Collects extents, merging neighbours of one kind that continue each other. */
export class ExtentList {
  readonly extents: Extent[] = [];

  add(extent: Extent): void {
    if (extent.length === 0) return;
    const last = this.extents.at(-1);
    if (last !== undefined && last.kind === extent.kind && continues(last, extent)) last.length += extent.length;
    else this.extents.push({ ...extent });
  }
}

function continues(last: Extent, next: Extent): boolean {
  if (next.kind === 'zero') return true;
  if (last.layer !== next.layer) return false;
  if (next.kind === 'compressed') return true;
  return last.sourceOffset !== null && next.sourceOffset === last.sourceOffset + last.length;
}
